//! The sources of an answer: each file and directory that its lookup consulted, with its state
//! before it was read. While all of them have that state, the lookup would find the same.
//!
//! A lookup opens files below a root: `openat2` with `RESOLVE_BENEATH` for each. One statx
//! for each source, none of which follows a symbolic link at the path's end, proves as much:
//!
//! - Each element of a path below its root is a source of its own, and none is a symbolic
//!   link. So the path does not leave the root, and leads through the same directories.
//! - A file is the same, and unchanged, if its device, inode, size and times are. Its state is
//!   noted before it is opened, and the opened file must have that state.
//! - An absent file is still absent while its directory is unchanged: the times of a directory
//!   change with its entries. An absent root is a source itself.
//! - A root is the directory that its path leads to. The directories above it may change, as
//!   long as the sources below it don't.
//!
//! If that can't be proven there are no sources, and the answer must not be kept: for symbolic
//! links, `..`, recent changes, more than [`MAX_SOURCES`], and file systems other than
//! [`LOCAL`]. Other file systems can update times late, and asking them can block for ever. For
//! the same reason no symbolic link may lead to a root: it could lead through such a file
//! system.

use super::file_state::FileState;
use super::request::is_plain;
use rustix::fs::{CWD, FsWord, Mode, OFlags, fstatfs, openat};
use rustix::io::Errno;
use std::cell::RefCell;
use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

/// The most files and directories that a kept answer may come from.
pub(crate) const MAX_SOURCES: usize = 32;

/// File systems on this machine that stamp each change (statfs(2)): ext2 to ext4, XFS, Btrfs,
/// tmpfs, overlayfs.
const LOCAL: [FsWord; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630];

/// The notes of one lookup: what it has consulted.
pub struct Consulted(RefCell<Option<Notes>>);

#[derive(Default)]
struct Notes {
    sources: Vec<Source>,
    /// The paths above roots that were checked.
    ancestors: Vec<PathBuf>,
    /// Devices of file systems that are local.
    local: Vec<(u32, u32)>,
}

/// It can't be proven that the answer stays the same.
struct Unproven;

impl From<Errno> for Unproven {
    fn from(_: Errno) -> Self {
        Self
    }
}

impl Consulted {
    /// Empty notes.
    #[must_use]
    pub fn noted() -> Self {
        Self(RefCell::new(Some(Notes::default())))
    }

    /// No notes, for an answer that is not kept.
    #[must_use]
    pub fn ignored() -> Self {
        Self(RefCell::new(None))
    }

    /// Notes a root that was opened, or was `absent`.
    pub(super) fn root(&self, path: &Path, absent: bool) {
        self.note(|noted| noted.root(path, absent));
    }

    /// Notes the state of `relative` below `root`, before it is opened.
    pub(super) fn path(&self, root: &Path, relative: &str) -> Option<FileState> {
        self.note(|noted| noted.path(root, relative)).flatten()
    }

    /// Compares the opened file with the noted state.
    pub(super) fn opened(&self, noted: Option<FileState>, opened: Option<&OwnedFd>) {
        self.note(|_| {
            let opened = opened.map(FileState::of).transpose()?;
            if opened == noted { Ok(()) } else { Err(Unproven) }
        });
    }

    /// The sources of the answer; none if it can't be proven that it stays the same.
    #[must_use]
    pub fn sources(self) -> Option<Sources> {
        self.0.into_inner().map(|noted| Sources(noted.sources.into()))
    }

    fn note<T>(&self, work: impl FnOnce(&mut Notes) -> Result<T, Unproven>) -> Option<T> {
        let mut noted = self.0.borrow_mut();
        let done = work(noted.as_mut()?).ok();
        if done.is_none() {
            *noted = None;
        }
        done
    }
}

impl Notes {
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

    fn path(&mut self, root: &Path, relative: &str) -> Result<Option<FileState>, Unproven> {
        let mut found = self.look(root)?.ok_or(Unproven)?;
        let mut path = root.to_owned();
        for element in relative.split('/') {
            if !is_plain(element) {
                return Err(Unproven);
            }
            let below = path.join(element);
            match self.look(&below)? {
                Some(state) => {
                    self.add(&below, Some(state))?;
                    (path, found) = (below, state);
                }
                None => {
                    self.add(&path, Some(found))?; // the root, or again what is there already
                    return Ok(None);
                }
            }
        }
        Ok(Some(found))
    }

    /// The state of `path`, which must be local and not a symbolic link.
    fn look(&mut self, path: &Path) -> Result<Option<FileState>, Unproven> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match openat(CWD, path, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let state = FileState::of(&file)?;
        if state.is_link() || !self.is_local(&file, state.device())? {
            return Err(Unproven);
        }
        Ok(Some(state))
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

    fn add(&mut self, path: &Path, state: Option<FileState>) -> Result<(), Unproven> {
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Unproven)?;
        // The first state counts: it is from before anything was read.
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

/// The files and directories that an answer came from.
pub struct Sources(Box<[Source]>);

struct Source {
    path: CString,
    /// None: it was absent.
    state: Option<FileState>,
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
        match FileState::at(&self.path) {
            Ok(state) => self.state == Some(state),
            Err(Errno::NOENT | Errno::NOTDIR) => self.state.is_none(),
            Err(_) => false,
        }
    }
}
