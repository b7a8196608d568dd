models
pictures 1
try skincnn-predict -m malignancy.safetensors --max-pixels 4095 pictures/1.jpg
try skincnn-predict -m malignancy.safetensors --max-bytes 10 pictures/1.jpg
skincnn-predict -m malignancy.safetensors --max-pixels 4096 pictures/1.jpg >/dev/null
