//! Tests that measure a time, tests that would disturb them, and tests that must end.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc};
use std::time::Duration;

/// Tests run beside one another, and some keep every processor busy. Those that
/// measure a time wait for them.
static PROCESSORS: RwLock<()> = RwLock::new(());

/// To be held by a test that keeps many threads busy, while it does.
pub fn busy() -> RwLockReadGuard<'static, ()> {
    PROCESSORS.read().unwrap_or_else(PoisonError::into_inner)
}

/// To be held by a test that measures a time, while it does.
pub fn quiet() -> RwLockWriteGuard<'static, ()> {
    PROCESSORS.write().unwrap_or_else(PoisonError::into_inner)
}

/// Returns what `work` returns; panics when it takes longer than `limit`, and leaves
/// its thread behind.
pub fn within<T: Send + 'static>(limit: Duration, complaint: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (answer, answered) = mpsc::channel();
    std::thread::spawn(move || answer.send(work()));
    match answered.recv_timeout(limit) {
        Ok(it) => it,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{complaint} (after {limit:?})"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("see the panic above"),
    }
}
