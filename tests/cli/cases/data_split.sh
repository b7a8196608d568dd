# Groups stay whole, the share is kept, a validation part comes out of the training part only, and the
# order of the rows does not matter.
{
    echo path,label,group,split,source
    for i in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20; do
        echo "a$i.jpg,nv,L$((${i#0} / 2)),,made"
        echo "b$i.jpg,mel,,,made"
    done
} >all.csv
try skincnn-data split all.csv --out split.csv
try skincnn-data split --from train --to val --percent 25 --seed skincnn-validation-v1 split.csv --out three.csv
cat three.csv
try skincnn-data stats three.csv
try skincnn-data check three.csv
{ sed 1q all.csv; sed 1d all.csv | sort -r; } >reversed.csv
skincnn-data split reversed.csv --out reversed.csv >/dev/null
sort split.csv >one; sort reversed.csv | cmp - one && echo "the same split"
try skincnn-data split --seed another all.csv --out other.csv
cmp -s split.csv other.csv || echo "another split"
