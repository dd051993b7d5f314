//! Document roots: directories that no path leads out of.

use super::error::LookupError;
use super::sources::Consulted;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// How often a path is resolved again after a concurrent rename. The kernel can't tell then
/// whether a `..` in a symbolic link has led out, and asks the caller to retry (openat2(2),
/// EAGAIN).
const ATTEMPTS: usize = 1_000;

/// A directory that no path leads out of: the kernel resolves every path below it, symbolic
/// links included, and refuses those that would lead out (openat2(2), Linux 5.6).
pub struct Root<'a> {
    pub(super) path: PathBuf,
    directory: Option<OwnedFd>,
    consulted: &'a Consulted,
}

impl<'a> Root<'a> {
    /// The directory at `path`. A missing one has no files. Notes in `consulted` what is opened
    /// below it.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn open_at(path: PathBuf, consulted: &'a Consulted) -> Result<Self, LookupError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = match openat(CWD, &path, flags, Mode::empty()) {
            Ok(directory) => Some(directory),
            Err(Errno::NOENT | Errno::NOTDIR) => None,
            Err(error) => return Err(LookupError::file(&path, error)),
        };
        consulted.root(&path, directory.is_none());
        Ok(Self { path, directory, consulted })
    }

    /// The file or directory at `relative`; none if it is missing.
    ///
    /// # Errors
    /// When it can't be opened, or leads out.
    pub fn open(&self, relative: &str, flags: OFlags) -> Result<Option<OwnedFd>, LookupError> {
        let Some(directory) = &self.directory else { return Ok(None) };
        let noted = self.consulted.path(&self.path, relative);
        let opened = self.resolve(directory, relative, flags)?;
        self.consulted.opened(noted, opened.as_ref());
        Ok(opened)
    }

    /// What is at `relative`, itself: a link that leads nowhere is there, too.
    ///
    /// # Errors
    /// When it can't be opened, or leads out.
    pub fn entry(&self, relative: &str) -> Result<Option<OwnedFd>, LookupError> {
        let Some(directory) = &self.directory else { return Ok(None) };
        self.resolve(directory, relative, OFlags::PATH | OFlags::NOFOLLOW)
    }

    /// Whether there is anything at `relative`, even a link that leads out, or nowhere.
    pub fn has(&self, relative: &str) -> bool {
        if self.directory.is_none() {
            return false;
        }
        self.consulted.path(&self.path, relative);
        self.path.join(relative).symlink_metadata().is_ok()
    }

    fn resolve(&self, directory: &OwnedFd, relative: &str, flags: OFlags) -> Result<Option<OwnedFd>, LookupError> {
        // openat2(2) takes no other flags with PATH, which waits for nothing.
        let no_wait = if flags.contains(OFlags::PATH) { OFlags::empty() } else { OFlags::NONBLOCK };
        let flags = flags | OFlags::CLOEXEC | no_wait;
        let open = || openat2(directory, relative, flags, Mode::empty(), ResolveFlags::BENEATH);
        let mut opened = open();
        for _ in 1..ATTEMPTS {
            if !matches!(opened, Err(Errno::AGAIN | Errno::INTR)) {
                break;
            }
            std::thread::yield_now();
            opened = open();
        }
        match opened {
            Ok(file) => Ok(Some(file)),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(Errno::XDEV) => Err(LookupError::outside("path")),
            Err(Errno::NAMETOOLONG) => Ok(None), // no file has such a name
            Err(error) => Err(LookupError::file(&self.path.join(relative), error)),
        }
    }

    /// The names in the directory at `relative`, in order; none if it is missing.
    ///
    /// # Errors
    /// When it can't be read, or leads out.
    pub fn names(&self, relative: &str) -> Result<Vec<String>, LookupError> {
        let Some(directory) = self.open(relative, OFlags::RDONLY | OFlags::DIRECTORY)? else {
            return Ok(Vec::new());
        };
        let failed = |error: Errno| LookupError::file(&self.path.join(relative), error);
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&directory).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }
}
