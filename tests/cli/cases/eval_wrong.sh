skincnn-data generate --count 14 --size 64 --seed 7 --out made >/dev/null
models
eval_on() { try skincnn-eval --model diagnosis.safetensors --resamples 0 --json --manifest "$@" >out; grep -v '^{' out; }
table() { { echo path,label,group,split,source; printf '%s\n' "$@"; } >made/set.csv; }
first=$(sed -n 2p made/manifest.csv | cut -d, -f1)
second=$(sed -n 3p made/manifest.csv | cut -d, -f1)
try skincnn-eval
try skincnn-eval --model diagnosis.safetensors --manifest made/manifest.csv --threshold 2
try skincnn-eval --model missing --manifest made/manifest.csv
eval_on missing.csv
eval_on made/manifest.csv --split nowhere
eval_on made/manifest.csv --split all --out made/manifest.csv/out
table "$first,benign,a,test,"
eval_on made/set.csv
table "$first,other,a,test,"
eval_on made/set.csv --map malignancy
skincnn-model create --architecture seed --size 32 --width-factor 0.125 --task x --labels cat,dog x.safetensors >/dev/null
table "$first,nv,a,test,"
try skincnn-eval --model x.safetensors --manifest made/set.csv --map malignancy
# One picture of two fails; a lesion is on both sides; the rest goes on.
echo 'no picture' >made/text.jpg
table "$first,nv,a,test," "text.jpg,nv,b,test," "$second,nv,a,train,"
eval_on made/set.csv
table "text.jpg,nv,b,test,"
eval_on made/set.csv
