skincnn-model create -a seed -s 32 --labels a,b one.safetensors
skincnn-model create -a seed -s 32 --labels a,b two.safetensors
cmp one.safetensors two.safetensors
skincnn-model create -a seed -s 32 --labels a,b --seed 2 --format f16 three.safetensors
try skincnn-model create -a seed -s 32 --labels a,b one.safetensors
skincnn-model create -a seed -s 32 --labels a,b --seed 2 --force one.safetensors
printf 'x\ny\n\nz' >names
skincnn-model create -a seed -s 48x32 --labels-file names --fit squash --mean 1,2,3 --deviation 4,5,6.5 \
    --task other names.safetensors
skincnn-model inspect --json names.safetensors | tr ',' '\n' | sed -n '/task/,/decision/p'
skincnn-model create -a seed -s 32 --classes 3 numbers.safetensors
skincnn-model inspect numbers.safetensors | sed -n '/^Labels/p'
