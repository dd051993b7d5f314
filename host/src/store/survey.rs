//! What there is in a database directory, for `jerakia doctor`.

use super::files::{Identity, Location, refuse_other_names};
use super::reserve::Reserve;
use super::{Kind, StoreError, Unseen, copy, presence};
use rustix::fs::statvfs;
use std::fs;
use std::path::{Path, PathBuf};

/// A database directory, as it is.
#[derive(Debug)]
pub struct Survey {
    /// Where the files are: not `databasedir` where `tokens.db` is a symbolic link.
    pub directory: PathBuf,
    /// The files that are there: databases, logs, indexes, the reserve.
    pub files: Vec<PathBuf>,
    /// Copies that a backup or a restore has not finished: it runs, or was killed.
    pub unfinished: Vec<PathBuf>,
    /// The servers that run on it.
    pub servers: Vec<ServerFiles>,
    /// How many bytes are free on its disk; none where the system does not say.
    pub free: Option<u64>,
    /// Whether there is room in reserve for acts on a full disk.
    pub has_reserve: bool,
    /// Why commands refuse the database, if its names are the reason.
    pub names: Option<StoreError>,
}

/// A running server.
#[derive(Debug)]
pub struct ServerFiles {
    /// Its process ID, in its own name space.
    pub process: u32,
    /// Whether it has the files open that have the names now.
    pub in_place: bool,
}

impl Survey {
    /// Looks around in `directory`, and changes nothing.
    ///
    /// # Errors
    /// A link that leads nowhere, or a server's lock file that can't be read.
    pub fn of(directory: &Path) -> Result<Self, StoreError> {
        let tokens = Kind::Tokens.location(directory)?;
        let state = Kind::State.location(directory)?;
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
            names: names.map(|cause| StoreError::new(&tokens.named, cause)),
            directory: tokens.directory().to_owned(),
        })
    }
}

fn unfinished(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|it| it.path());
    entries.filter(|it| copy::is_unfinished(it)).collect()
}

fn servers(tokens: &Location) -> Result<Vec<ServerFiles>, StoreError> {
    let unseen = |it: presence::Unreadable| StoreError::new(&tokens.named, Unseen::from(it).before());
    let files = tokens.each_file();
    let now: Vec<_> = files.iter().filter_map(|it| fs::metadata(it).ok()).map(|it| Identity::of(&it)).collect();
    let directory = tokens.directory();
    let running = if directory.exists() { presence::servers(directory).map_err(unseen)? } else { Vec::new() };
    let seen = |it: presence::Server| ServerFiles { process: it.process, in_place: it.files == presence::text(&now) };
    Ok(running.into_iter().map(seen).collect())
}
