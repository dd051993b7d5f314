//! What an answer came from: each file and directory that its lookup consulted, with its
//! state from before it was read. While all of them have that state, the lookup would find
//! the same.
//!
//! A lookup opens files below a root: `openat2` with `RESOLVE_BENEATH` for each. One statx
//! for each source, none of which follows a symbolic link at the path's end, proves as much:
//!
//! - Each element of a path below its root is a source of its own, and none is a symbolic
//!   link. So the path does not leave the root, and leads through the same directories.
//! - A file is the same one, and unchanged, when its device, inode, size and times are. What
//!   is read before is opened again afterwards, and must be what was noted.
//! - What is absent is absent while its directory is unchanged: the times of a directory
//!   change with its entries. An absent root is a source itself.
//! - A root is whatever directory its path leads to, through symbolic links, too. What leads
//!   there need not be the same, as long as what was consulted below it is.
//!
//! Where that can't be proven there are no sources, and the answer is not to be kept: for
//! symbolic links, `..`, anything that was changed just now, more than [`MAX_SOURCES`], and
//! file systems other than those of [`LOCAL`]. The times of others may be late, and asking for
//! them may take for ever. Therefore, too, no link may lead to a root: it could lead through
//! such a file system.

use super::identity::Identity;
use super::request::is_plain;
use rustix::fs::{CWD, FsWord, Mode, OFlags, fstatfs, openat};
use rustix::io::Errno;
use std::cell::RefCell;
use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

/// How many files and directories an answer may come from to be kept.
pub(crate) const MAX_SOURCES: usize = 32;

/// File systems that answer from this machine, and stamp each change (statfs(2)): ext2 to
/// ext4, XFS, Btrfs, tmpfs, overlayfs.
const LOCAL: [FsWord; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630];

/// Notes what one lookup consults.
pub struct Consulted(RefCell<Option<Noted>>);

#[derive(Default)]
struct Noted {
    sources: Vec<Source>,
    /// What leads to roots and was looked at.
    ancestors: Vec<PathBuf>,
    /// Devices of file systems that are local.
    local: Vec<(u32, u32)>,
}

/// It can't be proven that an answer would be the same.
struct Unproven;

impl From<Errno> for Unproven {
    fn from(_: Errno) -> Self {
        Self
    }
}

impl Consulted {
    /// Takes notes.
    #[must_use]
    pub fn noted() -> Self {
        Self(RefCell::new(Some(Noted::default())))
    }

    /// Takes none, for an answer that is not to be kept.
    #[must_use]
    pub fn ignored() -> Self {
        Self(RefCell::new(None))
    }

    /// Notes a root that was opened, or was `absent`.
    pub(super) fn root(&self, path: &Path, absent: bool) {
        self.note(|noted| noted.root(path, absent));
    }

    /// Notes what is at `relative` below `root`, before it is opened.
    pub(super) fn path(&self, root: &Path, relative: &str) -> Option<Identity> {
        self.note(|noted| noted.path(root, relative)).flatten()
    }

    /// Compares what was opened with what was noted before.
    pub(super) fn opened(&self, noted: Option<Identity>, opened: Option<&OwnedFd>) {
        self.note(|_| {
            let opened = opened.map(Identity::of).transpose()?;
            if opened == noted { Ok(()) } else { Err(Unproven) }
        });
    }

    /// What the answer came from; none when it can't be proven that it stays the same.
    #[must_use]
    pub fn sources(self) -> Option<Sources> {
        self.0.into_inner().map(|noted| Sources(noted.sources.into()))
    }

    fn note<T>(&self, work: impl FnOnce(&mut Noted) -> Result<T, Unproven>) -> Option<T> {
        let mut noted = self.0.borrow_mut();
        let done = work(noted.as_mut()?).ok();
        if done.is_none() {
            *noted = None;
        }
        done
    }
}

impl Noted {
    fn root(&mut self, path: &Path, absent: bool) -> Result<(), Unproven> {
        let mut ancestor = PathBuf::new();
        for component in path.components() {
            match component {
                Component::RootDir | Component::Normal(_) => ancestor.push(component),
                _ => return Err(Unproven),
            }
            if !ancestor.is_absolute() {
                return Err(Unproven);
            }
            if self.ancestors.contains(&ancestor) {
                continue;
            }
            match self.look(&ancestor)? {
                Some(_) => self.ancestors.push(ancestor.clone()),
                None if absent => return self.add(path, None),
                None => return Err(Unproven),
            }
        }
        if absent { Err(Unproven) } else { Ok(()) }
    }

    fn path(&mut self, root: &Path, relative: &str) -> Result<Option<Identity>, Unproven> {
        let mut found = self.look(root)?.ok_or(Unproven)?;
        let mut path = root.to_owned();
        for element in relative.split('/') {
            if !is_plain(element) {
                return Err(Unproven);
            }
            let below = path.join(element);
            match self.look(&below)? {
                Some(identity) => {
                    self.add(&below, Some(identity))?;
                    (path, found) = (below, identity);
                }
                None => {
                    self.add(&path, Some(found))?; // the root, or again what is there already
                    return Ok(None);
                }
            }
        }
        Ok(Some(found))
    }

    /// What is at `path`, which must be local and no symbolic link.
    fn look(&mut self, path: &Path) -> Result<Option<Identity>, Unproven> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match openat(CWD, path, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let identity = Identity::of(&file)?;
        if identity.is_link() || !self.is_local(&file, identity.device())? {
            return Err(Unproven);
        }
        Ok(Some(identity))
    }

    fn is_local(&mut self, file: &OwnedFd, device: (u32, u32)) -> Result<bool, Unproven> {
        if self.local.contains(&device) {
            return Ok(true);
        }
        let local = LOCAL.contains(&fstatfs(file)?.f_type);
        if local {
            self.local.push(device);
        }
        Ok(local)
    }

    fn add(&mut self, path: &Path, state: Option<Identity>) -> Result<(), Unproven> {
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Unproven)?;
        // The state that was noted first is the one from before everything that was read.
        if self.sources.iter().any(|it| it.path == path) {
            return Ok(());
        }
        if self.sources.len() == MAX_SOURCES || state.is_some_and(|it| !it.has_settled()) {
            return Err(Unproven);
        }
        self.sources.push(Source { path, state });
        Ok(())
    }
}

/// What an answer came from.
pub struct Sources(Box<[Source]>);

struct Source {
    path: CString,
    /// None: it was absent.
    state: Option<Identity>,
}

impl Sources {
    /// Whether the lookup would find the same now. It asks local file systems only, so
    /// it does not wait for others.
    #[must_use]
    pub fn are_unchanged(&self) -> bool {
        self.0.iter().all(Source::is_unchanged)
    }

    /// In bytes of memory.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.iter().map(|it| size_of::<Source>() + it.path.as_bytes_with_nul().len()).sum()
    }
}

impl Source {
    fn is_unchanged(&self) -> bool {
        match Identity::at(&self.path) {
            Ok(state) => self.state == Some(state),
            Err(Errno::NOENT | Errno::NOTDIR) => self.state.is_none(),
            Err(_) => false,
        }
    }
}
