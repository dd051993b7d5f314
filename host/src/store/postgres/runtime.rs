//! The thread that talks to PostgreSQL, for callers that wait.

use super::error::Cause;
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime as Tokio};
use tokio::time::timeout;

/// Drives all connections of an engine on one thread.
pub(super) struct Runtime(Option<Tokio>);

impl Runtime {
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start() -> io::Result<Self> {
        let tokio = Builder::new_multi_thread().worker_threads(1).thread_name("postgresql").enable_all().build()?;
        Ok(Self(Some(tokio)))
    }

    /// Runs `work`, and fails once it has taken `most`. For threads that may block: within an
    /// asynchronous task it panics.
    pub(super) fn within<T, E>(&self, most: Duration, work: impl Future<Output = Result<T, E>>) -> Result<T, Cause>
    where
        Cause: From<E>,
    {
        let Some(tokio) = &self.0 else { return Err(Cause::Silent) };
        tokio.block_on(async { timeout(most, work).await.map_err(|_| Cause::Silent)?.map_err(Cause::from) })
    }

    /// Runs `task` beside.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tokio) = &self.0 {
            tokio.spawn(task);
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Not awaited: the last owner may be an asynchronous task, which must not block.
        if let Some(tokio) = self.0.take() {
            tokio.shutdown_background();
        }
    }
}
