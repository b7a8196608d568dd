pictures 1
: >empty.jpg
echo 'no picture' >text.jpg
mkdir folder none
try skincnn-crop --centre empty.jpg out.jpg
try skincnn-crop --centre text.jpg out.jpg
try skincnn-crop --centre missing.jpg out.jpg
try skincnn-crop --box 60,60,9,9 pictures/1.jpg out.jpg
try skincnn-crop --box 60,60,9,9 --json pictures/1.jpg out.jpg
try skincnn-crop --centre --out out none
# Where the output cannot be written:
try skincnn-crop --centre pictures/1.jpg no/such/folder/out.jpg
try skincnn-crop --centre pictures/1.jpg text.jpg/out.jpg
try skincnn-crop --centre --out text.jpg pictures
try skincnn-crop --centre --force pictures/1.jpg folder/../folder/
skincnn-crop --centre pictures/1.jpg out.jpg 2>message >/dev/full || echo "exit $?"
cat message
# A picture of one colour has no lesion.
base64 -d >plain.png <<'END'
iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
END
try skincnn-crop --auto plain.png out.png
