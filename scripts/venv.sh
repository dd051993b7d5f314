#!/bin/sh
# Makes a virtual environment for a directory, by default .venv within it, and installs its
# requirements-dev.txt or else its requirements.txt. Does nothing if they are installed.
#
#     scripts/venv.sh DIRECTORY [VENV [REQUIREMENTS]], both relative to the directory
set -eu
cd "$1"
venv=${2:-.venv}
requirements=${3:-requirements.txt}

fail() {
    echo "$*" >&2
    exit 1
}

if [ $# = 1 ] && [ -e requirements-dev.txt ]; then
    requirements="requirements-dev.txt"
fi
wanted=$(cat requirements*.txt)
if [ "$(cat "$venv/installed" 2>/dev/null)" = "$wanted" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

# Without ensurepip, venv makes a directory without pip.
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        fail "Python's venv module is missing. On Debian, as root: apt-get install python3-venv"
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends python3-venv
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed."

python3 -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
echo "$wanted" >"$venv/installed"
