#!/bin/sh
# Makes a Debian 12 system in target/debian-12, for the tests that install packages there. It
# installs missing tools if this runs as root, on Debian.
set -eu

packages=systemd,systemd-sysv,dbus,logrotate,man-db,bash-completion
directory=target/debian-12

missing=
command -v mmdebstrap >/dev/null || missing="mmdebstrap"
command -v systemd-nspawn >/dev/null || missing="$missing systemd-container"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "This starts a Debian 12 system with systemd, which only root can, on Debian." >&2
    exit 1
fi
if [ -n "$missing" ]; then
    apt-get update -qq
    # shellcheck disable=SC2086 # one word a package
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi

if [ "$(cat $directory.packages 2>/dev/null)" != $packages ]; then
    rm -rf $directory
    mkdir -p target
    mmdebstrap --quiet --mode=root --variant=apt --include=$packages bookworm $directory
    echo $packages >$directory.packages
fi
