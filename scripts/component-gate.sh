#!/bin/sh
# Checks that the component imports nothing and is small.
# component-gate.sh <file>
set -eu

limit=32768
file=$1
size=$(wc -c <"$file")
imports=$(cargo run --locked --quiet --package jerakia -- component inspect "$file" | sed -n 's/^imports  *//p')

echo "component: $size bytes of at most $limit, imports: $imports"
if [ "$size" -gt $limit ] || [ "$imports" != none ]; then
    echo "The component must import nothing and have at most $limit bytes." >&2
    exit 1
fi
