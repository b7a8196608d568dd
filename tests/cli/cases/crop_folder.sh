pictures 3
mkdir -p in/below
mv pictures/1.jpg in/one.jpg
mv pictures/2.jpg in/below/two.jpg
echo 'no picture' >in/below/three.jpg
try skincnn-crop --centre --json --out a/new/folder in/ pictures/3.jpg
find a -type f | sort
