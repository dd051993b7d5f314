//! What the scenarios share: a place with a database, a server on a real port, and
//! guests written by hand.

mod guest;
mod http;
mod place;

pub use guest::Guest;
pub use http::Server;
pub use place::{Acts, NOW, Place, find, see};

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc};
use std::time::Duration;

/// The size of a test: small in CI, big under `make torture`.
pub fn size(small: usize, torture: usize) -> usize {
    if std::env::var_os("JERAKIA_TORTURE").is_some_and(|it| it == "1") { torture } else { small }
}

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

/// What `work` answers; fails when it takes longer than `limit`. Then its thread is
/// left behind.
pub fn within<T: Send + 'static>(limit: Duration, complaint: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (answer, answered) = mpsc::channel();
    std::thread::spawn(move || answer.send(work()));
    match answered.recv_timeout(limit) {
        Ok(it) => it,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{complaint} (after {limit:?})"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("see the panic above"),
    }
}
