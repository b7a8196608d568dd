#!/bin/sh
# run.sh - runs the tools on the cases in cases/ and compares what they print, as TAP.
#
#     tests/cli/run.sh [--record] [--bin DIR] [NAME...]
#
# A case is NAME.sh beside NAME.stdout, NAME.stderr (a missing one means: prints nothing) and NAME.exit
# (missing: 0). It runs by `sh -eu` in a fresh folder, with the tools of DIR (build/release) in PATH and
# the functions of lib.sh at hand. One that exits with 77 is skipped for the reason that it prints. In
# what it prints, the fresh folder reads TMP and the tree ROOT.
# --record writes the files from what is printed now: read the difference before keeping it.

set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$root/build/release
record=false

while [ $# -gt 0 ]; do
    case $1 in
    --record) record=true ;;
    --bin) bin=$(cd "$2" && pwd) || exit 2; shift ;;
    -*) echo "run.sh: unknown option $1" >&2; exit 2 ;;
    *) break ;;
    esac
    shift
done
[ $# -gt 0 ] || set -- $(cd "$here/cases" && ls | sed -n 's/\.sh$//p')

LC_ALL=C PATH=$bin:$PATH SKINCNN_CLI_TESTS=$here
export LC_ALL PATH SKINCNN_CLI_TESTS
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' INT TERM
number=0 failed=0

# Replaces what differs from machine to machine.
normalise() {
    sed -e "s|$work/run|TMP|g" -e "s|$root|ROOT|g" "$1"
}

# run_case NAME: leaves stdout, stderr and exit in $work.
run_case() {
    rm -rf "$work/run" && mkdir "$work/run"
    (
        cd "$work/run" || exit 99
        sh -eu -c '. "$SKINCNN_CLI_TESTS/lib.sh"; . "$1"' sh "$here/cases/$1.sh"
    ) >"$work/raw.out" 2>"$work/raw.err" </dev/null
    echo $? >"$work/exit"
    normalise "$work/raw.out" >"$work/stdout"
    normalise "$work/raw.err" >"$work/stderr"
}

# keep NAME PART: records one part, unless it is what a missing file means.
keep() {
    rm -f "$here/cases/$1.$2"
    case $2 in exit) plain=0 ;; *) plain= ;; esac
    [ "$(cat "$work/$2")" = "$plain" ] || cp "$work/$2" "$here/cases/$1.$2"
}

# same NAME PART: compares one part with its file, showing the difference as TAP comments.
same() {
    expected=$here/cases/$1.$2
    if [ ! -e "$expected" ]; then
        expected=$work/expected
        case $2 in exit) echo 0 ;; *) : ;; esac >"$expected"
    fi
    cmp -s "$expected" "$work/$2" && return 0
    diff -u --label "expected $2" --label "actual $2" "$expected" "$work/$2" | sed 's/^/# /'
    return 1
}

echo "1..$#"
for name in "$@"; do
    number=$((number + 1))
    if [ ! -e "$here/cases/$name.sh" ]; then
        echo "not ok $number - $name (no such case)"
        failed=$((failed + 1))
        continue
    fi
    run_case "$name"
    if [ "$(cat "$work/exit")" = 77 ]; then
        echo "ok $number - $name # SKIP $(head -n 1 "$work/stdout")"
        continue
    fi
    good=true
    for part in stdout stderr exit; do
        if $record; then keep "$name" $part; else same "$name" $part || good=false; fi
    done
    if $good; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        failed=$((failed + 1))
    fi
done
[ $failed -eq 0 ]
