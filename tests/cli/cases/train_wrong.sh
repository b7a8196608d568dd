# What cannot be trained is refused with a reason.
skincnn-data generate --count 84 --size 32 --seed 5 --out made >/dev/null
train() {
    try skincnn-train -a seed -s 32 -w 0.1 -e 1 -b 8 -t 1 --resamples 0 --quiet "$@"
}
try skincnn-train
train -d missing.csv -o run
train -d made/manifest.csv -o run --architecture nothing
train -d made/manifest.csv -o run --size 16
train -d made/manifest.csv -o run --rate 0
train -d made/manifest.csv -o run --freeze conv9
train -d made/manifest.csv -o run --class-weights mel=0
train -d made/manifest.csv -o run --labels mel,nv
train -d made/manifest.csv -o run --task malignancy
train -d made/manifest.csv -o /proc/run
train -d made/manifest.csv -o run --views 3
try skincnn-train --resume nowhere
sed 's/^path,label/path,diagnosis/' made/manifest.csv >made/column.csv
train -d made/column.csv -o run
sed 's/,train,/,test,/;n' made/manifest.csv | sed '2,$s/,[^,]*,\(train\|test\|\),/,L1,\1,/' >made/leak.csv
train -d made/leak.csv -o run
