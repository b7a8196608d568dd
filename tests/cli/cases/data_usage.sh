# Wrong use is exit status 2, with a sentence and a pointer to --help.
try skincnn-data
try skincnn-data paint
try skincnn-data generate
try skincnn-data generate --size 15 --out made
try skincnn-data generate --count 0 --out made
try skincnn-data generate --labels colour --out made
try skincnn-data ingest --out all.csv
try skincnn-data ingest --format cifar . --out all.csv
try skincnn-data ingest .
printf 'path,label\na.jpg,nv\n' >one.csv
try skincnn-data map --to diagnosis one.csv --out two.csv
try skincnn-data map --label nv one.csv --out two.csv
try skincnn-data map --to malignancy one.csv
try skincnn-data split --percent 100 one.csv --out two.csv
try skincnn-data split --to everything one.csv --out two.csv
try skincnn-data merge one.csv
try skincnn-data merge one.csv missing.csv --out two.csv
try skincnn-data filter --label mel one.csv --out two.csv
try skincnn-data stats
try skincnn-data stats missing.csv
try skincnn-data duplicates --threshold 2 one.csv
try skincnn-data map one.csv --out no/such/folder/two.csv
ls
