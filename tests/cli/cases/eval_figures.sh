skincnn-data generate --count 42 --size 64 --seed 7 --out made >/dev/null
skincnn-data map --to malignancy --out made/two.csv made/manifest.csv >/dev/null
models
digits() {
    sed -E -e 's/[0-9a-f]{64}/HASH/g' -e 's/[0-9]+(\.[0-9]+)?(e-[0-9]+)?/N/g' -e 's/ +$//' -e 's/ +/ /g'
}
skincnn-eval --model diagnosis.safetensors --manifest made/manifest.csv --split all --out out | digits
skincnn-eval --model malignancy.safetensors --manifest made/two.csv --split all --json | digits
# The same pictures, counted: labels mapped here or before, and with the probabilities summed.
for manifest in made/manifest.csv made/two.csv; do
    skincnn-eval -m diagnosis.safetensors -d $manifest -s all --map malignancy --json --resamples 20 |
        sed -E 's/"manifest":"[^"]*"//' >"$(basename $manifest).json"
done
cmp manifest.csv.json two.csv.json
# What is kept gives the same figures, and is kept.
for round in 1 2; do
    skincnn-eval -m diagnosis.safetensors -d made/manifest.csv -s all --cache c --json >$round.json
done
cmp 1.json 2.json
ls c out
# At threshold 0 all is called malignant.
skincnn-eval -m malignancy.safetensors -d made/two.csv -s all --threshold 0 --resamples 0 --json |
    grep -oE '"(sensitivity|specificity)":\{"value":[0-9.]+' | head -n 2
# The likeliest label, when the weights of the model are not asked for.
skincnn-eval -m malignancy.safetensors -d made/two.csv -s all --threshold 0 --decision argmax --json >argmax.json
skincnn-eval -m malignancy.safetensors -d made/two.csv -s all --threshold 0.5 --json >half.json
for file in argmax half; do grep -o '"confusion":[^"]*' $file.json; done | uniq | wc -l
