models
pictures 2
skincnn-predict --json --model malignancy.safetensors --model diagnosis.safetensors pictures | mask
