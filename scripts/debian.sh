#!/bin/sh
# Makes a Debian 12 system in target/debian-12, for the tests that install packages there. It
# installs missing tools if this runs as root, on Debian.
set -eu

packages=systemd,systemd-sysv,dbus,logrotate,man-db,bash-completion
directory=target/debian-12

if [ "$(id -u)" != 0 ]; then
    echo "This starts a Debian 12 system with systemd, which only root can." >&2
    exit 1
fi
scripts/apt.sh mmdebstrap systemd-nspawn=systemd-container

if [ "$(cat $directory.packages 2>/dev/null)" != $packages ]; then
    rm -rf $directory
    mkdir -p target
    mmdebstrap --quiet --mode=root --variant=apt --include=$packages bookworm $directory
    echo $packages >$directory.packages
fi
