#!/bin/sh
# Puts promtool from Debian's prometheus into target/prometheus, if it is missing. The package is
# only unpacked, so that no service starts.
set -eu

place=$(dirname "$0")/../target/prometheus
if [ -x "$place"/usr/bin/promtool ] || command -v promtool >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "promtool is missing: put it on the PATH (https://prometheus.io/download/)" >&2
    exit 1
fi
mkdir -p "$place"
cd "$place"
# Fails where the lists of packages are older than the package, or where there are none.
apt-get download -qq prometheus 2>/dev/null || { apt-get update -qq && apt-get download -qq prometheus; }
dpkg-deb -x prometheus_*.deb .
rm prometheus_*.deb
