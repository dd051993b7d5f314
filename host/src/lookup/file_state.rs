//! Tells one state of a file or directory from another, without reading it.

use rustix::fs::{AtFlags, CWD, FileType, RawMode, Statx, StatxFlags, statx};
use rustix::io::Result;
use std::ffi::CStr;
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a file must be unchanged before it is kept: it can be written twice within one tick
/// of the clock that stamps it, and look the same.
const SETTLED: Duration = Duration::from_millis(100);

/// The same if the stamp can be one of whole seconds, as on old ext4 file systems.
const SETTLED_BY_SECONDS: Duration = Duration::from_millis(1100);

/// The state of a file or directory. The kernel changes it with the content: of a directory,
/// with its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    kind: FileType,
    device: (u32, u32),
    inode: u64,
    size: u64,
    modified: (i64, u32),
    changed: (i64, u32),
}

impl FileState {
    /// The state of an open file.
    pub fn of(file: impl AsFd) -> Result<Self> {
        Ok(statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS)?.into())
    }

    /// The state of `path` itself, even if it is a symbolic link.
    pub fn at(path: &CStr) -> Result<Self> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        Ok(statx(CWD, path, flags, StatxFlags::BASIC_STATS)?.into())
    }

    /// What it is, where it is no file to read.
    pub fn hinders_reading(&self) -> Option<&'static str> {
        match self.kind {
            FileType::RegularFile => None,
            FileType::Directory => Some("a directory, and must be a file"),
            _ => Some("not a regular file"),
        }
    }

    pub fn is_link(&self) -> bool {
        self.kind.is_symlink()
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The file system's number, while it is mounted.
    pub fn device(&self) -> (u32, u32) {
        self.device
    }

    /// Whether it has been unchanged long enough, by the time of its last change (ctime), which
    /// only the kernel sets.
    pub fn has_settled(&self) -> bool {
        let (seconds, nanos) = self.changed;
        let Ok(seconds) = u64::try_from(seconds) else { return false };
        let changed = UNIX_EPOCH + Duration::new(seconds, nanos);
        let settled = if nanos == 0 { SETTLED_BY_SECONDS } else { SETTLED };
        SystemTime::now().duration_since(changed).is_ok_and(|age| age >= settled)
    }
}

impl From<Statx> for FileState {
    fn from(it: Statx) -> Self {
        Self {
            kind: FileType::from_raw_mode(RawMode::from(it.stx_mode)),
            device: (it.stx_dev_major, it.stx_dev_minor),
            inode: it.stx_ino,
            size: it.stx_size,
            modified: (it.stx_mtime.tv_sec, it.stx_mtime.tv_nsec),
            changed: (it.stx_ctime.tv_sec, it.stx_ctime.tv_nsec),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_settled_when_its_last_change_is_known_to_be_a_while_ago() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "k: 1").unwrap();
        let just_written = FileState::of(std::fs::File::open(&path).unwrap()).unwrap();
        let (now, _) = just_written.changed;
        let at = |changed| FileState { changed, ..just_written }.has_settled();
        assert!(at((now - 2, 0)));
        // By a clock that was set back since: nothing is known of how long ago that was.
        assert!(!at((now + 3600, 0)));
        // Whole seconds: it may have been written again since, within the same one.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let ago = now - Duration::from_millis(500);
        assert!(at((ago.as_secs().cast_signed(), ago.subsec_nanos().max(1))));
        assert!(!at((now.as_secs().cast_signed(), 0)));
    }
}
