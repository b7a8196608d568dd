try skincnn-model create --labels a,b out.safetensors
try skincnn-model create -a resnet81 --labels a,b out.safetensors
try skincnn-model create -a missing.json --labels a,b out.safetensors
echo 'no JSON' >bad.json
try skincnn-model create -a bad.json --labels a,b out.safetensors
echo '{"layers": 3}' >wrong.json
try skincnn-model create -a wrong.json --labels a,b out.safetensors
try skincnn-model create -a seed out.safetensors
try skincnn-model create -a seed --labels a,b --classes 2 out.safetensors
try skincnn-model create -a seed --labels a out.safetensors
try skincnn-model create -a seed --labels a,,b out.safetensors
try skincnn-model create -a seed --labels a,a out.safetensors
try skincnn-model create -a seed --labels-file missing out.safetensors
try skincnn-model create -a seed --labels a,b -s 31 out.safetensors
try skincnn-model create -a seed --labels a,b -s 32x out.safetensors
try skincnn-model create -a seed --labels a,b -s 513 out.safetensors
try skincnn-model create -a seed --labels a,b --mean 1,2 out.safetensors
try skincnn-model create -a seed --labels a,b --deviation 1,0,1 out.safetensors
try skincnn-model create -a seed --labels a,b -s 32 no/such/folder/out.safetensors
ls
