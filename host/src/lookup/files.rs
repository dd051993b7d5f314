//! Data files: parsed once, and read again when they have changed.

use super::error::{Cause, LookupError, because};
use super::file_state::FileState;
use super::format::FileFormat;
use super::joined::Joined;
use super::root::Root;
use crate::bounded::Bounded;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The largest file that is read, in bytes.
const MAX_FILE_LEN: u64 = 64 << 20;

/// Files of this size in bytes, or larger, are parsed one at a time: concurrent requests for a
/// file that is not kept yet share the first one's result.
const LARGE: u64 = 64 << 10;

/// The parsed form of a file.
pub trait Parsed: Sized {
    /// The most memory that all kept files of this kind may take, in bytes. Beyond it all are
    /// dropped, and read again when needed.
    const MAX_KEPT: usize;

    /// Parses the text. Also returns the memory that the result takes, in bytes.
    fn parse(joined: &Joined, format: FileFormat) -> Result<(Self, usize), Cause>;
}

struct Kept<T> {
    /// The state of each file that it was read from.
    states: Box<[FileState]>,
    parsed: Result<Arc<T>, Cause>,
}

/// Parsed files of one kind. Only a file that has changed is parsed again. Missing files are
/// not remembered.
pub struct Files<T> {
    kept: Bounded<PathBuf, Arc<Kept<T>>>,
    parsing: Mutex<()>,
}

impl<T: Parsed> Default for Files<T> {
    fn default() -> Self {
        Self { kept: Bounded::new(T::MAX_KEPT), parsing: Mutex::new(()) }
    }
}

impl<T: Parsed> Files<T> {
    /// The file at `relative` below `root`; none if it is missing.
    ///
    /// # Errors
    /// When it can't be read or parsed, is no regular file, or leads out of `root`.
    pub fn read(&self, root: &Root<'_>, relative: &str, format: FileFormat) -> Result<Option<Arc<T>>, LookupError> {
        self.read_joined(root, relative, &[], format)
    }

    /// Like [`Self::read`], with `fragments`, as one document.
    ///
    /// # Errors
    /// The same.
    pub fn read_joined(
        &self,
        root: &Root<'_>,
        relative: &str,
        fragments: &[String],
        format: FileFormat,
    ) -> Result<Option<Arc<T>>, LookupError> {
        let path = root.path.join(relative);
        let names = std::iter::once(relative).chain(fragments.iter().map(String::as_str));
        let mut opened = Vec::with_capacity(1);
        for name in names {
            opened.extend(Opened::at(root, name)?);
        }
        if opened.is_empty() {
            return Ok(None);
        }
        let kept = self.find(&path, &opened).unwrap_or_else(|| self.load(&path, &mut opened, format));
        kept.parsed.clone().map(Some).map_err(|cause| LookupError::File { path, cause })
    }

    fn find(&self, path: &Path, opened: &[Opened]) -> Option<Arc<Kept<T>>> {
        let same = |it: &Arc<Kept<T>>| it.states.iter().eq(opened.iter().map(|it| &it.state));
        self.kept.get(path).filter(same)
    }

    fn load(&self, path: &Path, opened: &mut [Opened], format: FileFormat) -> Arc<Kept<T>> {
        let large = opened.iter().map(|it| it.state.size()).sum::<u64>() >= LARGE;
        let _turn = large.then(|| self.parsing.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(kept) = self.find(path, opened) {
            return kept;
        }
        // Decided before it is read, since reading can take longer than settling.
        let settled = opened.iter().all(|it| it.state.has_settled());
        let (parsed, size) = match parse(opened, format) {
            Ok((parsed, size)) => (Ok(Arc::new(parsed)), size),
            Err(error) => (Err(error), 0),
        };
        let states: Box<[FileState]> = opened.iter().map(|it| it.state).collect();
        let size = size
            + path.as_os_str().len()
            + size_of_val(&*states)
            + parsed.as_ref().err().map_or(0, size_of_error)
            + size_of::<Kept<T>>();
        let kept = Arc::new(Kept { states, parsed });
        if settled {
            self.kept.keep(path.into(), kept.clone(), size);
        }
        kept
    }
}

/// A file that exists.
struct Opened {
    name: String,
    file: File,
    state: FileState,
}

impl Opened {
    /// None where nothing is there. What is there and can't be read as a file is an error: as if it
    /// were absent, others would be answered from.
    fn at(root: &Root<'_>, name: &str) -> Result<Option<Self>, LookupError> {
        let path = || root.path.join(name);
        let state_of = |it: &OwnedFd| FileState::of(it).map_err(|error| LookupError::file(&path(), error));
        let mut file = root.open(name, OFlags::RDONLY)?;
        if file.is_none() {
            let Some(entry) = root.entry(name)? else { return Ok(None) };
            file = root.open(name, OFlags::RDONLY)?; // it may have come meanwhile
            if file.is_none() && state_of(&entry)?.is_link() {
                return Err(LookupError::File { path: path(), cause: because("it is a link that leads nowhere") });
            }
        }
        let Some(file) = file else { return Ok(None) };
        let state = state_of(&file)?;
        if let Some(what) = state.hinders_reading() {
            return Err(LookupError::File { path: path(), cause: because(format!("it is {what}")) });
        }
        Ok(Some(Self { name: name.into(), file: file.into(), state }))
    }
}

fn parse<T: Parsed>(opened: &mut [Opened], format: FileFormat) -> Result<(T, usize), Cause> {
    let mut left = MAX_FILE_LEN;
    let mut joined = Joined::default();
    for Opened { name, file, state } in opened {
        let size = state.size();
        if size > left {
            return Err(because(format!(
                "{name} has {size} bytes: a file with its fragments can have at most {MAX_FILE_LEN}"
            )));
        }
        let mut text = Vec::new();
        file.take(left).read_to_end(&mut text).map_err(|error| Arc::new(error) as Cause)?;
        left -= text.len() as u64;
        joined.push(std::mem::take(name), text);
    }
    T::parse(&joined, format)
}

/// The memory that an error takes, in bytes: an estimate, since it holds its text in pieces.
fn size_of_error(error: &Cause) -> usize {
    size_of_val(&**error) + error.to_string().len().saturating_mul(2)
}
