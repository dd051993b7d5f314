//! The settings that components are compiled with. The build script and the program share
//! this file, since wasmtime loads compiled code only into an engine with equal settings.

use wasmtime::{Config, Result};

/// Address space reserved for each linear memory, in bytes: all that 32-bit addresses
/// reach. With the guard region behind it, the processor checks bounds and compiled code
/// need not.
const RESERVATION: u64 = 4 << 30;
/// The guard region behind each linear memory, in bytes.
const GUARD: u64 = 32 << 20;

/// The settings that both engines share.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true) // deadlines
        .memory_reservation(RESERVATION)
        .memory_guard_size(GUARD)
        .memory_may_move(false)
        .wasm_component_model(true)
        .wasm_custom_page_sizes(true) // see `small-memory` in core-wasm
        .max_wasm_stack(128 * 1024);
    config
}

/// An engine that compiles for the baseline CPU of `target`, a target triple. Without an
/// explicit target wasmtime would use features of the machine that builds.
#[allow(dead_code)] // the program never compiles
pub(crate) fn engine_for(target: &str) -> Result<wasmtime::Engine> {
    wasmtime::Engine::new(config().target(target)?)
}
