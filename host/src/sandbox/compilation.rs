//! How components are compiled: the settings that compiled code depends on. The
//! build script and the running program share this file, since wasmtime loads
//! compiled code only into an engine with the same settings.

use wasmtime::{Config, Result};

/// Linear memories end in a guard region of this size, in bytes, and start in
/// address space reserved for all that 32-bit addresses reach. So the processor
/// checks the bounds, and compiled code need not.
const RESERVATION: u64 = 4 << 30;
const GUARD: u64 = 32 << 20;

/// The settings of both engines.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true) // deadlines
        .memory_reservation(RESERVATION)
        .memory_guard_size(GUARD)
        .memory_may_move(false)
        .wasm_component_model(true)
        .max_wasm_stack(128 * 1024);
    config
}

/// An engine that compiles for the baseline CPU of `target`, a target triple: with
/// the triple named, wasmtime leaves out what only the building machine has.
#[allow(dead_code)] // the program never compiles
pub(crate) fn engine_for(target: &str) -> Result<wasmtime::Engine> {
    wasmtime::Engine::new(config().target(target)?)
}
