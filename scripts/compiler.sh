#!/bin/sh
# Prints the rustup toolchain to build with: the one that rust-toolchain.toml names or, if
# it is not installed, the default one if that is newer. Without rustup prints nothing.
set -eu

command -v rustup >/dev/null 2>&1 || exit 0
wanted=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
installed=$(rustup toolchain list --quiet 2>/dev/null)

if ! echo "$installed" | grep -qE "^$wanted(-|\$)"; then
    default=$(rustup default 2>/dev/null | cut -d' ' -f1)
    : "${default:=$(echo "$installed" | head -1)}"
    version=$(RUSTUP_TOOLCHAIN=$default rustc --version 2>/dev/null | cut -d' ' -f2)
    oldest=$(printf '%s\n' "$wanted" "$version" | sort -V | head -1)
    [ "$oldest" != "$wanted" ] || wanted=$default
fi
echo "$wanted"
