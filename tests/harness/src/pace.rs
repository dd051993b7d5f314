//! Coordinates tests that measure time with tests that would disturb them; bounds a test's time.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc};
use std::time::Duration;

/// Tests run in parallel, and some keep every processor busy. Tests that measure time wait for
/// them.
static PROCESSORS: RwLock<()> = RwLock::new(());

/// Hold it while a test keeps many threads busy.
pub fn busy() -> RwLockReadGuard<'static, ()> {
    PROCESSORS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Hold it while a test measures time.
pub fn quiet() -> RwLockWriteGuard<'static, ()> {
    PROCESSORS.write().unwrap_or_else(PoisonError::into_inner)
}

/// Returns what `work` returns. Panics if it takes longer than `limit`, and leaves its thread
/// behind.
pub fn within<T: Send + 'static>(limit: Duration, complaint: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (answer, answered) = mpsc::channel();
    std::thread::spawn(move || answer.send(work()));
    match answered.recv_timeout(limit) {
        Ok(it) => it,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{complaint} (after {limit:?})"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("see the panic above"),
    }
}
