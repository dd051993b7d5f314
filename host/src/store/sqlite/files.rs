//! The files of a database: their locations, and whether they are still the files that
//! were opened.

use super::StoreError;
use super::error::Cause;
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The location of a database.
#[derive(Clone, Debug)]
pub(super) struct Location {
    /// The requested path.
    pub(super) named: PathBuf,
    /// That path or, if it is a symbolic link, its target. SQLite derives the names of the
    /// log and its index from this one.
    pub(super) file: PathBuf,
}

impl Location {
    /// Resolves `named`, which may not exist yet.
    pub(super) fn of(named: PathBuf) -> Result<Self, StoreError> {
        let is_link = fs::symlink_metadata(&named).is_ok_and(|it| it.file_type().is_symlink());
        let file = match is_link.then(|| fs::canonicalize(&named)) {
            None => named.clone(),
            Some(Ok(target)) => target,
            Some(Err(error)) => return Err(StoreError::of_file(&named, Cause::DanglingLink(error))),
        };
        Ok(Self { named, file })
    }

    /// The directory that the file itself is in.
    pub(super) fn directory(&self) -> &Path {
        parent(&self.file)
    }

    /// All directories in which the database has a name: two if it is a symbolic link.
    pub(super) fn directories(&self) -> Vec<&Path> {
        let mut all = vec![self.directory(), parent(&self.named)];
        all.dedup();
        all
    }

    /// The database, its log, and the log's index.
    pub(super) fn each_file(&self) -> [PathBuf; 3] {
        [self.file.clone(), self.log(), self.index()]
    }

    pub(super) fn log(&self) -> PathBuf {
        suffixed(&self.file, "-wal")
    }

    fn index(&self) -> PathBuf {
        suffixed(&self.file, "-shm")
    }
}

/// Identifies a file independently of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// The files that a connection has open: the database, its write-ahead log, and the log's
/// index. A commit uses all three, so processes that differ in one of them don't see each
/// other's commits.
#[derive(Clone, Debug)]
pub(super) struct OpenFiles {
    names: [PathBuf; 4],
    identities: [Identity; 4],
}

/// Whether a name still leads to the file that was opened under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InPlace {
    Yes,
    /// The name leads to another file, or to none.
    No,
    /// The name can't be checked now, for example because of the directory's mode.
    Unknown,
}

impl OpenFiles {
    /// The files that this process has open through `connections` connections, each of which
    /// must have read.
    ///
    /// # Errors
    /// When a file was replaced while it was opened, has several hard links, or is mounted by
    /// itself.
    pub(super) fn of(location: &Location, connections: usize) -> Result<Self, StoreError> {
        let fail = |cause| StoreError::of_file(&location.named, cause);
        let [file, log, index] = location.each_file();
        let names = [file, log, index, location.named.clone()];
        let mut identities = [Identity { device: 0, inode: 0 }; 4];
        for (at, name) in names.iter().enumerate() {
            let metadata = fs::metadata(name).map_err(|error| fail(missing_or(error)))?;
            identities[at] = Identity::of(&metadata);
            // All connections of a process share one descriptor of the index.
            let expected = if at == 2 { 1 } else { connections };
            if !is_open(identities[at], expected) {
                return Err(fail(Cause::Replaced));
            }
            if at == 0 {
                refuse_other_names(name, &metadata).map_err(fail)?;
            }
        }
        Ok(Self { names, identities })
    }

    /// Whether the files still have their names.
    pub(super) fn in_place(&self) -> InPlace {
        let mut worst = InPlace::Yes;
        for (name, identity) in self.names.iter().zip(self.identities) {
            match fs::metadata(name) {
                Ok(metadata) if Identity::of(&metadata) == identity => (),
                Err(error) if !is_missing(&error) => worst = InPlace::Unknown,
                Ok(_) | Err(_) => return InPlace::No,
            }
        }
        worst
    }

    /// The identities that other processes compare with those of their own files.
    pub(super) fn identities(&self) -> &[Identity] {
        &self.identities[..3]
    }
}

/// A file that has another name has another log there.
pub(super) fn refuse_other_names(path: &Path, metadata: &Metadata) -> Result<(), Cause> {
    if metadata.nlink() > 1 {
        return Err(Cause::HardLinks(metadata.nlink()));
    }
    if is_mount_point(path) { Err(Cause::MountPoint) } else { Ok(()) }
}

/// Whether a file is mounted by itself, as `docker -v /somewhere/tokens.db:...` does: it
/// then has another name elsewhere, with another log (statx(2), Linux 5.8).
fn is_mount_point(path: &Path) -> bool {
    let answer = statx(CWD, path, AtFlags::empty(), StatxFlags::BASIC_STATS);
    answer.is_ok_and(|it| {
        it.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT)
            && it.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
    })
}

/// Whether this process has at least `times` descriptors of a file. The name alone doesn't
/// tell which file a connection opened: it may lead to another file since. Without /proc
/// the name is trusted.
fn is_open(identity: Identity, times: usize) -> bool {
    let Ok(descriptors) = fs::read_dir("/proc/self/fd") else { return true };
    let same = |it: &io::Result<fs::DirEntry>| {
        it.as_ref().is_ok_and(|it| fs::metadata(it.path()).is_ok_and(|it| Identity::of(&it) == identity))
    };
    descriptors.filter(same).count() >= times
}

fn missing_or(error: io::Error) -> Cause {
    if is_missing(&error) { Cause::Replaced } else { error.into() }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(super) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
