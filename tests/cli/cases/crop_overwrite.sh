pictures 1
cp pictures/1.jpg there.jpg
try skincnn-crop --centre pictures/1.jpg there.jpg
try skincnn-crop --centre pictures/1.jpg pictures/1.jpg
cmp pictures/1.jpg there.jpg
try skincnn-crop --box 0,0,9,9 --force pictures/1.jpg there.jpg
try skincnn-crop --centre -n there.jpg
# Nothing is written when two outputs would be one file.
mkdir other
cp pictures/1.jpg other
try skincnn-crop --centre --out out pictures other
ls
