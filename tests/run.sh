#!/bin/sh
# run.sh [--only-parsers|--only-built] BUILD - runs the tests of a build folder, each program writing
# TAP, and closes with one line: N passed, N failed.
set -u
only=all
case ${1-} in --only-*) only=${1#--only-}; shift ;; esac
build=$1
cd "$(dirname "$0")/.." || exit 2
passed=0 failed=0 skipped=0
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT

# run NAME COMMAND...: counts the TAP lines of a command; one that dies counts as one more failure.
run()
{
    name=$1
    shift
    CMOCKA_MESSAGE_OUTPUT=TAP "$@" > "$log" 2>&1
    status=$?
    # cmocka says "not ok 1 # SKIP name" of a skipped test, others "ok 1 # SKIP"
    skip=$(grep -cE '^(not )?ok .*# SKIP' "$log")
    ok=$(grep '^ok ' "$log" | grep -cv '# SKIP')
    bad=$(grep '^not ok ' "$log" | grep -cv '# SKIP')
    if [ "$bad" -eq 0 ] && { [ $status -ne 0 ] || [ $((ok + skip)) -eq 0 ]; }; then bad=1; fi
    passed=$((passed + ok)) skipped=$((skipped + skip)) failed=$((failed + bad))
    sed -nE "s|^(not )?ok .*# SKIP *|skipped: $name: |p" "$log"
    if [ "$bad" -gt 0 ]; then
        echo "--- $name: $bad failed (exit status $status)"
        tail -n 60 "$log"
        echo "--- of these:"
        grep -A 15 '^not ok' "$log" | grep -v '^ok ' | head -n 120
    fi
}

unit_tests()
{
    for source in tests/unit/*/test_*.c tests/golden/test_*.c; do
        program=$build/${source%.c}
        [ "$only" != all ] && [ ! -x "$program" ] && continue
        run "${source#tests/}" "$program"
    done
}

fuzz_corpora()
{
    for source in tests/fuzz/fuzz_*.c; do
        target=${source#tests/fuzz/fuzz_}
        target=${target%.c}
        run "fuzz corpus $target" "$build/${source%.c}" "tests/fuzz/corpus/$target"
    done
}

unit_tests
[ $only = built ] || fuzz_corpora
if [ $only = all ]; then
    run "command line" tests/cli/run.sh --bin "$build"
    run "server" tests/server/run.sh "$build"
    run "pages" tests/browser/run.sh "$build"
    # what is installed is the release build: a sanitizer's library does not load into Python
    case $build in *release) run "installed" tests/install/run.sh "$build" ;; esac
fi
[ $skipped -eq 0 ] || echo "$skipped skipped, for the reasons above"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
