models
try skincnn-model verify malignancy.safetensors diagnosis.safetensors | mask
try skincnn-model verify --json malignancy.safetensors missing.safetensors | mask
# The hash is that of the file.
[ "$(skincnn-model verify --json diagnosis.safetensors | sed 's/.*sha256":"//; s/".*//')" = \
    "$(sha256sum diagnosis.safetensors | cut -d' ' -f1)" ]
# Cut off, too long, and one bit turned in the last weight.
head -c 5000 malignancy.safetensors >short.safetensors
try skincnn-model verify short.safetensors
{ cat malignancy.safetensors; echo; } >long.safetensors
try skincnn-model verify long.safetensors
size=$(wc -c <malignancy.safetensors)
last=$(tail -c 3 malignancy.safetensors | head -c 1 | od -An -tu1 | tr -d ' ')
{
    head -c $((size - 3)) malignancy.safetensors
    printf "\\$(printf %o $((last ^ 1)))"
    tail -c 2 malignancy.safetensors
} >turned.safetensors
try skincnn-model verify turned.safetensors
