#!/bin/sh
# Runs the tests of the guarantees at full size, and prints the attacks as a table.
set -eu

log=target/torture.log
status=0
JERAKIA_TORTURE=1 cargo test --locked --release --workspace -- --nocapture >"$log" 2>&1 || status=$?
if [ "$status" != 0 ]; then
    grep -E 'panicked|FAILED|^error' "$log" | head -40
    echo "The full output is in $log." >&2
    exit "$status"
fi
echo '| attack | times | wrong answers |'
echo '|---|---:|---:|'
sed -n 's/^.*torture|/|/p' "$log"
