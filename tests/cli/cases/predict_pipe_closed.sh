# The reader goes away after a line: no signal kills the program, it says what happened.
models
pictures 1
mkdir many
for i in $(seq 400); do cp pictures/1.jpg many/$i.jpg; done
{
    skincnn-predict --json -m malignancy.safetensors many 2>message || echo "exit $?" >status
} | head -1 >/dev/null
cat status message
