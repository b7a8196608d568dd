#!/bin/sh
# run.sh BUILD - the pages in a real Chromium against the real server of a build folder, and the reports of its tools; TAP on
# standard output, screenshots in BUILD/screenshots. Skips, and says so, where Chromium or Node.js is missing.
set -u
build=$(cd "$1" && pwd) || exit 2
cd "$(dirname "$0")" || exit 2

skip() { printf 'TAP version 13\n1..1\nok 1 # SKIP %s\n' "$1"; exit 0; }

CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
export CHROMIUM
[ -x "$CHROMIUM" ] || skip "no Chromium at $CHROMIUM"
command -v node > /dev/null || skip "no Node.js"
if [ ! -d node_modules/playwright-core ] || [ ! -d node_modules/axe-core ]; then
    command -v npm > /dev/null || skip "no npm to fetch playwright-core and axe-core"
    npm ci --no-audit --no-fund > /dev/null 2>&1 || skip "npm could not fetch playwright-core and axe-core"
fi

folder=$(mktemp -d) || exit 2
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server"; } 2> /dev/null; rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

"$build/skincnn-data" generate --count 7 --size 600 --out "$folder/pictures" > /dev/null || exit 1
# a report of each kind: of a training, and of a model on labels of the other task, with a note at its top
"$build/skincnn-data" generate --count 56 --size 96 --seed 5 --out "$folder/made" > /dev/null &&
    "$build/skincnn-train" -d "$folder/made/manifest.csv" -a seed -s 32 -w 0.25 -e 3 -b 8 -t 1 --resamples 40 --mistakes 6 --quiet \
        --validation-percent 25 -o "$folder/train" > /dev/null &&
    awk -F, -v OFS=, 'NR > 1 && seen[$3]++ { $4 = "val" } 1' "$folder/made/manifest.csv" > "$folder/made/other.csv" &&
    "$build/skincnn-eval" -m "$folder/train/model.safetensors" -d "$folder/made/other.csv" -s all --map malignancy --resamples 40 \
        --mistakes 6 --out "$folder/eval" > /dev/null 2>&1 || exit 1
mkdir "$folder/reports"
for kind in train eval; do mv "$folder/$kind/report.html" "$folder/reports/$kind.html"; done
: > "$folder/ready"
"$build/skincnn-server" --listen 127.0.0.1:0 --data "$folder/data" --anonymous-rate 1000000 --anonymous-burst 1000000 --anonymous-quota 0 > "$folder/ready" 2> "$folder/log" &
server=$!
tries=0
until SKINCNN_URL=$(sed -n 's/^listening on //p' "$folder/ready") && [ -n "$SKINCNN_URL" ]; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ] || ! kill -0 "$server" 2> /dev/null; then
        echo "not ok 1 - the server does not start"
        tail -n 20 "$folder/log"
        exit 1
    fi
    sleep 0.1
done
export SKINCNN_URL SKINCNN_PICTURES="$folder/pictures" SKINCNN_REPORTS="$folder/reports" SKINCNN_SCREENSHOTS="$build/screenshots"
mkdir -p "$SKINCNN_SCREENSHOTS"

timeout 900 node --test --test-reporter=tap --test-concurrency=1 ${2+"$2"}
