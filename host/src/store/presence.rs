//! Which servers run on a database, and which files they have open. An act must not
//! report success while a server has other files open than the act itself: that server
//! would go on with what it knows.
//!
//! Each server has a file `server-<process>-<number>.lock` in the database directory,
//! locked (flock(2)) for as long as it runs, in which the identities of its files are.

use super::files::Identity;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

const PREFIX: &str = "server-";
const SUFFIX: &str = ".lock";

/// How long a reader waits for a server that has locked its file but not yet written it.
const WRITING: Duration = Duration::from_millis(200);

/// A server that runs here. Ends when dropped, or when the process ends.
pub(super) struct Presence {
    path: PathBuf,
    _locked: File,
}

impl Presence {
    /// Makes known that this process has the files with these identities open.
    pub(super) fn announce(directory: &Path, identities: &[Identity]) -> io::Result<Self> {
        sweep(directory)?;
        // Containers that share the directory may have the same process ID.
        for number in 0..u32::MAX {
            let path = directory.join(format!("{PREFIX}{}-{number}{SUFFIX}", process::id()));
            let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                other => other?,
            };
            flock(&file, FlockOperation::LockExclusive)?;
            // Before it was locked, somebody may have taken it for a left-over.
            if !fs::metadata(&path).is_ok_and(|it| file.metadata().is_ok_and(|own| own.ino() == it.ino())) {
                continue;
            }
            writeln!(file, "{} {}", process::id(), text(identities))?;
            return Ok(Self { path, _locked: file });
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

/// The process ID of a server that runs in `directory` with other files open than
/// these, if there is one.
pub(super) fn server_on_other_files(directory: &Path, identities: &[Identity]) -> io::Result<Option<u32>> {
    let ours = text(identities);
    for path in announced(directory)? {
        if let Some(line) = running(&path)? {
            let (process, files) = line.trim_end().split_once(' ').unwrap_or_default();
            if files != ours {
                return Ok(Some(process.parse().unwrap_or_default()));
            }
        }
    }
    Ok(None)
}

/// What a running server has written; none where the server is gone.
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

/// Opens a file whose server runs. That of one which is gone is removed.
fn locked_by_another(path: &Path) -> io::Result<Option<File>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            drop(fs::remove_file(path));
            Ok(None)
        }
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(Some(file)),
        Err(error) => Err(error.into()),
    }
}

/// Removes the files of servers that are gone.
fn sweep(directory: &Path) -> io::Result<()> {
    announced(directory)?.iter().try_for_each(|path| locked_by_another(path).map(drop))
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

fn text(identities: &[Identity]) -> String {
    let each: Vec<_> = identities.iter().map(|it| format!("{:x}:{:x}", it.device, it.inode)).collect();
    each.join(" ")
}
