models
skincnn-data generate --count 42 --size 64 --seed 7 --out made >/dev/null
shares() { sed -E 's/[0-9]+\.[0-9]+/N/g; s/ +/ /g'; }
skincnn-model calibrate -d made/manifest.csv -s all diagnosis.safetensors points.safetensors | shares
skincnn-model inspect points.safetensors | sed -n '/^Malignant/p; /^operating/,/^$/p' | shares
skincnn-model verify points.safetensors | mask
# A model whose malignant labels are known says so of every picture; without points there is no decision.
pictures 1
skincnn-predict --json -m diagnosis.safetensors pictures | grep -o '"malignant":{.*},"model"' | mask
skincnn-predict --json -m points.safetensors pictures | grep -o '"malignant":{.*},"model"' | mask
# Measured again on the same pictures: the same shares.
skincnn-model inspect --json points.safetensors | grep -oE '"(sensitivity|specificity)":[0-9.]+' | cut -d: -f2 >stored
skincnn-eval -m points.safetensors -d made/manifest.csv -s all --resamples 0 --json |
    grep -o '"operating_points".*' | grep -oE '"value":[0-9.]+' | cut -d: -f2 >measured
wc -l <stored
paste stored measured | awk '{ if ($1 - $2 > 1e-6 || $2 - $1 > 1e-6) print "differ:", $1, $2 }'
skincnn-eval -m points.safetensors -d made/manifest.csv -s all | sed -n '/^operating/,$p' | shares
# Copies and quantised models keep them; the weights stay as they are, in their format.
skincnn-model export points.safetensors copy.safetensors >/dev/null
cmp points.safetensors copy.safetensors
skincnn-model quantise -d made/manifest.csv -s all points.safetensors small.safetensors >/dev/null
skincnn-model inspect small.safetensors | grep -cE '^(sensitivity|youden)'
skincnn-model export -f f16 points.safetensors half.safetensors >/dev/null
skincnn-model calibrate --temperature --sensitivity 0.9 -d made/manifest.csv -s all half.safetensors warm.safetensors |
    shares
[ "$(wc -c <warm.safetensors)" -lt "$(wc -c <points.safetensors)" ]
skincnn-model calibrate --json -d made/manifest.csv -s all --malignant mel diagnosis.safetensors mel.safetensors | mask
# With two labels the decision goes by the default point.
skincnn-data map --to malignancy --out made/two.csv made/manifest.csv >/dev/null
skincnn-model calibrate -d made/two.csv -s all malignancy.safetensors two.safetensors >/dev/null
skincnn-model inspect --json two.safetensors | grep -oE '"threshold":[0-9.]+' | head -n 2 | uniq | wc -l
try skincnn-model calibrate -d made/manifest.csv -s all diagnosis.safetensors points.safetensors
try skincnn-model calibrate -d made/manifest.csv diagnosis.safetensors other.safetensors
try skincnn-model calibrate -d made/two.csv -s all diagnosis.safetensors other.safetensors
try skincnn-model calibrate -d made/manifest.csv -s all --malignant cat diagnosis.safetensors other.safetensors
try skincnn-model calibrate -d missing.csv diagnosis.safetensors other.safetensors
try skincnn-model calibrate diagnosis.safetensors other.safetensors
grep -vE ',(mel|bcc|akiec),' made/manifest.csv >made/benign.csv
try skincnn-model calibrate -d made/benign.csv -s all diagnosis.safetensors other.safetensors
skincnn-model create --architecture seed --size 32 --width-factor 0.125 --labels cat,dog pets.safetensors >/dev/null
try skincnn-model calibrate -d made/manifest.csv pets.safetensors other.safetensors
ls
