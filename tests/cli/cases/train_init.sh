# Weights of another model are taken where layers fit; frozen layers stay.
skincnn-data generate --count 84 --size 32 --seed 5 --out made >/dev/null
skincnn-data map --to malignancy --out made/two.csv made/manifest.csv >/dev/null
skincnn-model create --architecture seed --size 32 --width-factor 0.25 --task malignancy \
    --labels benign,malignant start.safetensors >/dev/null
skincnn-model create --architecture mobilenetv2 --size 32 --width-factor 0.25 --task malignancy \
    --labels benign,malignant other.safetensors >/dev/null
train() {
    try skincnn-train -a seed -s 32 -w 0.25 -e 1 -b 8 -t 1 --resamples 0 --mistakes 0 "$@"
}
train -d made/manifest.csv -o seven --init start.safetensors --freeze conv,dense --quiet
train -d made/manifest.csv -o none --init other.safetensors --quiet
train -d made/two.csv -T malignancy -o dry --init start.safetensors --dry-run | sed -E 's/[0-9.]+ [kM]B/N MB/'
