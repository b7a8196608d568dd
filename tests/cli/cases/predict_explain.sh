models
pictures 3
both="-m malignancy.safetensors -m diagnosis.safetensors"
skincnn-predict $both --explain why.png pictures/1.jpg >/dev/null
# Two panels of 64 x 64.
skincnn-crop --box 0,0,128,64 why.png whole.png >/dev/null
try skincnn-crop --box 0,0,129,64 why.png more.png
skincnn-predict --json $both --explain again.png pictures/1.jpg | sed 's/"quality":.*"error"/"error"/' | mask
cmp why.png again.png
# A folder gets a file for each; standard input has a name, too.
skincnn-predict -m diagnosis.safetensors --explain out pictures >/dev/null
skincnn-predict -m diagnosis.safetensors --explain out - <pictures/1.jpg >/dev/null
ls out
cmp out/1.png out/stdin.png
# Another label and another layer draw something else; a label may be of one model only.
explain() {
    name=$1 && shift
    skincnn-predict -m diagnosis.safetensors --explain "$name.png" --json pictures/1.jpg "$@" |
        grep -o '"heat":.*"layer":"[a-z0-9]*"'
}
explain mel --explain-label mel
explain deep --explain-label mel --explain-layer conv3
explain logits --explain-label mel --explain-layer logits
cmp -s deep.png mel.png || echo differs
skincnn-predict $both --explain both.png --explain-label mel --json pictures/1.jpg | grep -o '"layer"' | wc -l
# Nothing is overwritten unasked, and nothing is half done.
try skincnn-predict -m diagnosis.safetensors --explain why.png pictures/1.jpg
skincnn-predict -m diagnosis.safetensors --explain why.png --force pictures/1.jpg >/dev/null
cmp why.png out/1.png
try skincnn-predict -m diagnosis.safetensors --explain new.png pictures
mkdir twice && cp pictures/1.jpg twice/2.png
try skincnn-predict -m diagnosis.safetensors --explain new pictures/2.jpg twice/2.png
try skincnn-predict -m diagnosis.safetensors --explain new.png --explain-layer none pictures/1.jpg
try skincnn-predict -m diagnosis.safetensors --explain new.png --explain-label none pictures/1.jpg
try skincnn-predict -m diagnosis.safetensors --explain missing/new.png pictures/1.jpg
try skincnn-predict -m diagnosis.safetensors --explain-label mel pictures/1.jpg
ls
