# A model's own file, imported under the same names, is the same network.
models
cat >map.json <<'END'
{"layout": "ohwi", "rules": [{"to": "{layer}.{name}", "from": "{layer}.{name}"}]}
END
skincnn-model import -a seed -s 32 --width-factor 0.125 --task malignancy --labels benign,malignant \
    -w malignancy.safetensors --map map.json imported.safetensors
cmp malignancy.safetensors imported.safetensors
try skincnn-model import -a seed -s 32 --classes 2 -w malignancy.safetensors --map map.json out.safetensors
# Every parameter must be named by a rule.
echo '{"layout": "ohwi", "rules": [{"to": "{layer}.weight", "from": "{layer}.weight"}]}' >part.json
try skincnn-model import -a seed -s 32 --width-factor 0.125 --labels benign,malignant \
    -w malignancy.safetensors --map part.json out.safetensors
ls
