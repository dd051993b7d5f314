//! Finds a Rust compiler that can build for `wasm32-unknown-unknown`: rustup's, with the
//! target added, or Debian's, whose packages bring the standard library as source. For build
//! scripts and other programs that cargo runs, since it reads `CARGO` and `RUSTC`.

use std::{env, error::Error, path::Path, process::Command};

/// What guests are built for.
pub const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_LIBRARY: &str = "/usr/lib/rustlib/src/rust/library";
/// Debian has one lld package per version; any of them works.
const LINKERS: [&str; 5] = ["wasm-ld-22", "wasm-ld-21", "wasm-ld-20", "wasm-ld-19", "wasm-ld"];

const MISSING: &str = "\
No Rust toolchain here can build for wasm32-unknown-unknown, which the token component needs.
With rustup:        rustup target add wasm32-unknown-unknown
On Debian, as root: apt-get install --no-install-recommends rustc-web cargo-web rust-web-src lld-22
Or let `make toolchain` do whichever works.";

/// A cargo command without the outer cargo's variables, and arguments to append to it.
///
/// # Errors
/// Cargo did not run this program, or no compiler here can build for [`TARGET`].
pub fn cargo() -> Result<(Command, Vec<&'static str>), Box<dyn Error>> {
    if has_target(&env::var("RUSTC")?) {
        return Ok((cleared(&env::var("CARGO")?), vec![]));
    }
    let linker = LINKERS.into_iter().find(|name| Path::new("/usr/bin").join(name).exists());
    match linker {
        Some(linker) if [DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_LIBRARY].iter().all(|it| Path::new(it).exists()) => {
            let mut cargo = cleared(DEBIAN_CARGO);
            cargo
                .env("PATH", "/usr/bin:/bin")
                .env("RUSTC", DEBIAN_RUSTC)
                // Only -Zbuild-std builds a standard library from source; this variable
                // permits it on a stable compiler.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
            Ok((cargo, vec!["-Zbuild-std=core,alloc"]))
        }
        _ => Err(MISSING.into()),
    }
}

/// Whether `rustc` has a compiled standard library for the target.
fn has_target(rustc: &str) -> bool {
    let asked = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    asked.is_ok_and(|it| it.status.success() && Path::new(String::from_utf8_lossy(&it.stdout).trim()).is_dir())
}

/// A command without the variables of the outer build: its flags would change the
/// component's bytes, and its target directory is locked while it waits for us.
fn cleared(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let keep = ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_TERM_COLOR"].contains(&&*name);
        if !keep && (name.starts_with("CARGO") || name.starts_with("RUSTC") || name == "RUSTFLAGS") {
            command.env_remove(&*name);
        }
    }
    command
}
