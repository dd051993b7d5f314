//! Keeps a replaced database beside the restored one, with its log.

use super::files::suffixed;
use jiff::Timestamp;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The new name of the replaced database. Without one, no file has that name.
pub(super) struct ReplacedDatabase(pub(super) PathBuf);

/// The suffixes of files that SQLite would read into the new database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

impl ReplacedDatabase {
    /// Gives a database a second name, and renames its log to match. The first name stays until
    /// the new file takes it: if the machine stops in between, commands refuse the file for its
    /// two names, rather than open it without its log.
    pub(super) fn aside(file: &Path) -> io::Result<Self> {
        let kept = Self(second_name(file)?);
        for suffix in BESIDE {
            match fs::rename(suffixed(file, suffix), suffixed(&kept.0, suffix)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    kept.put_back(file);
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(kept)
    }

    /// Undoes [`Self::aside`].
    pub(super) fn put_back(&self, file: &Path) {
        for suffix in BESIDE {
            drop(fs::rename(suffixed(&self.0, suffix), suffixed(file, suffix)));
        }
        drop(fs::remove_file(&self.0));
    }
}

fn second_name(file: &Path) -> io::Result<PathBuf> {
    let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    for number in 0..u32::MAX {
        let number = if number == 0 { String::new() } else { format!("-{number}") };
        let name = suffixed(file, &format!(".{time}{number}"));
        match fs::hard_link(file, &name) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => return Ok(name),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}
