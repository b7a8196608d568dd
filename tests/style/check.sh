#!/bin/sh
# check.sh - the rules that a machine can see: floors, names, forbidden calls, twins, headers, format.
# Prints what breaks a rule, as file:line where there is one; exits 1 if anything does.
set -u
cd "$(dirname "$0")/../.." || exit 2
offences_found=$(mktemp) || exit 2 # a pipe's end is a shell of its own: a variable would be lost
trap 'rm -f "$offences_found"' EXIT

# complain RULE: reads offences from standard input.
complain()
{
    offences=$(cat)
    [ -z "$offences" ] && return
    printf '%s\n' "$offences" | sed "s|^|$1: |" | tee -a "$offences_found"
}

# A floor includes headers of its own or lower floors only. kernels and image stand side by side.
floors()
{
    for floor in core:core kernels:core,kernels image:core,kernels,image \
        layers:core,kernels,layers graph:core,kernels,layers,graph \
        model:core,kernels,image,layers,graph,model \
        train:core,kernels,image,layers,graph,model,train; do
        allowed=$(printf '%s' "${floor#*:}" | tr ',' '|')
        grep -nE '^#include "[a-z]+/' "libskincnn/${floor%%:*}"/*.[ch] | grep -vE "\"($allowed)/"
    done
    grep -nE '^#include "(core|kernels|image|layers|graph|model|train)/' tools/*.[ch] server/*.[ch] server/*/*.[ch]
    # the server's: what answers requests may know all of them, each of them little of the others
    for floor in http:http decoder:decoder inference:inference store:store access:access,http,store \
        observe:observe,http assessment:assessment; do
        allowed=$(printf '%s' "${floor#*:}" | tr ',' '|')
        grep -nE '^#include "[a-z]+/' "server/${floor%%:*}"/*.[ch] | grep -vE "\"($allowed)/"
    done
    grep -nE 'sqlite3?\.h|sqlite3_' server/*.[ch] server/*/*.[ch] | grep -v '^server/store/'
}

# The library prints nothing, ends nothing, reads no environment.
forbidden()
{
    grep -nE '\b(printf|fprintf|puts|putchar|perror|exit|_exit|abort|getenv|setenv|rand|srand|gets|strcpy|strcat|sprintf)\(' \
        libskincnn/*/*.c | grep -vE '^[^:]*:[0-9]*: *(/\*|\*)'
    grep -nE '\b(gets|strcpy|strcat|sprintf|system|rand)\(' tools/*.c server/*.c server/*/*.c
}

# What other files can see begins with skc_ (public) or skc__ (internal).
names()
{
    build=${B:-build/release}
    [ -f "$build/libskincnn.a" ] || return
    nm -g --defined-only "$build/libskincnn.a" 2>/dev/null | awk 'NF == 3 && $3 !~ /^skc_/ { print $3 }'
    nm -D --defined-only "$build/libskincnn.so.0" 2>/dev/null |
        awk 'NF == 3 && ($3 !~ /^skc_/ || $3 ~ /^skc__/) { print "exported: " $3 }'
}

first_lines()
{
    for file in $(git ls-files --cached --others --exclude-standard 'libskincnn/*.[ch]' 'tools/*.[ch]' 'server/*.[ch]' 'tests/*.[ch]'); do
        base=${file##*/}
        head -n 1 "$file" | grep -qF "/* $base - " || echo "$file:1"
    done
}

# The one public header may be longer: it is the manual.
sizes()
{
    for file in $(git ls-files --cached --others --exclude-standard 'libskincnn/*.[ch]' 'tools/*.[ch]' 'server/*.[ch]'); do
        awk -v file="$file" 'FNR == 1 { s = 0 } /^\{/ { s = FNR }
            /^\}/ { if (s && FNR - s > 80) print file ":" s ": " FNR - s " lines"; s = 0 }
            END { if (FNR > 800 && file !~ /skincnn.h$/) print file ": " FNR " lines" }' "$file"
    done
}

markers()
{
    git ls-files --cached --others --exclude-standard | grep -vE '^(server/web/vendor/|tests/style/|tests/fuzz/corpus/)' |
        xargs grep -nIE '\b(TODO|FIXME|XXX|HACK)\b'
}

headers()
{
    # simd_*.h are bodies that avx2.c and avx512.c include behind the vectors' definitions
    for header in $(ls libskincnn/*/*.h | grep -v '/simd_'); do
        gcc -std=c11 -fsyntax-only -Wall -Wextra -Wpedantic -Ilibskincnn -Ilibskincnn/include -x c "$header" 2>&1 |
            grep -E 'error|warning' | grep -v 'pragma once'
    done
    for header in server/*.h server/*/*.h tools/*.h; do
        gcc -std=c11 -fsyntax-only -Wall -Wextra -Wpedantic -Iserver -Itools -Ilibskincnn/include -x c "$header" 2>&1 |
            grep -E 'error|warning' | grep -v 'pragma once'
    done
    g++ -std=c++11 -fsyntax-only -Wall -Wextra -Wpedantic -x c++ libskincnn/include/skincnn.h 2>&1 |
        grep -E 'error|warning' | grep -v 'pragma once'
}

formatting()
{
    git ls-files --cached --others --exclude-standard '*.c' '*.h' | grep -v vendor |
        xargs clang-format --dry-run -Werror 2>&1 | grep -E 'error' | cut -d: -f1 | sort | uniq -c |
        awk '{ print $2 ": " $1 " places (make format)" }'
}

floors | complain "includes a higher floor"
forbidden | complain "forbidden call"
names | complain "name without its prefix"
first_lines | complain "first line does not say what the file is"
sizes | complain "too long"
markers | complain "left-over marker"
headers | complain "header does not compile alone"
formatting | complain "format"
[ ! -s "$offences_found" ] && echo "lint: nothing found"
