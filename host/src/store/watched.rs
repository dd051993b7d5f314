//! The databases as a server uses them: it only reads the tokens, and watches for commits
//! of other processes and for replaced files.

use super::changes::{self, Changes, Position};
use super::condition::Condition;
use super::confirmed::Confirmed;
use super::connection::{read_only, read_something, read_write, use_write_ahead_log};
use super::error::Cause;
use super::files::{InPlace, Location, OpenFiles};
use super::index::{Index, Stamp};
use super::last_close::LastClose;
use super::presence::Presence;
use super::reserve::Reserve;
use super::watch::{self, Watched};
use super::{FILE_NAME, State, Store, StoreError, migrations};
use crate::worker::{Liveness, Worker};
use rusqlite::Connection;
use rustix::fs::statvfs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a request that reads a change waits for the database.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(50);

/// How long a full refresh, in its own thread, waits for the database.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(1);

/// A server's connections to the databases of one directory.
pub struct WatchedStore {
    /// For requests, which read changes.
    reader: Mutex<Connection>,
    /// For full refreshes, so that they don't block requests.
    refresher: Mutex<Connection>,
    index: Index,
    confirmed: Confirmed,
    state: Arc<State>,
    location: Location,
    tokens: Arc<Watched>,
    /// None if the state database can't be opened.
    state_files: Option<Arc<Watched>>,
    reads: AtomicU64,
    acts: Condition,
    liveness: Liveness,
    _watch: Worker,
    _last_close: LastClose,
    _presences: Vec<Presence>,
}

/// Changes, and the state of the database before they were read: see
/// [`WatchedStore::set_current`].
pub struct View {
    /// The changes that were read.
    pub changes: Changes,
    /// The state of the database before the read.
    pub version: Version,
}

/// A state of the database, opaque outside the store.
pub struct Version(Stamp);

impl WatchedStore {
    /// Opens the databases in `directory`, as [`Store::open`] does.
    ///
    /// # Errors
    /// When one can't be used.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        // Creates and migrates the database. Closed only once the others are open: the last
        // connection to close would remove the log.
        let writer = Store::open(directory)?;
        let location = Location::of(directory.join(FILE_NAME))?;
        let fail = |cause: Cause| StoreError::new(&location.named, cause);
        let connect = |timeout| read_only(&location.file, timeout).map_err(fail);
        let (reader, refresher) = (connect(REQUEST_TIMEOUT)?, connect(REFRESH_TIMEOUT)?);
        let index = Index::of(connect(REQUEST_TIMEOUT)?).map_err(fail)?;
        drop(writer);
        let files = OpenFiles::of(&location, 3)?;
        let state = State::of_server(&location);

