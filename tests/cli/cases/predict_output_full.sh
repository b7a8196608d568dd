models
pictures 1
skincnn-predict --json -m malignancy.safetensors pictures/1.jpg 2>message >/dev/full || echo "exit $?"
cat message
skincnn-predict -m malignancy.safetensors pictures/1.jpg 2>message >/dev/full || echo "exit $?"
cat message
skincnn-predict --help 2>message >/dev/full || echo "exit $?"
cat message
