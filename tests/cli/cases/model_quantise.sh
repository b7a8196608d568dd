models
skincnn-data generate --count 21 --size 64 --seed 7 --out made >/dev/null
skincnn-model quantise --manifest made/manifest.csv --split all diagnosis.safetensors small.safetensors |
    sed -E 's/^[0-9]+ of/N of/' | mask
skincnn-model quantise -d made/manifest.csv -s all -n 5 --json diagnosis.safetensors five.safetensors |
    sed -E 's/"(agreeing|bytes|bytes_before)":[0-9]+/"\1":N/g' | mask
skincnn-model verify small.safetensors | mask
skincnn-model inspect small.safetensors | grep Parameters
# Small, and used as any other.
[ $(($(wc -c <small.safetensors) * 2)) -lt "$(wc -c <diagnosis.safetensors)" ]
skincnn-predict -m small.safetensors --json made | wc -l
skincnn-eval -m small.safetensors -d made/manifest.csv -s all --json --resamples 0 >figures.json
# Its weights stay as they are; a copy is the same file.
skincnn-model export small.safetensors copy.safetensors
cmp small.safetensors copy.safetensors
try skincnn-model export --format f16 small.safetensors half.safetensors
try skincnn-model quantise -d made/manifest.csv -s all small.safetensors again.safetensors
try skincnn-model quantise -d made/manifest.csv -s all diagnosis.safetensors small.safetensors
try skincnn-model quantise -d made/manifest.csv -s val diagnosis.safetensors other.safetensors
try skincnn-model quantise -d missing.csv diagnosis.safetensors other.safetensors
try skincnn-model quantise diagnosis.safetensors other.safetensors
printf 'path,label,group,split,source\nmissing.jpg,nv,,train,\n' >lost.csv
try skincnn-model quantise -d lost.csv diagnosis.safetensors other.safetensors
ls
