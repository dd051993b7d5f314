//! Builds the component from `../core-wasm`, compiles it ahead of time, and leaves
//! both files for `src/sandbox/embedded.rs`: `component.wasm`, the portable one, and
//! `component.cwasm`, the native one. `make check` asserts that it imports nothing
//! (`scripts/component-gate.sh`).

#![allow(clippy::print_stdout)] // this is how a build script speaks to cargo

#[path = "../src/sandbox/compilation.rs"]
mod compilation;
mod guest;

use std::{env, error::Error, fs, path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Cargo shows the lines with this prefix first and without decoration.
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

    let component = guest::component(&out)?;
    let native = compilation::engine_for(&target)?.precompile_component(&component)?;
    fs::write(out.join("component.wasm"), component)?;
    fs::write(out.join("component.cwasm"), native)?;
    Ok(())
}
