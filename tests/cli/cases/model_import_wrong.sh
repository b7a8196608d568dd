try skincnn-model import -a seed --classes 2 out.safetensors
echo '{}' >map.json
try skincnn-model import -a seed -s 32 --classes 2 -w missing.safetensors --map map.json out.safetensors
models
try skincnn-model import -a seed -s 32 --classes 2 -w diagnosis.safetensors --map missing.json out.safetensors
try skincnn-model import -a seed -s 32 --classes 2 -w diagnosis.safetensors --map map.json out.safetensors
ls
