#!/bin/sh
# Makes what a release publishes, in dist/release or a named directory: an archive with the
# binary for this machine's triple, a bill of materials, their SHA-256 sums and a signature.
#
#     JERAKIA_SIGNING_KEY=FILE scripts/release.sh BINARY [DIRECTORY]
#
# The key is one of minisign's, which asks for its password. Without a key nothing is signed.
set -eu

scripts=$(realpath scripts)
binary=$(realpath "$1")
out=${2:-dist/release}
version=$("$binary" version)
triple=$(rustc -vV | sed -n 's/^host: //p')
name=jerakia-$version-$triple
# Equal sources give equal bytes.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

rm -rf "$out"
mkdir -p "$out"
out=$(realpath "$out")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

folder=$work/$name
mkdir "$folder"
install "$binary" "$folder/jerakia"
cp LICENSE README.md CHANGELOG.md "$folder"
scripts/licences.py >"$folder/THIRD-PARTY"
"$binary" package-files "$folder"
tar --create --sort=name --owner=0 --group=0 --numeric-owner --mode=go-w --mtime="@$SOURCE_DATE_EPOCH" \
    --directory "$work" "$name" | gzip --best --no-name >"$out/$name.tar.gz"

scripts/bill-of-materials.sh "$triple" "$out/$name.cdx.json"

cd "$out"
sha256sum -- * >"$work/SHA256SUMS"
mv "$work/SHA256SUMS" .
if [ -n "${JERAKIA_SIGNING_KEY:-}" ]; then
    "$scripts"/apt.sh minisign
    minisign -S -s "$JERAKIA_SIGNING_KEY" -m SHA256SUMS -t "jerakia $version"
else
    echo "SHA256SUMS is not signed: name the file of a minisign key in JERAKIA_SIGNING_KEY" >&2
fi
