# A bar on a terminal, wiped at the end; nothing of it when standard error is no terminal.
models
pictures 2
script -qec 'skincnn-predict --batch 1 --json -m malignancy.safetensors pictures >/dev/null' /dev/null |
    tr '\r' '\n' >screen
grep -c '^Classifying \[[#-]*\] [012]/2 .* left' screen | sed 's/[1-9][0-9]*/some/'
tail -n 1 screen | od -An -c
skincnn-predict --json -m malignancy.safetensors pictures 2>&1 >/dev/null | wc -c
