//! The component that the build script made, both portable and compiled.

#![allow(unsafe_code)] // see `component`

use super::SandboxError;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The text of the contract. A component carries the types but not the comments.
pub const CONTRACT: &str = include_str!("../../../wit/auth.wit");

/// The portable component, for other hosts.
#[must_use]
pub fn portable_component() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/component.wasm"))
}

/// The component compiled ahead of time: loading it compiles nothing. Its memory is as
/// small as a decision needs, since all of it is wiped after each; arguments of more than
/// about 9 KB in total may trap.
///
/// # Errors
/// When `engine` has other settings than the build script's.
pub fn component(engine: &Engine) -> Result<Component, SandboxError> {
    const NATIVE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/component.cwasm"));
    // SAFETY: our build script got these bytes from `precompile_component` of the same
    // wasmtime, and they are part of the program: whoever can change them can change any
    // of its code.
    Ok(unsafe { Component::deserialize(engine, NATIVE) }?)
}
