models
skincnn-model export --format f16 diagnosis.safetensors half.safetensors
skincnn-model export half.safetensors full.safetensors
# What F16 could hold once stays the same for ever, and takes about half of the bytes.
skincnn-model export --format f16 full.safetensors again.safetensors
cmp half.safetensors again.safetensors
[ $(($(wc -c <half.safetensors) * 3)) -lt $(($(wc -c <full.safetensors) * 2)) ]
try skincnn-model export diagnosis.safetensors half.safetensors
try skincnn-model export missing.safetensors out.safetensors
