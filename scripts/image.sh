#!/bin/sh
# Builds an OCI image from a binary: the program, the libraries that it needs, and nothing else.
# The archive, in dist/ or a named directory, is for `podman load` and `docker load`. Root only,
# on Debian.
#
#     scripts/image.sh BINARY [DIRECTORY]
set -eu

binary=$(realpath "$1")
out=${2:-dist}
version=$("$binary" version)
user=65532

scripts/apt.sh umoci

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
layout=$work/layout
umoci init --layout "$layout"
umoci new --image "$layout:$version"
umoci unpack --image "$layout:$version" "$work/bundle"

root=$work/bundle/rootfs
install -D "$binary" "$root/usr/bin/jerakia"
# Its libraries and their loader, by their absolute paths.
ldd "$binary" | grep -o '/[^ ]*' | while read -r library; do
    install -D "$library" "$root$library"
done
install -d -m 0755 "$root/etc/jerakia/policy.d" "$root/var/lib/jerakia" "$root/usr/share/doc/jerakia"
install -d -m 0700 -o $user -g $user "$root/var/db/jerakia"
echo "jerakia:x:$user:$user:Jerakia token server:/var/db/jerakia:/sbin/nologin" >"$root/etc/passwd"
echo "jerakia:x:$user:" >"$root/etc/group"
install -m 0644 LICENSE "$root/usr/share/doc/jerakia/LICENSE"
scripts/licences.py >"$root/usr/share/doc/jerakia/THIRD-PARTY"
# Equal files give equal layers.
find "$root" -exec touch --no-dereference --date=@0 {} +

umoci repack --image "$layout:$version" "$work/bundle"
umoci config --image "$layout:$version" --config.user "$user:$user" \
    --config.entrypoint /usr/bin/jerakia --config.cmd server --config.env JERAKIA_SERVER_BIND=0.0.0.0 \
    --config.exposedports 9843/tcp --config.volume /var/db/jerakia --config.workingdir / \
    --config.label org.opencontainers.image.title=jerakia \
    --config.label org.opencontainers.image.version="$version" \
    --config.label org.opencontainers.image.licenses=Apache-2.0
umoci gc --layout "$layout"

mkdir -p "$out"
archive=$out/jerakia-$version-image.tar
tar --create --file "$archive" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --directory "$layout" .
echo "$archive"
