#!/bin/sh
# Installs programs of Debian's packages, if they are missing and this runs as root:
#
#     scripts/apt.sh PROGRAM[=PACKAGE]...
set -eu

missing=
for each in "$@"; do
    command -v "${each%=*}" >/dev/null || missing="$missing ${each#*=}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Programs are missing. On Debian, as root: apt-get install$missing" >&2
    exit 1
fi
apt-get update -qq
# shellcheck disable=SC2086 # one word a package
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
