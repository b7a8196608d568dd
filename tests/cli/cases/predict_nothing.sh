models
mkdir empty
: >empty.jpg
try skincnn-predict -m malignancy.safetensors empty
try skincnn-predict -m malignancy.safetensors empty.jpg
try skincnn-predict --csv -m malignancy.safetensors missing.jpg
