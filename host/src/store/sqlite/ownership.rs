//! Gives the files that root creates in a database directory to the directory's owner, so that
//! root can administer the tokens of a server that runs as another user.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::Path;

/// Gives a file that this process has just created to the owner of `directory`. Only root can;
/// for others it does nothing. Takes the open file, not its name, which could lead elsewhere by
/// now.
///
/// # Errors
/// When the owner can't be read or set.
pub(super) fn give_to_owner_of(directory: &Path, created: &File) -> io::Result<()> {
    const ROOT: u32 = 0;
    let owner = fs::metadata(directory)?;
    if created.metadata()?.uid() != ROOT || owner.uid() == ROOT {
        return Ok(());
    }
    fchown(created, Some(owner.uid()), Some(owner.gid()))
}
