#!/bin/sh
# Installs nginx, which tests run in front of the server, if it is missing.
set -eu

PATH=$PATH:/usr/sbin
command -v nginx >/dev/null && exit
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "nginx is missing. On Debian, as root: apt-get install nginx-light" >&2
    exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light
