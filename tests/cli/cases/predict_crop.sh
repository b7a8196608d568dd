models
pictures 1
for crop in 0,0,64,64 10,20,30,40 centre auto; do
    skincnn-predict --json -m malignancy.safetensors --crop $crop pictures/1.jpg | mask
done
# The whole picture is a square, so these three mean the same.
for crop in "" "--crop centre" "--crop 0,0,64,64"; do
    skincnn-predict --json -m malignancy.safetensors $crop pictures/1.jpg
done | uniq | wc -l
try skincnn-predict -m malignancy.safetensors --crop 10,20,64,64 pictures/1.jpg
try skincnn-predict -m malignancy.safetensors --crop 1,2,3 pictures/1.jpg
try skincnn-predict -m malignancy.safetensors --crop 1,2,3,0 pictures/1.jpg
