//! A file that reserves disk space. When the disk is full, an act that takes access away
//! deletes it, so that a token can still be revoked.

use super::ownership::give_to_owner_of;
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The file's name in the database directory.
const FILE_NAME: &str = "reserve";

/// The file's size in bytes: enough for dozens of acts before the log is moved into the database.
const SIZE: u64 = 1 << 20;

/// The file is created only if this many bytes are free, so that it doesn't fill the disk.
const ROOM: u64 = 4 * SIZE;

/// The reserve of a database directory.
#[derive(Clone, Debug)]
pub(super) struct Reserve {
    path: PathBuf,
}

impl Reserve {
    pub(super) fn in_directory(directory: &Path) -> Self {
        Self { path: directory.join(FILE_NAME) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is room in reserve.
    pub(super) fn is_there(&self) -> bool {
        // Counts blocks, since a copy can be sparse.
        fs::symlink_metadata(&self.path).is_ok_and(|it| it.is_file() && it.blocks() * 512 >= SIZE)
    }

    /// Creates the file if there is room. After a failure it only logs: maintenance calls again.
    pub(super) fn make(&self) {
        if self.is_there() || !self.has_room() {
            return;
        }
        match self.fill() {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {} // another process makes it
            Err(error) => {
                drop(fs::remove_file(&self.path));
                tracing::warn!(%error, "can't keep room in reserve: {}", self.path.display());
            }
        }
    }

    /// Deletes the file; false if there was none.
    pub(super) fn give_up(&self) -> bool {
        let gone = fs::remove_file(&self.path).is_ok();
        if gone {
            tracing::warn!("the disk is full: gave up {} to make room", self.path.display());
        }
        gone
    }

    fn has_room(&self) -> bool {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        statvfs(directory).is_ok_and(|it| it.f_bavail.saturating_mul(it.f_frsize) >= ROOM)
    }

    fn fill(&self) -> io::Result<()> {
        // A new file: root must not write through a link that the directory's owner has made.
        drop(fs::remove_file(&self.path));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path)?;
        give_to_owner_of(self.path.parent().unwrap_or(Path::new(".")), &file)?;
        match fallocate(&file, FallocateFlags::empty(), 0, SIZE) {
            Ok(()) => Ok(()),
            Err(Errno::OPNOTSUPP) => fill_with_noise(&mut file),
            Err(error) => Err(error.into()),
        }
    }
}

/// For file systems without `fallocate`. Noise, since some of them compress.
fn fill_with_noise(file: &mut File) -> io::Result<()> {
    let mut noise = vec![0; 64 * 1024];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..SIZE / noise.len() as u64 {
        for byte in &mut noise {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state as u8;
        }
        file.write_all(&noise)?;
    }
    file.sync_all()
}
