#!/bin/sh
# Installs Debian's libfaketime for the tests that set the clock, if it is missing and this runs as root.
set -eu

for library in /usr/lib/*/faketime/libfaketimeMT.so.1; do
    if [ -e "$library" ]; then
        exit 0
    fi
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "libfaketime is missing, and only root can install it: apt-get install faketime" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends faketime
