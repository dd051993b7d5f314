#!/bin/sh
# Writes the bill of materials of the program for a triple, as CycloneDX:
#
#     scripts/bill-of-materials.sh TRIPLE FILE
set -eu

version=0.5.9
tools=target/tools
if ! $tools/bin/cargo-cyclonedx cyclonedx --version 2>/dev/null | grep -q " $version\$"; then
    # Unoptimised: it runs for a second.
    cargo install --quiet --locked --debug --root $tools --target-dir target/cyclonedx --version $version cargo-cyclonedx
fi

# It writes a file beside each manifest of the workspace.
bom=bill-of-materials
trap 'git ls-files "*Cargo.toml" | xargs dirname | xargs -I{} rm -f "{}/$bom.json"' EXIT
$tools/bin/cargo-cyclonedx cyclonedx --quiet --manifest-path cli/Cargo.toml --target "$1" --format json \
    --spec-version 1.5 --override-filename $bom
mv cli/$bom.json "$2"
