#!/bin/sh
# run.sh BUILD - installs into a temporary folder and uses what is there, as TAP: pkg-config, the
# README's programs in C and Python, man pages, the tools, uninstall.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$1
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
prefix=$work/usr
number=0

# test NAME COMMAND...
check()
{
    number=$((number + 1))
    name=$1
    shift
    if "$@" > "$work/log" 2>&1; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        sed 's/^/# /' "$work/log"
    fi
}

install() { make -C "$root" -s B="$build" PREFIX="$prefix" install; }
flags() { PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config "$@" skincnn; }

# block LANGUAGE: the README's block of code in that language.
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$root/README.md" | sed '1d;$d'; }

compile()
{
    block c > "$work/spot.c" && [ -s "$work/spot.c" ] || return 1
    # shellcheck disable=SC2046
    cc -std=c11 -Wall -Wextra -Werror "$work/spot.c" -o "$work/spot" $(flags --cflags --libs)
}

model=
picture=$work/pictures/nv/nv_0001.jpg
make_pictures() { "$prefix/bin/skincnn-data" generate --count 2 --labels diagnosis --size 64 --out "$work/pictures"; }
first_picture() { picture=$(find "$work/pictures" -name '*.jpg' | sort | head -n 1); [ -n "$picture" ]; }
make_model()
{
    model=$work/model.safetensors
    "$prefix/bin/skincnn-model" create --architecture seed --size 32 --task malignancy \
        --labels benign,malignant "$model"
}
run_program() { LD_LIBRARY_PATH=$prefix/lib "$work/spot" "$model" "$picture" | grep -q '^benign 0\.'; }
run_ctypes()
{
    block python > "$work/spot.py"
    LD_LIBRARY_PATH=$prefix/lib python3 "$work/spot.py" "$model" "$picture" | grep -q "^{'benign': 0\."
}
has_man_pages() { for tool in "$prefix"/bin/skincnn-*; do grep -q '^\.TH' "$prefix/share/man/man1/${tool##*/}.1" || return 1; done; }
finds_shipped() { "$prefix/bin/skincnn-predict" --json "$picture" | grep -q '"error": *null'; }
uninstall() { make -C "$root" -s B="$build" PREFIX="$prefix" uninstall && [ -z "$(find "$prefix" -type f)" ]; }

check "make install" install
check "pkg-config knows the version" flags --exists
check "the README's C program compiles outside the tree" compile
check "installed tools make pictures" make_pictures
check "there is a picture" first_picture
check "installed tools make a model" make_model
check "the README's C program predicts" run_program
check "the README's Python program predicts by ctypes" run_ctypes
check "each tool has a man page" has_man_pages
check "installed tools find the shipped models" finds_shipped
check "make uninstall leaves no file" uninstall
echo "1..$number"
