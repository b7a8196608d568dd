# Each is reported; the good one among them is answered.
models
pictures 1
: >empty.jpg
echo 'no picture' >text.jpg
head -c 700 pictures/1.jpg >truncated.jpg
mkdir folder.jpg
try skincnn-predict --json -m malignancy.safetensors \
    empty.jpg text.jpg truncated.jpg missing.jpg folder.jpg pictures/1.jpg >answers
mask <answers
