# A run leaves its files; the same command gives the same weights, bit for bit.
skincnn-data generate --count 56 --size 48 --seed 5 --out made >/dev/null
train() {
    skincnn-train -d made/manifest.csv -a seed -s 32 -w 0.25 -e 2 -b 8 -t 1 --resamples 20 --mistakes 4 \
        --validation-percent 25 "$@"
}
train -o one --quiet
ls one
head -n 1 one/results.csv
grep -c . one/results.csv
train -o two --json | sed -E 's/:-?[0-9][0-9.e-]*/:N/g'
cmp one/best.safetensors two/best.safetensors
skincnn-model verify one/model.safetensors | mask
