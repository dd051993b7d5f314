//! Builds the component from `../core-wasm` and compiles it ahead of time. Writes two files
//! for `src/sandbox/embedded.rs`: the portable `component.wasm` and the native
//! `component.cwasm`. `make check` asserts that the component imports nothing
//! (`scripts/component-gate.sh`).

#![allow(clippy::print_stdout)] // a build script talks to cargo on standard output

#[path = "../src/sandbox/compilation.rs"]
mod compilation;
mod guest;

use std::{env, error::Error, fs, path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Cargo shows lines with this prefix first and undecorated.
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/sandbox/compilation.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let target = env::var("TARGET")?;

    let small = guest::component(&out, "small-memory")?;
    let native = compilation::engine_for(&target)?.precompile_component(&small)?;
    fs::write(out.join("component.cwasm"), native)?;
    fs::write(out.join("component.wasm"), guest::component(&out, "component")?)?;
    Ok(())
}
