//! Data files: parsed once, and read again when they have changed.

use super::error::{Cause, LookupError, because};
use super::format::Format;
use super::root::Root;
use super::source::Source;
use papaya::HashMap;
use rustix::fs::OFlags;
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The largest file that is read, in bytes.
const MAX_FILE_LEN: u64 = 64 << 20;

/// From this size on files are parsed one at a time, in bytes: requests that come
/// together for a file that is not kept yet share what the first of them makes.
const LARGE: u64 = 64 << 10;

/// How long a file must have been left alone to be kept parsed.
const SETTLED: Duration = Duration::from_millis(100);

/// What a file becomes.
pub trait Parsed: Sized {
    /// How much of all files of this kind is kept, in bytes of memory. Beyond it all are
    /// forgotten and read again as they are asked for.
    const MAX_KEPT: usize;

    /// Parses it; answers the memory that it takes as well, in bytes.
    fn parse(source: &Source, format: Format) -> Result<(Self, usize), Cause>;
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    fn of(it: &Metadata) -> Self {
        Self {
            device: it.dev(),
            inode: it.ino(),
            size: it.size(),
            modified: (it.mtime(), it.mtime_nsec()),
            changed: (it.ctime(), it.ctime_nsec()),
        }
    }

    /// Whether it was left alone for a while: by the time of its last change, which only
    /// the kernel sets.
    fn has_settled(&self) -> bool {
        let (Ok(seconds), Ok(nanos)) = (u64::try_from(self.changed.0), u32::try_from(self.changed.1)) else {
            return false;
        };
        let changed = UNIX_EPOCH + Duration::new(seconds, nanos);
        SystemTime::now().duration_since(changed).is_ok_and(|age| age >= SETTLED)
    }
}

struct Kept<T> {
    /// Of each file that it was read from.
    identities: Box<[Identity]>,
    parsed: Result<Arc<T>, Cause>,
    /// In bytes of memory.
    size: usize,
}

/// Files of one kind, parsed. Reads share; only the file that has changed is parsed
/// again. Files that are not there are not remembered.
pub struct Files<T> {
    kept: HashMap<PathBuf, Arc<Kept<T>>>,
    /// The sizes of all that are kept.
    size: Mutex<usize>,
    parsing: Mutex<()>,
}

impl<T> Default for Files<T> {
    fn default() -> Self {
        Self { kept: HashMap::new(), size: Mutex::new(0), parsing: Mutex::new(()) }
    }
}

impl<T: Parsed> Files<T> {
    /// What is in the file at `relative` below `root`; none when there is no file.
    ///
    /// # Errors
    /// When it can't be read or parsed, or leads out of `root`.
    pub fn read(&self, root: &Root, relative: &str, format: Format) -> Result<Option<Arc<T>>, LookupError> {
        self.read_joined(root, relative, &[], format)
    }

    /// The same, of the file at `relative` and `fragments`: as one document.
    ///
    /// # Errors
    /// The same.
    pub fn read_joined(
        &self,
        root: &Root,
        relative: &str,
        fragments: &[String],
        format: Format,
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
        let same = |it: &&Arc<Kept<T>>| it.identities.iter().eq(opened.iter().map(|it| &it.identity));
        self.kept.pin().get(path).filter(same).cloned()
    }

    fn load(&self, path: &Path, opened: &mut [Opened], format: Format) -> Arc<Kept<T>> {
        let large = opened.iter().map(|it| it.identity.size).sum::<u64>() >= LARGE;
        let _turn = large.then(|| self.parsing.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(kept) = self.find(path, opened) {
            return kept;
        }
        // A file may be written twice within one tick of the clock that stamps it, and
        // look the same: one that was just written is not kept. Decided before it is
        // read, as reading may take longer than settling.
        let settled = opened.iter().all(|it| it.identity.has_settled());
        let (parsed, size) = match parse(opened, format) {
            Ok((parsed, size)) => (Ok(Arc::new(parsed)), size),
            Err(error) => (Err(error), 0),
        };
        let identities: Box<[Identity]> = opened.iter().map(|it| it.identity).collect();
        let size = size
            + path.as_os_str().len()
            + size_of_val(&*identities)
            + parsed.as_ref().err().map_or(0, size_of_error)
            + size_of::<Kept<T>>();
        let kept = Arc::new(Kept { identities, parsed, size });
        if settled {
            self.keep(path, &kept);
        }
        kept
    }

    fn keep(&self, path: &Path, kept: &Arc<Kept<T>>) {
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.kept.pin();
        if let Some(before) = all.remove(path) {
            *size = size.saturating_sub(before.size);
        }
        if size.saturating_add(kept.size) > T::MAX_KEPT {
            all.clear();
            *size = 0;
        }
        all.insert(path.into(), kept.clone());
        *size += kept.size;
    }
}

/// A file that is there.
struct Opened {
    name: String,
    file: File,
    identity: Identity,
}

impl Opened {
    fn at(root: &Root, name: &str) -> Result<Option<Self>, LookupError> {
        let Some(file) = root.open(name, OFlags::RDONLY)?.map(File::from) else { return Ok(None) };
        let metadata = file.metadata().map_err(|error| LookupError::file(&root.path.join(name), error))?;
        let identity = Identity::of(&metadata);
        Ok(metadata.is_file().then(|| Self { name: name.into(), file, identity }))
    }
}

fn parse<T: Parsed>(opened: &mut [Opened], format: Format) -> Result<(T, usize), Cause> {
    let mut left = MAX_FILE_LEN;
    let mut source = Source::default();
    for Opened { name, file, identity } in opened {
        let size = identity.size;
        if size > left {
            return Err(because(format!("{name} has {size} bytes; with its fragments a file may have {MAX_FILE_LEN}")));
        }
        let mut text = Vec::new();
        file.take(left).read_to_end(&mut text).map_err(|error| Arc::new(error) as Cause)?;
        left -= text.len() as u64;
        source.push(std::mem::take(name), text);
    }
    T::parse(&source, format)
}

/// What an error takes, in bytes of memory: an estimate, as it holds its text in pieces.
fn size_of_error(error: &Cause) -> usize {
    size_of_val(&**error) + error.to_string().len().saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_settled_when_its_last_change_is_known_to_be_a_while_ago() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "k: 1").unwrap();
        let just_written = Identity::of(&std::fs::metadata(&path).unwrap());
        let at = |ago: u64| Identity { changed: (just_written.changed.0 - ago.cast_signed(), 0), ..just_written };
        assert!(at(2).has_settled());
        // By a clock that was set back since: nothing is known of how long ago that was.
        assert!(!Identity { changed: (just_written.changed.0 + 3600, 0), ..just_written }.has_settled());
    }
}
