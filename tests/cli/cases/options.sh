# Every way to write an option; skincnn-crop --dry-run answers with the box only.
pictures 1
cd pictures
try skincnn-crop --box 1,2,3,4 --dry-run 1.jpg
try skincnn-crop --box=1,2,3,4 --dry-run 1.jpg
try skincnn-crop -b 1,2,3,4 -n 1.jpg
try skincnn-crop -nb1,2,3,4 1.jpg
try skincnn-crop 1.jpg -n --centre
try skincnn-crop -njc -- 1.jpg
try skincnn-crop -njc --no-json 1.jpg
cp 1.jpg ./--help.jpg
try skincnn-crop -nc -- --help.jpg
