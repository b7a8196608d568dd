# Folders below are entered, names sorted; other files, hidden ones and hidden folders are left out.
models
pictures 3
mkdir -p in/b/c in/.hidden in/empty
cp pictures/1.jpg in/z.jpg
cp pictures/1.jpg in/b/2.JPEG
cp pictures/2.jpg in/b/10.jpg
cp pictures/3.jpg in/b/c/x.JPG
cp pictures/3.jpg in/.hidden/x.jpg
cp pictures/3.jpg in/.y.jpg
cp pictures/3.jpg in/picture.gif
echo text >in/notes.txt
skincnn-predict --json -m malignancy.safetensors in/ in/z.jpg | sed 's/",.*//'
# A folder without pictures is a failed input; a link back up does not go round for ever.
try skincnn-predict --json -m malignancy.safetensors in/empty in/z.jpg | sed 's/",.*//'
ln -s .. in/b/up
try skincnn-predict --json -m malignancy.safetensors in | sed 's/",.*//'
# A link to a folder beside it is a folder like any other.
ln -s pictures beside
skincnn-predict --json -m malignancy.safetensors beside | sed 's/",.*//'
