#!/bin/sh
# Rebuilds the component from a copy of the sources in another directory, and compares the
# bytes: reproducible.sh <file>
set -eu

file=$(realpath "$1")
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# Shares the target directory, so that compiled dependencies are reused.
git ls-files -z --cached --others --exclude-standard | xargs -0 cp -P --parents -t "$copy"
target=$(realpath "${CARGO_TARGET_DIR:-target}")
(cd "$copy" && CARGO_TARGET_DIR=$target cargo run --locked --quiet --package jerakia -- component export again.wasm)

cmp "$file" "$copy/again.wasm"
echo "built in another directory, the component has the same bytes"
