# map, merge, filter and stats; relative paths follow the manifest to its new folder.
mkdir a b
printf 'path,label,group,split,source\n1.jpg,mel,L1,train,ham\nx.tar!2.jpg,nv,L1,train,ham\n3.jpg,scc,,test,\n/abs/4.jpg,wart,,,ham\n' >a/m.csv
printf 'path,label,group,split\n1.jpg,benign,P1,val\n2.jpg,malignant,,train\n' >b/m.csv
try skincnn-data map --to malignancy a/m.csv --out a/mapped.csv
cat a/mapped.csv
try skincnn-data map --label mel=nv --label wart=bkl --split test=val --split none=train --source s a/m.csv --out a/renamed.csv
cat a/renamed.csv
try skincnn-data merge a/mapped.csv b/m.csv --out all.csv
cat all.csv
try skincnn-data merge all.csv b/m.csv --out twice.csv
try skincnn-data merge a/mapped.csv b/m.csv --source one --out b/all.csv
sed "s|$PWD|TMP|" b/all.csv
try skincnn-data filter --split train,val --label benign all.csv --out some.csv
cat some.csv
try skincnn-data filter --source none all.csv --out some.csv
cat some.csv
try skincnn-data stats all.csv
try skincnn-data stats --json all.csv
printf 'name,label\n1.jpg,nv\n' >wrong.csv
try skincnn-data stats wrong.csv
