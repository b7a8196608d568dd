# Names that are not UTF-8 or hold control characters stay valid JSON and do not reach a terminal.
models
pictures 1
cp pictures/1.jpg "$(printf 'b\377d.jpg')"
cp pictures/1.jpg "$(printf 'line\nbreak.jpg')"
cp pictures/1.jpg 'hübsch.jpg'
skincnn-predict --json -m malignancy.safetensors *.jpg | mask | sed 's/,"malignancy.*//'
skincnn-predict -m malignancy.safetensors "$(printf 'line\nbreak.jpg')" | sed -n 's/  .*//; 2p'
try skincnn-predict -m malignancy.safetensors "$(printf 'escape\033[1m.jpg')" | tail -n +2