        let tokens = Arc::new(Watched::new(&location.named, files.clone()));
        let mut watched = vec![tokens.clone()];
        let state_files = state.files().map(|it| Arc::new(Watched::new(state.path(), it.clone())));
        watched.extend(state_files.clone());
        let mut last_close = vec![(location.file.clone(), tokens.clone())];
        last_close.extend(state_files.clone().map(|it| (state.file().to_owned(), it)));
        let liveness = Liveness::default();
        let watch = watch::start(&location.directories(), watched, &liveness).map_err(|error| fail(error.into()))?;
        let announce = || {
            let all = location.directories();
            let presences = all.into_iter().map(|it| Presence::announce(it, files.identities()));
            presences.collect::<Result<_, _>>().map_err(|error: io::Error| fail(error.into()))
        };
        let presences = match announce() {
            Err(error) if error.is_for_want_of_room() && state.give_up_reserve() => announce()?,
            announced => announced?,
        };
        Ok(Self {
            _presences: presences,
            reader: reader.into(),
            refresher: refresher.into(),
            index,
            confirmed: Confirmed::default(),
            state: state.into(),
            location,
            tokens,
            state_files,
            reads: AtomicU64::new(0),
            acts: Condition::default(),
            liveness,
            _watch: watch,
            _last_close: LastClose(last_close),
        })
    }

    /// Whether nothing was committed since [`Self::set_current`]. Takes no lock and never waits.
    ///
    /// # Errors
    /// When the files were replaced since they were opened: commits then go to others.
    pub fn is_current(&self, now: Instant) -> Result<bool, StoreError> {
        self.check_in_place(now)?;
        Ok(self.confirmed.is(&self.index.stamp()))
    }

    /// Reads what has changed since `position`, or everything: see [`Changes::complete`].
    ///
    /// # Errors
    /// The database can't be read.
    pub fn changes_since(&self, position: Option<&Position>) -> Result<View, StoreError> {
        self.view(&self.reader, |connection| changes::since(connection, position))
    }

    /// Reads all tokens, on a connection of its own, so that [`Self::changes_since`] doesn't wait.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn everything(&self) -> Result<View, StoreError> {
        self.view(&self.refresher, |it| {
            // Cached pages would hide that the file can no longer be read.
            it.execute_batch("PRAGMA shrink_memory")?;
            changes::everything(it)
        })
    }

    /// Makes [`Self::is_current`] true while the database is in the state `version`. Call it
    /// after applying the changes that came with `version`, from one thread at a time.
    pub fn set_current(&self, version: &Version) {
        self.confirmed.set(&version.0);
    }

    /// An administrator's connection to the very files that this server has open, for one
    /// act. Takes about 2 ms.
    ///
    /// # Errors
    /// The files were replaced, a newer program has changed their schema, or they can't be
    /// opened. Nothing was changed.
    pub fn administrator(&self) -> Result<Store, StoreError> {
        self.check_in_place(Instant::now())?;
        let files = self.tokens.files();
        if files.in_place() == InPlace::No {
            return Err(self.error(Cause::Replaced));
        }
        let mut connection = read_write(&self.location.file).map_err(|cause| self.error(cause))?;
        // The names may have led to other files for a moment: nothing is written before this.
        let is_ours = || -> Result<bool, Cause> {
            let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
            read_something(&connection)?;
            Ok(mode == "wal" && self.index.is_of(&connection)?)
        };
        if !is_ours().map_err(|cause| self.error(cause))? {
            return Err(self.error(Cause::Replaced));
        }
        migrations::version(&mut connection, &migrations::TOKENS).map_err(|cause| self.error(cause))?;
        use_write_ahead_log(&connection).map_err(|cause| self.error(cause))?;
        let reserve = Reserve::in_directory(self.location.directory());
        let (location, files, state) = (self.location.clone(), files.clone(), Some(self.state.clone()));
        Ok(Store { connection, location, files, reserve, state })
    }

    /// The database that servers write.
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Whether last-seen times and scopes can be written: their files are in place.
    pub fn can_record(&self) -> bool {
        let now = Instant::now();
        let state = self.state_files.as_ref();
        state.is_some_and(|it| !it.is_replaced(now)) && !self.tokens.is_replaced(now)
    }

    /// Why last-seen times and scopes can't be stored, as far as that is known without a try.
    pub(crate) fn recording_trouble(&self) -> Option<&'static str> {
        if self.state_files.is_none() {
            return Some("the state database can't be used: see the log of the server's start");
        }
        (!self.can_record()).then_some("the database was replaced: restart the server")
    }

    /// Whether acts can be stored, by the last rehearsal.
    pub(crate) fn acts(&self) -> &Condition {
        &self.acts
    }

    /// How many bytes are free on the disk of the token database; none if that can't be told.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        let disk = statvfs(self.location.directory()).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Runs `work` while no other thread can read the token database.
    pub fn without_connections<T>(&self, work: impl FnOnce() -> T) -> T {
        let _both = [&self.reader, &self.refresher].map(|it| it.lock().unwrap_or_else(PoisonError::into_inner));
        work()
    }

    /// How often the token database was read since it was opened; for tests.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// The liveness of the threads that the server's guarantees depend on.
    pub(crate) fn liveness(&self) -> &Liveness {
        &self.liveness
    }

    /// The error to return instead of retrying just after a failure.
    pub(crate) fn paused(&self) -> StoreError {
        self.error(Cause::Paused)
    }

    fn view(
        &self,
        connection: &Mutex<Connection>,
        read: impl FnOnce(&Connection) -> Result<Changes, Cause>,
    ) -> Result<View, StoreError> {
        self.check_in_place(Instant::now())?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        // Taken before the read, so that a commit in between makes the view look outdated,
        // never current.
        let version = Version(self.index.stamp());
        // A connection stays usable after a panic: SQLite rolls back.
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = read(&connection).map_err(|cause| self.error(cause))?;
        Ok(View { changes, version })
    }

    fn check_in_place(&self, now: Instant) -> Result<(), StoreError> {
        if self.tokens.is_replaced(now) {
            return Err(self.error(Cause::Replaced));
        }
        Ok(())
    }

    fn error(&self, cause: Cause) -> StoreError {
        StoreError::new(&self.location.named, cause)
    }
}
