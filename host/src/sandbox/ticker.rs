//! The clock that deadlines are counted by: one thread for each engine.

use std::time::Duration;
use std::{io, thread};
use wasmtime::Engine;

/// The time between two ticks.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// An instance is stopped at this many ticks after its start: the first may come
/// at once, so after more than two and at most three times [`TICK`].
pub(super) const DEADLINE_TICKS: u64 = 3;

/// Starts the ticker of `engine`. It ends with the engine.
pub(super) fn start(engine: &Engine) -> io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("deadlines".into()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine); // not kept alive by its own clock
            thread::sleep(TICK);
        }
    })?;
    Ok(())
}
