# The same seed gives the same files with any number of threads; another seed does not.
try skincnn-data generate --count 20 --size 24 --out a --threads 1
try skincnn-data generate --count 20 --size 24 --out b --threads 3
try skincnn-data generate --count 20 --size 24 --out c --seed 2
diff -r a b && echo the same
cmp -s a/mel/mel_0001.jpg c/mel/mel_0001.jpg || echo another
cat a/manifest.csv
try skincnn-data generate --count 6 --size 16 --labels malignancy --format png --out d
find d -type f | sort
try skincnn-data check --pictures a/manifest.csv
: >file
try skincnn-data generate --count 3 --size 16 --out file/made
