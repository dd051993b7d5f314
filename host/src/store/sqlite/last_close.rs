//! Empties the write-ahead logs when a server ends.

use super::connection::{read_something, read_write};
use super::watch::Watched;
use crate::clock::BootTime;
use std::path::PathBuf;
use std::sync::Arc;

/// Moves the logs into the databases when the server ends: opens and closes each once more,
/// by name, since the server's own connections never write. Afterwards a plain copy of the
/// file is complete, and no old log is left that SQLite would apply to a file copied in its
/// place. Dropped after the connections.
pub(super) struct LastClose(pub(super) Vec<(PathBuf, Arc<Watched>)>);

impl Drop for LastClose {
    fn drop(&mut self) {
        for (file, watched) in &self.0 {
            if watched.is_replaced(BootTime::now()) {
                continue;
            }
            if let Err(error) = read_write(file).and_then(|it| Ok(read_something(&it)?)) {
                tracing::debug!(%error, "the log stays beside {}", file.display());
            }
        }
    }
}
