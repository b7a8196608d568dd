# A lesion on both sides of a split is a leak: exit status 1, with the group's name.
cat >m.csv <<'END'
path,label,group,split
1.jpg,nv,L1,train
2.jpg,nv,L1,test
3.jpg,nv,L1,test
4.jpg,nv,L2,train
5.jpg,nv,L2,
6.jpg,nv,L3,
7.jpg,nv,L3,val
8.jpg,nv,L3,test
9.jpg,nv,,train
END
try skincnn-data check m.csv
try skincnn-data check --json m.csv
try skincnn-data filter --without-leaks m.csv --out clean.csv
cat clean.csv
try skincnn-data check clean.csv
