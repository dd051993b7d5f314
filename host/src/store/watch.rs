//! Notices when the files of a server's databases are moved, replaced or deleted. The
//! kernel reports changes of the directories (inotify(7)); a slow check covers what it
//! does not report: a lost event, an ancestor that was renamed. The thread never waits
//! for a database.

use super::files::{InPlace, OpenFiles};
use crate::worker::{Liveness, Stop, Worker};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// Between two checks that no event has called for.
const CHECK_EVERY: Duration = Duration::from_millis(250);

/// A database to watch.
pub(super) struct Watched {
    pub(super) name: String,
    pub(super) files: OpenFiles,
    /// Set when a file was replaced, and for good.
    pub(super) replaced: Arc<AtomicBool>,
}

/// Starts to watch `databases`, whose names are in `directories`.
///
/// # Errors
/// When the operating system gives no thread. Without inotify the slow check remains.
pub(super) fn start(directories: &[&Path], databases: Vec<Watched>, liveness: &Liveness) -> io::Result<Worker> {
    let events = subscribe(directories).inspect_err(|error| {
        tracing::warn!(%error, "can't watch the database directory (see fs.inotify.max_user_instances): files that are replaced are noticed only within {CHECK_EVERY:?}");
    });
    let events = events.ok();
    Worker::start("watch", liveness, move |stop| watch(events.as_ref(), stop, &databases))
}

fn subscribe(directories: &[&Path]) -> io::Result<OwnedFd> {
    let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    let changes = WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::MOVE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR;
    for directory in directories {
        inotify::add_watch(&events, *directory, changes)?;
    }
    Ok(events)
}

fn watch(events: Option<&OwnedFd>, stop: &Stop, databases: &[Watched]) {
    loop {
        // Drained first: a change during the checks wakes the next wait.
        drain(events);
        databases.iter().for_each(check);
        if stop.or_readable_within(events.map(|it| it.as_fd()), CHECK_EVERY) {
            return;
        }
    }
}

fn check(it: &Watched) {
    if it.files.in_place() == InPlace::No && !it.replaced.swap(true, Relaxed) {
        tracing::error!(
            "the database {} was moved, replaced or deleted, or its -wal or -shm file was: restart the server",
            it.name
        );
    }
}

fn drain(events: Option<&OwnedFd>) {
    let mut buffer = [0_u8; 4096];
    while let Some(events) = events {
        match rustix::io::read(events, &mut buffer) {
            Ok(1..) => (),
            Ok(0) | Err(_) => return,
        }
    }
}
