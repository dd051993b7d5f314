#!/bin/sh
# Builds the Debian package from a binary, in dist/ or a named directory:
#
#     scripts/deb.sh BINARY [DIRECTORY]
set -eu

binary=$(realpath "$1")
out=${2:-dist}
nfpm=target/packager/bin/nfpm
scripts/venv.sh deploy/debian ../../target/packager
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$binary" package-files "$work"
for section in 1 5; do
    mkdir "$work/man$section"
    mv "$work"/man/*."$section" "$work/man$section"
    gzip --best --no-name "$work/man$section"/*
done
gzip --best --no-name --stdout CHANGELOG.md >"$work/changelog.gz"

# The oldest C library that has all symbols which the program uses.
GLIBC=$(objdump --dynamic-syms "$binary" | grep -o 'GLIBC_[0-9.]*' | cut -d_ -f2 | sort -Vu | tail -1)
VERSION=${JERAKIA_VERSION:-$("$binary" version)}
ARCH=$(dpkg --print-architecture)
MAINTAINER=${JERAKIA_MAINTAINER:-The authors of Jerakia tokens <root@localhost>}
export GLIBC VERSION ARCH MAINTAINER BINARY="$binary" FILES="$work"
"$nfpm" package --config deploy/debian/nfpm.yaml --packager deb --target "$out" 
