#!/bin/sh
# Builds the component again from a copy of the sources in another directory, and
# compares: reproducible.sh <file>
set -eu

file=$(realpath "$1")
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# With the compiled dependencies of this build, but not its paths.
git ls-files -z --cached --others --exclude-standard | xargs -0 cp -P --parents -t "$copy"
target=$(realpath "${CARGO_TARGET_DIR:-target}")
(cd "$copy" && CARGO_TARGET_DIR=$target cargo run --locked --quiet --package jerakia -- component export again.wasm)

cmp "$file" "$copy/again.wasm"
echo "built in another directory, the component is the same, byte for byte"
