//! Warns about files that other users can read or write.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Logs a warning when a directory of databases is open to others.
pub(super) fn warn_of_directory(path: &Path) {
    if let Some(mode) = loose_mode(path) {
        let path = path.display();
        tracing::warn!("{path} is open to other users (mode {mode:04o}): run `chmod 0700 {path}`");
    }
}

/// Logs a warning when one of the files of a database is open to others.
pub(super) fn warn_of_database(files: &[PathBuf; 3]) {
    let loose = files.iter().find_map(|it| Some((it, loose_mode(it)?)));
    if let Some((path, mode)) = loose {
        let (path, all) = (path.display(), files[0].display());
        tracing::warn!("{path} is open to other users (mode {mode:04o}): run `chmod 0600 {all}*`");
    }
}

/// The mode of a file, if users other than its owner can use it.
fn loose_mode(path: &Path) -> Option<u32> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}
