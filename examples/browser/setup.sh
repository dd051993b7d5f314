#!/bin/sh
# Installs what the test of the page drives: Debian's Chromium, where that is allowed.
set -eu

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "No Chromium, and no right to install one: apt-get install chromium" >&2
    exit 0 # the test says that it was skipped, and fails where nothing may be
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium
