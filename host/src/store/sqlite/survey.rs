//! Surveys a database directory, for `jerakia doctor`.

use super::error::Cause;
use super::existing::Existing;
use super::files::{Identity, Location, refuse_other_names};
use super::reserve::Reserve;
use super::{DatabaseFile, StoreError, Unseen, copy, presence, tokens};
use crate::model::{StoredToken, Token};
use jiff::Timestamp;
use rusqlite::params;
use rustix::fs::statvfs;
use std::fs;
use std::path::{Path, PathBuf};

/// The state of a database directory.
#[derive(Debug)]
pub struct Survey {
    /// Where the files are: if `tokens.db` is a symbolic link, not `databasedir`.
    pub directory: PathBuf,
    /// The existing files: databases, logs, indexes, the reserve.
    pub files: Vec<PathBuf>,
    /// Unfinished copies: a backup or a restore runs, or was killed.
    pub unfinished: Vec<PathBuf>,
    /// The servers that run on it.
    pub servers: Vec<ServerFiles>,
    /// How many bytes are free on its disk; none if the system doesn't say.
    pub free: Option<u64>,
    /// Whether the reserve exists.
    pub has_reserve: bool,
    /// Why commands refuse the database, if its names are the reason.
    pub names: Option<StoreError>,
}

/// A running server.
#[derive(Debug)]
pub struct ServerFiles {
    /// Its process ID, in its own name space.
    pub process: u32,
    /// Whether its open files are the ones that have the names now.
    pub in_place: bool,
}

impl Survey {
    /// Surveys `directory`, and changes nothing.
    ///
    /// # Errors
    /// A link that leads nowhere, or a server's lock file that can't be read.
    pub fn of(directory: &Path) -> Result<Self, StoreError> {
        let tokens = DatabaseFile::Tokens.location(directory)?;
        let state = DatabaseFile::State.location(directory)?;
        let reserve = Reserve::in_directory(tokens.directory());
        let all = tokens.each_file().into_iter().chain(state.each_file()).chain([reserve.path().to_owned()]);
        let metadata = fs::metadata(&tokens.file);
        let names = metadata.ok().and_then(|it| refuse_other_names(&tokens.file, &it).err());
        Ok(Self {
            files: all.filter(|it| it.exists()).collect(),
            unfinished: unfinished(tokens.directory()),
            servers: servers(&tokens)?,
            free: statvfs(tokens.directory()).ok().map(|it| it.f_bavail.saturating_mul(it.f_frsize)),
            has_reserve: reserve.is_there(),
            names: names.map(|cause| StoreError::of_file(&tokens.named, cause)),
            directory: tokens.directory().to_owned(),
        })
    }
}

/// Calls `look` with each token in `directory` as it is at `now`, in seconds since the epoch.
/// `last_seen` is that of either secret. Unlike a list of an [`AdminStore`](crate::store::AdminStore), it creates
/// and migrates nothing: the database must have the newest schema.
///
/// # Errors
/// A database can't be read.
pub fn each_token(directory: &Path, now: i64, mut look: impl FnMut(&Token)) -> Result<(), StoreError> {
    let location = DatabaseFile::Tokens.location(directory)?;
    let named = location.named.clone();
    let read = || -> Result<(), Cause> {
        let mut all = Existing::open(location)?;
        let mut state = DatabaseFile::State.location(directory).ok().and_then(|it| Existing::open(it).ok());
        let mut select = all.connection()?.prepare(tokens::COLUMNS)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let stored = tokens::stored(row)?;
            let seen = state.as_mut().map(|it| last_seen(it, &stored, now)).transpose()?.flatten();
            let last_seen = seen.and_then(|it| Timestamp::from_second(it).ok());
            look(&Token { last_seen, ..stored.shown(now) });
        }
        Ok(())
    };
    read().map_err(|cause| StoreError::of_file(&named, cause))
}

/// The first `most` API IDs in `directory` that begin with `prefix`. It creates and migrates
/// nothing: the database must have the newest schema.
///
/// # Errors
/// The database can't be read.
pub fn api_ids_beginning(directory: &Path, prefix: &str, most: u32) -> Result<Vec<String>, StoreError> {
    let location = DatabaseFile::Tokens.location(directory)?;
    let named = location.named.clone();
    let read = || -> Result<_, Cause> {
        let mut all = Existing::open(location)?;
        let sql = "SELECT api_id FROM token WHERE substr(api_id, 1, length(?1)) = ?1 ORDER BY api_id LIMIT ?2";
        let mut select = all.connection()?.prepare(sql)?;
        let names = select.query_map(params![prefix, most], |row| row.get(0))?;
        Ok(names.collect::<rusqlite::Result<_>>()?)
    };
    read().map_err(|cause| StoreError::of_file(&named, cause))
}

fn last_seen(state: &mut Existing, token: &StoredToken, now: i64) -> Result<Option<i64>, Cause> {
    let sql = "SELECT max(at) FROM last_seen WHERE api_id = ?1 AND token = ?2 AND at <= ?3";
    let mut select = state.connection()?.prepare_cached(sql)?;
    Ok(select.query_row(params![token.api_id, token.id, now], |row| row.get(0))?)
}

fn unfinished(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|it| it.path());
    entries.filter(|it| copy::is_unfinished(it)).collect()
}

fn servers(database: &Location) -> Result<Vec<ServerFiles>, StoreError> {
    let unseen = |it: presence::Unreadable| StoreError::of_file(&database.named, Unseen::from(it).before());
    let files = database.each_file();
    let now: Vec<_> = files.iter().filter_map(|it| fs::metadata(it).ok()).map(|it| Identity::of(&it)).collect();
    let directory = database.directory();
    let running = if directory.exists() { presence::servers(directory).map_err(unseen)? } else { Vec::new() };
    let seen = |it: presence::Server| ServerFiles { process: it.process, in_place: it.files == presence::text(&now) };
    Ok(running.into_iter().map(seen).collect())
}
