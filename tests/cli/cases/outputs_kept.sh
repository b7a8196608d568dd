# What is no file of the kind is never replaced: manifests by caches, links, folders in use, old pictures.
skincnn-data generate --count 84 --size 32 --seed 5 --out made >/dev/null
models
cp made/manifest.csv kept.csv
try skincnn-eval -m diagnosis.safetensors -d made/manifest.csv --cache kept.csv
cmp made/manifest.csv kept.csv
try skincnn-data generate --count 2 --out made
mkfifo pipe
try skincnn-data map --to malignancy made/manifest.csv -o pipe
ln -s nowhere.csv dangling
try skincnn-data map --to malignancy made/manifest.csv -o dangling
ln -s kept.csv link
skincnn-data map --to malignancy made/manifest.csv -o link >/dev/null
test -L link && grep -c malignant kept.csv
ln -s . made/self
try skincnn-data ingest made -o ingested.csv
