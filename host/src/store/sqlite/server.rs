//! The databases as a server uses them: it only reads the tokens, and watches for commits
//! of other processes and for replaced files.

use super::changes;
use super::confirmed::Confirmed;
use super::connection::{read_only, read_something, read_write, use_write_ahead_log};
use super::error::Cause;
use super::files::{InPlace, Location, OpenFiles};
use super::index::Index;
use super::last_close::LastClose;
use super::presence::Presence;
use super::reserve::Reserve;
use super::state::State;
use super::watch::{self, Watched};
use super::{FILE_NAME, SqliteAdmin, StoreError, migrations};
use crate::clock::BootTime;
use crate::store::{AdminStore, Changes, Position, ServerStore, Stamp, StateStore, Version, View};
use crate::worker::{Liveness, Worker};
use rusqlite::Connection;
use rustix::fs::statvfs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a request that reads a change waits for the database.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(50);

/// How long a full refresh, in its own thread, waits for the database.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(1);

/// A server's connections to the databases of one directory.
pub struct SqliteServer {
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
    liveness: Liveness,
    _watch: Worker,
    _last_close: LastClose,
    _presences: Vec<Presence>,
}

impl SqliteServer {
    /// Opens the databases in `directory`, as [`SqliteAdmin::open`] does.
    ///
    /// # Errors
    /// When one can't be used.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        // Creates and migrates the database. Closed only once the others are open: the last
        // connection to close would remove the log.
        let writer = SqliteAdmin::open(directory)?;
        let location = Location::of(directory.join(FILE_NAME))?;
        let fail = |cause: Cause| StoreError::of_file(&location.named, cause);
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
            liveness,
            _watch: watch,
            _last_close: LastClose(last_close),
        })
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

    fn view(
        &self,
        connection: &Mutex<Connection>,
        read: impl FnOnce(&Connection) -> Result<Changes, Cause>,
    ) -> Result<View, StoreError> {
        self.check_in_place(BootTime::now())?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        // Taken before the read, so that a commit in between makes the view look outdated,
        // never current.
        let version = Version(Stamp::Index(self.index.stamp()));
        // A connection stays usable after a panic: SQLite rolls back.
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = read(&connection).map_err(|cause| self.error(cause))?;
        Ok(View { changes, version })
    }

    /// A connection to the very files that this server has open. Takes about 2 ms. Fails when
    /// they were replaced, or a newer program has changed their schema.
    fn admin(&self) -> Result<SqliteAdmin, StoreError> {
        self.check_in_place(BootTime::now())?;
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
        let (location, files, state) = (self.location.clone(), files.clone(), self.state.clone().into());
        Ok(SqliteAdmin { connection, location, files, reserve, state })
    }

    fn check_in_place(&self, now: BootTime) -> Result<(), StoreError> {
        if self.tokens.is_replaced(now) {
            return Err(self.error(Cause::Replaced));
        }
        Ok(())
    }

    fn error(&self, cause: Cause) -> StoreError {
        StoreError::of_file(&self.location.named, cause)
    }
}

impl ServerStore for SqliteServer {
    /// Fails when the files were replaced since they were opened: commits then go to others.
    fn is_current(&self, now: BootTime) -> Result<bool, StoreError> {
        self.check_in_place(now)?;
        Ok(self.confirmed.is(&self.index.stamp()))
    }

    fn changes_since(&self, position: Option<&Position>) -> Result<View, StoreError> {
        self.view(&self.reader, |connection| changes::since(connection, position))
    }

    /// On a connection of its own.
    fn everything(&self) -> Result<View, StoreError> {
        self.view(&self.refresher, |it| {
            // Cached pages would hide that the file can no longer be read.
            it.execute_batch("PRAGMA shrink_memory")?;
            changes::everything(it)
        })
    }

    fn set_current(&self, version: &Version) {
        let Stamp::Index(stamp) = &version.0 else { return };
        self.confirmed.set(stamp);
    }

    fn administrator(&self) -> Result<Box<dyn AdminStore>, StoreError> {
        Ok(Box::new(self.admin()?))
    }

    fn rehearse_act(&self) -> Result<(), StoreError> {
        self.admin()?.rehearse()
    }

    fn state(&self) -> Arc<dyn StateStore> {
        self.state.clone()
    }

    /// Replaced files are never written again.
    fn recording_trouble(&self) -> Option<&'static str> {
        let Some(state) = &self.state_files else {
            return Some("the state database can't be used: see the log of the server's start");
        };
        let now = BootTime::now();
        let replaced = state.is_replaced(now) || self.tokens.is_replaced(now);
        replaced.then_some("the database was replaced: restart the server")
    }

    fn free_bytes(&self) -> Option<u64> {
        let disk = statvfs(self.location.directory()).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Recreates the reserve if there is room.
    fn maintain(&self) {
        self.state.make_reserve();
    }

    fn liveness(&self) -> &Liveness {
        &self.liveness
    }
}
