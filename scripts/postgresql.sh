#!/bin/sh
# Installs Debian's PostgreSQL for the tests, if none is there and this runs as root. The tests start servers of
# their own, as the user postgres; the service that the package starts is not used.
set -eu

for program in /usr/lib/postgresql/*/bin/postgres; do
    if [ -x "$program" ]; then
        exit 0
    fi
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "PostgreSQL is missing, and only root can install it: apt-get install postgresql" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends postgresql
