//! Announces running servers and the files that they have open. An act must not report
//! success while a server has other files open than the act: that server would not see the
//! change.
//!
//! Each server has a file `server-<process>-<number>.lock` in the database directory, locked
//! (flock(2)) while it runs. The file holds the identities of the server's database files.

use super::files::Identity;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

const PREFIX: &str = "server-";
const SUFFIX: &str = ".lock";

/// How long a reader waits for a server that has locked its file but not yet written it.
const WRITING: Duration = Duration::from_millis(200);

/// The announcement of this server. Ends when dropped, or when the process ends.
pub(super) struct Presence {
    path: PathBuf,
    _locked: File,
}

impl Presence {
    /// Announces that this process has the files with these identities open.
    pub(super) fn announce(directory: &Path, identities: &[Identity]) -> io::Result<Self> {
        sweep(directory)?;
        // Containers that share the directory may have the same process ID.
        for number in 0..u32::MAX {
            let path = directory.join(format!("{PREFIX}{}-{number}{SUFFIX}", process::id()));
            let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                other => other?,
            };
            file.set_permissions(Permissions::from_mode(0o600))?; // whatever the umask
            flock(&file, FlockOperation::LockExclusive)?;
            // Before it was locked, another process may have removed it as stale.
            if !fs::metadata(&path).is_ok_and(|it| file.metadata().is_ok_and(|own| own.ino() == it.ino())) {
                continue;
            }
            let presence = Self { path, _locked: file.try_clone()? }; // removes the file if the next line fails
            writeln!(file, "{} {}", process::id(), text(identities))?;
            return Ok(presence);
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

/// A running server.
pub(super) struct Server {
    pub(super) process: u32,
    /// The identities of its files: see [`text`].
    pub(super) files: String,
}

/// A lock file that can't be read: its server may run, on unknown files.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) path: PathBuf,
    pub(super) error: io::Error,
}

/// The servers that run in `directory`.
pub(super) fn servers(directory: &Path) -> Result<Vec<Server>, Unreadable> {
    let mut servers = Vec::new();
    for path in announced(directory).map_err(|error| Unreadable { path: directory.to_owned(), error })? {
        let line = running(&path).map_err(|error| Unreadable { path, error })?;
        if let Some(line) = line {
            let (process, files) = line.trim_end().split_once(' ').unwrap_or_default();
            servers.push(Server { process: process.parse().unwrap_or_default(), files: files.into() });
        }
    }
    Ok(servers)
}

/// The line that a running server has written; none if the server is gone.
fn running(path: &Path) -> io::Result<Option<String>> {
    let begun = Instant::now();
    loop {
        let Some(mut file) = locked_by_another(path)? else { return Ok(None) };
        let mut line = String::new();
        file.read_to_string(&mut line)?;
        if line.ends_with('\n') || begun.elapsed() > WRITING {
            return Ok(Some(line));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Opens the lock file of a running server. Removes a stale one, and ignores everything but
/// regular files. The lock is shared, so that two processes can inspect a stale file at once.
fn locked_by_another(path: &Path) -> io::Result<Option<File>> {
    // Opening a pipe would wait for its writer.
    let flags = OFlags::NONBLOCK.bits() | OFlags::NOFOLLOW.bits();
    let file = match OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path) {
        Ok(file) => file,
        Err(error)
            if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => {
            drop(fs::remove_file(path));
            Ok(None)
        }
        Err(Errno::WOULDBLOCK) => Ok(Some(file)),
        Err(error) => Err(error.into()),
    }
}

/// Removes the files of servers that are gone. Leaves files that can't be read.
fn sweep(directory: &Path) -> io::Result<()> {
    announced(directory)?.iter().for_each(|path| drop(locked_by_another(path)));
    Ok(())
}

fn announced(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// Identities in the form that lock files hold.
pub(super) fn text(identities: &[Identity]) -> String {
    let each: Vec<_> = identities.iter().map(|it| format!("{:x}:{:x}", it.device, it.inode)).collect();
    each.join(" ")
}
