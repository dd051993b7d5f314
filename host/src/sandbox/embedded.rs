//! The component that the build script left, in both its forms.

#![allow(unsafe_code)] // see `component`

use super::SandboxError;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The contract, as text with comments, which a component does not carry.
pub const CONTRACT: &str = include_str!("../../../wit/auth.wit");

/// The portable component: for other hosts.
#[must_use]
pub fn portable_component() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/component.wasm"))
}

/// The same, compiled ahead of time: loading it compiles nothing.
///
/// # Errors
/// When `engine` has other settings than it was compiled for.
pub fn component(engine: &Engine) -> Result<Component, SandboxError> {
    const NATIVE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/component.cwasm"));
    // SAFETY: these bytes are what `precompile_component` of the same wasmtime
    // answered in our build script, and are part of the program itself: whoever
    // can change them can change any other code of it.
    Ok(unsafe { Component::deserialize(engine, NATIVE) }?)
}
