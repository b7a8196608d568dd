#!/bin/sh
# run.sh BUILD [TOPIC...] - black-box tests of the server of a build folder, as TAP. Several topics run at once, since they mostly
# wait; each group of cases has its own server, folder and port. SKINCNN_SLOW=3 gives everything three times as long (sanitizers
# have 4 by themselves), SKINCNN_LONG=1 runs the long versions too.
set -u
cd "$(dirname "$0")" || exit 2
build=$(cd ../.. && cd "$1" && pwd) || exit 2
shift
[ $# -gt 0 ] || set -- $(ls test_*.py | sed 's/^test_//; s/\.py$//')
python=/usr/bin/python3
[ -x $python ] || python=python3
command -v $python > /dev/null || { echo "1..1"; echo "ok 1 # SKIP no Python 3"; exit 0; }
case $build in *asan* | *tsan*) SKINCNN_SLOW=${SKINCNN_SLOW:-4} ;; esac
[ -z "${SKINCNN_SLOW-}" ] || export SKINCNN_SLOW

work=$(mktemp -d) || exit 2
children=
trap 'for child in $children; do kill "$child" 2> /dev/null; done; wait; rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
SKINCNN_CODES_SEEN=$work/codes
export SKINCNN_CODES_SEEN
: > "$work/codes"

status=0
run()
{
    $python -B "test_$1.py" "$build" > "$work/$1.tap" 2>&1 &
    children="$children $!"
}
show()
{
    sed "s/^\(not ok\|ok\) [0-9]* - /\1 - $1: /" "$work/$1.tap" | grep -v '^1\.\.'
}
# collect TOPIC...: waits for them, and shows what they say.
collect()
{
    for child in $children; do wait "$child" || status=1; done
    children=
    for topic in "$@"; do show "$topic"; done
}

alone= together=
for topic in "$@"; do
    case $topic in
    abuse | durability) alone="$alone $topic" ;; # they fill the machine
    *) together="$together $topic" ;;
    esac
done
for topic in $together; do run "$topic"; done
collect $together
for topic in $alone; do run "$topic"; collect "$topic"; done

# Every code of the table has been seen, where all topics ran; "internal" is of what must not happen.
if [ -n "$together" ] && [ -n "$alone" ]; then
    sed -n 's/.*X(HTTP_[A-Z_0-9]*, [0-9]*, "\([a-z_0-9]*\)".*/\1/p' ../../server/http/problem.h | grep -v '^internal$' |
        sort > "$work/table"
    missing=$(sort -u "$work/codes" | comm -13 - "$work/table" | tr '\n' ' ')
    [ -z "$missing" ] || echo "not ok - codes that no test has seen: $missing"
    [ -n "$missing" ] || echo "ok - every code of problem.h was seen"
    [ -z "$missing" ] || status=1
fi
exit $status
