# lib.sh - functions for the cases: pictures and models to work on, and masks for what may differ.

# pictures COUNT [DIR]: generated pictures, flat and with plain names: DIR/1.jpg, DIR/2.jpg, ...
pictures() {
    skincnn-data generate --count "$1" --size 64 --seed 7 --out generated >/dev/null
    mkdir -p "${2:-pictures}"
    number=0
    for file in $(find generated -name '*.jpg' | sort); do
        number=$((number + 1))
        mv "$file" "${2:-pictures}/$number.jpg"
    done
    rm -r generated
}

# models: untrained malignancy.safetensors and diagnosis.safetensors.
models() {
    skincnn-model create --architecture seed --size 32 --width-factor 0.125 --task malignancy \
        --labels benign,malignant malignancy.safetensors >/dev/null
    skincnn-model create --architecture seed --size 32 --width-factor 0.125 --task diagnosis \
        --labels akiec,bcc,bkl,df,mel,nv,vasc diagnosis.safetensors >/dev/null
}

# mask: shares become N, hashes HASH, and what untrained models decide LABEL or BOOL.
mask() {
    sed -E -e 's/[0-9a-f]{64}/HASH/g' -e 's/[0-9]+\.[0-9]+(e-[0-9]+)?|[0-9]+e-[0-9]+/N/g' \
        -e 's/"label":"[a-z]+"/"label":"LABEL"/g' -e 's/"decided":(true|false)/"decided":BOOL/g'
}

# try COMMAND...: shows the command, what it prints and, if not 0, how it ended.
try() {
    echo "\$ $*"
    status=0
    "$@" 2>&1 || status=$?
    [ $status -eq 0 ] || echo "[exit $status]"
}
