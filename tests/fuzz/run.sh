#!/bin/sh
# run.sh SECONDS [TARGET...] - runs the fuzz targets with clang's libFuzzer, each for so long, from a copy
# of its corpus. A finding is left as build/fuzz/TARGET-crash-*: add it to the corpus once it is mended.
set -eu
cd "$(dirname "$0")/../.."
seconds=$1
shift
[ $# -gt 0 ] || set -- $(ls tests/fuzz/fuzz_*.c | sed 's|.*/fuzz_||; s|\.c$||')
flags='-fsanitize=address,undefined -fno-sanitize-recover=all'
make -s -j"$(nproc)" CC=clang B=build/fuzz OPTIMISE="-O1 -g $flags -fsanitize=fuzzer-no-link" \
    build/fuzz/libskincnn.a build/fuzz/tools.a build/fuzz/server.a
libraries=$(make -s print-libraries)
for target in "$@"; do
    mkdir -p "build/fuzz/corpus/$target"
    cp -r "tests/fuzz/corpus/$target/." "build/fuzz/corpus/$target"
    # shellcheck disable=SC2086
    clang -O1 -g $flags -fsanitize=fuzzer -pthread -Ilibskincnn -Ilibskincnn/include -Itools -Iserver \
        "tests/fuzz/fuzz_$target.c" build/fuzz/server.a build/fuzz/tools.a build/fuzz/libskincnn.a $libraries \
        -o "build/fuzz/$target"
    echo "fuzzing $target for $seconds s"
    "build/fuzz/$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
        -artifact_prefix="build/fuzz/$target-" -print_final_stats=1 -verbosity=0 "build/fuzz/corpus/$target"
done
