models
pictures 1
skincnn-predict --json -m malignancy.safetensors - <pictures/1.jpg | mask
skincnn-predict --json -m malignancy.safetensors pictures/1.jpg | sed 's/"path":"[^"]*"/"path":"-"/' >file
skincnn-predict --json -m malignancy.safetensors - <pictures/1.jpg | cmp - file
try skincnn-predict -m malignancy.safetensors - </dev/null
try skincnn-predict -m malignancy.safetensors --max-bytes 100 - <pictures/1.jpg
