//! Notices when a server's database files are moved, replaced or deleted. The kernel reports
//! changes in their directories (inotify(7)). A periodic check covers what it doesn't report:
//! lost events and renamed ancestors. The thread never waits for a database.

use super::files::{InPlace, OpenFiles};
use crate::clock::{AtomicBootTime, BootTime};
use crate::worker::{Liveness, Stop, Worker};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// The time between two checks without an event.
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// A request repeats a check that is older than this, since the thread must have stood still.
pub(super) const STALE_AFTER: Duration = Duration::from_millis(100);

/// Within this time a server notices that its files were replaced.
pub(super) const NOTICED_WITHIN: Duration = Duration::from_millis(120);

/// The files of a database, and whether they were replaced. A replacement is never revoked.
pub(super) struct Watched {
    name: String,
    files: OpenFiles,
    replaced: AtomicBool,
    checked: AtomicBootTime,
}

impl Watched {
    pub(super) fn new(name: &Path, files: OpenFiles) -> Self {
        let name = name.display().to_string();
        Self { name, files, replaced: AtomicBool::new(false), checked: AtomicBootTime::new(BootTime::now()) }
    }

    pub(super) fn files(&self) -> &OpenFiles {
        &self.files
    }

    /// Whether they were replaced, according to a check no older than [`STALE_AFTER`].
    pub(super) fn is_replaced(&self, now: BootTime) -> bool {
        if now.since(self.checked.load(Relaxed)) > STALE_AFTER {
            self.check();
        }
        self.replaced.load(Relaxed)
    }

    fn check(&self) {
        let now = BootTime::now();
        if self.files.in_place() == InPlace::No {
            self.set_replaced();
        }
        self.checked.store(now, Relaxed);
    }

    fn set_replaced(&self) {
        if !self.replaced.swap(true, Relaxed) {
            tracing::error!(
                "the database {} was moved, replaced or deleted, or its -wal or -shm file was: restart the server",
                self.name
            );
        }
    }
}

/// Starts to watch `databases`, whose names are in `directories`. Without inotify only the
/// periodic check remains.
///
/// # Errors
/// When the operating system gives no thread.
pub(super) fn start(directories: &[&Path], databases: Vec<Arc<Watched>>, liveness: &Liveness) -> io::Result<Worker> {
    let moves = subscribe(directories, WatchFlags::MOVE_SELF).ok();
    let events = subscribe(directories, changes()).inspect_err(|error| {
        tracing::warn!(%error, "can't watch the database directory (see fs.inotify.max_user_instances): files that are replaced are noticed only within {CHECK_EVERY:?}");
    });
    let events = events.ok();
    Worker::start("watch", liveness, move |stop| watch(events.as_ref(), moves.as_ref(), stop, &databases))
}

fn changes() -> WatchFlags {
    WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVE | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF
}

fn subscribe(directories: &[&Path], changes: WatchFlags) -> io::Result<OwnedFd> {
    let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    for directory in directories {
        inotify::add_watch(&events, *directory, changes | WatchFlags::ONLYDIR)?;
    }
    Ok(events)
}

fn watch(events: Option<&OwnedFd>, moves: Option<&OwnedFd>, stop: &Stop, databases: &[Arc<Watched>]) {
    loop {
        // Drained first: a change during the checks wakes the next wait.
        drain(events);
        // Through a bind mount our names still work, but other processes see another directory.
        if drain(moves) {
            databases.iter().for_each(|it| it.set_replaced());
        }
        databases.iter().for_each(|it| it.check());
        if stop.or_readable_within(events.map(|it| it.as_fd()), CHECK_EVERY) {
            return;
        }
    }
}

/// Reads all pending events; returns whether there was any.
fn drain(events: Option<&OwnedFd>) -> bool {
    let mut buffer = [0_u8; 4096];
    let mut any = false;
    while let Some(Ok(1..)) = events.map(|it| rustix::io::read(it, &mut buffer)) {
        any = true;
    }
    any
}
