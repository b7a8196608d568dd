# The text of every architecture makes the network that the name makes.
for name in $(skincnn-model list --json | tr '{}' '\n\n' | sed -n '/"layers"/q; s/^"name":"\([^"]*\)".*/\1/p'); do
    skincnn-model architecture --size 32 --width-factor 0.25 $name >$name.json
    skincnn-model create -a $name -s 32 --width-factor 0.25 --classes 7 named.safetensors >/dev/null
    skincnn-model create -a $name.json --classes 7 text.safetensors >/dev/null
    for file in named text; do
        skincnn-model inspect $file.safetensors | sed '1,/^$/d' >$file
    done
    cmp named text && echo "$name"
    rm named.safetensors text.safetensors
done
try skincnn-model architecture resnet81
