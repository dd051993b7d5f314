//! Counts the deadlines of instances: one thread per engine.

use rustix::time::{ClockId, Timespec, clock_gettime};
use std::time::Duration;
use std::{io, thread};
use wasmtime::{Engine, Store, StoreContextMut, Trap, UpdateDeadline};

/// The time between two ticks.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// An instance is stopped at this many ticks after its start. The first can come at once,
/// so that is after two to three times [`TICK`].
pub(super) const DEADLINE_TICKS: u64 = 3;

/// An instance that has computed for at least this long is stopped at its last tick. No
/// decision takes a tenth of it.
const ENOUGH: Duration = Duration::from_millis(1);

/// Kept per store: the processor time that its thread had used at the first tick.
pub(super) type AtFirstTick = Option<Timespec>;

/// Sets the deadline of `store`. Ticks are wall-clock time: on a busy machine a thread can
/// wait for a processor through all of them. So at the last one we check processor time,
/// and extend the deadline if the thread barely ran.
pub(super) fn limit(store: &mut Store<AtFirstTick>) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store: StoreContextMut<'_, AtFirstTick>| {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        let Some(first) = *store.data() else {
            *store.data_mut() = Some(now);
            return Ok(UpdateDeadline::Continue(DEADLINE_TICKS - 1));
        };
        let computed = Duration::try_from(now - first).unwrap_or(Duration::MAX);
        if computed < ENOUGH { Ok(UpdateDeadline::Continue(1)) } else { Err(Trap::Interrupt.into()) }
    });
}

/// Starts the ticker of `engine`. It ends with the engine.
pub(super) fn start(engine: &Engine) -> io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("deadlines".into()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine); // the ticker must not keep its engine alive
            thread::sleep(TICK);
        }
    })?;
    Ok(())
}
