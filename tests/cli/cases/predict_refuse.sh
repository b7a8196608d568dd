# A picture that is not good enough gets a remark, and with --refuse no answer but the reason.
models
pictures 1
skincnn-data generate --kind dark --count 1 --size 64 --seed 3 --out generated >/dev/null
mv generated/dark/dark_0001.jpg pictures/dark.jpg
skincnn-predict -m malignancy.safetensors pictures | sed -n '/^$/,$p'
try skincnn-predict --refuse -m malignancy.safetensors pictures/dark.jpg
try skincnn-predict --refuse --csv -m malignancy.safetensors pictures | sed -E 's/(benign|malignant),[0-9.]+,[0-9.]+/LABEL,N,N/'
