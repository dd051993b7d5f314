//! The component that the build script made, both portable and compiled.

#![allow(unsafe_code)] // see `component` and `NATIVE`

use super::SandboxError;
use super::engine::engine_in_place;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};
use wasmtime::Engine;
use wasmtime::component::Component;

/// The text of the contract. A component carries the types but not the comments.
pub const CONTRACT: &str = include_str!("../../../wit/auth.wit");

/// The portable component, for other hosts.
#[must_use]
pub fn portable_component() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/component.wasm"))
}

/// The component compiled ahead of time, among the program's machine code: readable and executable,
/// and never writable. Its code must begin at a page.
#[unsafe(link_section = ".text.component")]
static NATIVE: Page<[u8; BYTES.len()]> = Page(*BYTES);

const BYTES: &[u8; include_bytes!(concat!(env!("OUT_DIR"), "/component.cwasm")).len()] =
    include_bytes!(concat!(env!("OUT_DIR"), "/component.cwasm"));

#[repr(C, align(4096))]
struct Page<T>(T);

/// The component compiled ahead of time: loading it compiles nothing. This copies it into memory
/// that then becomes executable.
///
/// # Errors
/// When `engine` has other settings than the build script's.
pub fn component(engine: &Engine) -> Result<Component, SandboxError> {
    // SAFETY: our build script got these bytes from `precompile_component` of the same
    // wasmtime, and they are part of the program: whoever can change them can change any
    // of its code.
    Ok(unsafe { Component::deserialize(engine, &NATIVE.0[..]) }?)
}

/// Like [`component`], but uses the bytes where they are, with an engine that knows that they
/// are executable. Wasmtime registers code by its address, so all sandboxes of a process share
/// both; they stay until it ends.
///
/// # Errors
/// As [`component`] and [`super::engine::engine_in_place`].
pub(super) fn component_in_place() -> Result<(Engine, Component), SandboxError> {
    static SHARED: Mutex<Option<(Engine, Component)>> = Mutex::new(None);
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(both) = &*shared {
        return Ok(both.clone());
    }
    let engine = engine_in_place()?;
    // SAFETY: as in `component`. The bytes are static, and nothing writes to them.
    let component = unsafe { Component::deserialize_raw(&engine, NonNull::from(&NATIVE.0[..])) }?;
    Ok(shared.insert((engine, component)).clone())
}
