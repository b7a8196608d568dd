models
pictures 1
try skincnn-predict --model missing.safetensors pictures/1.jpg
: >empty.safetensors
try skincnn-predict --model empty.safetensors pictures/1.jpg
echo 'no model, but a text that is long enough' >text.safetensors
try skincnn-predict --model text.safetensors pictures/1.jpg
try skincnn-predict -m diagnosis.safetensors -m diagnosis.safetensors pictures/1.jpg
try skincnn-predict -m diagnosis.safetensors --kernels 6502 pictures/1.jpg
