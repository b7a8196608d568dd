# A dry run leaves nothing; a copied run goes on in its own folder; a part is not its own test.
skincnn-data generate --count 84 --size 32 --seed 5 --out made >/dev/null
train() {
    try skincnn-train -d made/manifest.csv -a seed -s 32 -w 0.1 -e 1 -b 8 -t 1 --resamples 0 --mistakes 0 --quiet "$@"
}
train -o run --dry-run
ls -d run 2>/dev/null || echo 'no folder'
train -o run --test train
train -o run --test val
train -o run
cp -r run copy
rm run/report.html copy/report.html
try skincnn-train --resume copy --epochs 2
skincnn-train --resume copy
ls run/report.html copy/report.html 2>/dev/null
