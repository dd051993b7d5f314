#!/bin/sh
# Installs missing tools for building the component: the Rust target wasm32-unknown-unknown
# through rustup, else Debian's packages. Reports a compiler other than the one that
# rust-toolchain.toml names.
set -eu
cd "$(dirname "$0")/.."

RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-$(scripts/compiler.sh)}
export RUSTUP_TOOLCHAIN
named=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
target=wasm32-unknown-unknown
debian_packages="rustc-web cargo-web rust-web-src lld-22"

fail() {
    echo "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# apt-get as root, on machines that have it.
can_apt() { have apt-get && [ "$(id -u)" = 0 ]; }

# Without a toolchain, rustup's cargo and rustc exist but fail.
works() { "$1" --version >/dev/null 2>&1; }

has_target() { works rustc && [ -d "$(rustc --print target-libdir --target $target 2>/dev/null)" ]; }

has_debian_toolchain() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library ] &&
        ls /usr/bin/wasm-ld* >/dev/null 2>&1
}

install_debian() {
    echo "installing Debian's packages: $*"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"
}

if have rustup && ! works cargo; then
    rustup toolchain install --no-self-update "$RUSTUP_TOOLCHAIN" || true # reported below
fi
if ! has_target && ! has_debian_toolchain; then
    if have rustup && rustup target add $target; then
        :
    elif can_apt; then
        # shellcheck disable=SC2086 # one word per package
        install_debian $debian_packages
    else
        fail "Rust's $target target is missing, and can't be installed from here.
With rustup:        rustup toolchain install $named --target $target
On Debian, as root: apt-get install --no-install-recommends $debian_packages"
    fi
fi

works cargo || fail "Rust $named or newer is missing: see https://www.rust-lang.org/tools/install"

# Debian's compiler produces other bytes than rustup's of the same version.
builder=/usr/bin/rustc origin="Debian's "
if has_target; then
    builder=rustc origin=
fi
version=$("$builder" --version | cut -d' ' -f2)
if [ "$origin$version" != "$named" ]; then
    echo "building the component with ${origin}Rust $version: its bytes may differ from those of Rust $named (rust-toolchain.toml)"
fi

# SQLite is written in C.
if ! have cc; then
    can_apt || fail "A C compiler is missing: install gcc or clang."
    install_debian gcc libc6-dev
fi
