//! Data files: opened without ever leaving their root, parsed once, and read again
//! when they have changed.

use super::error::LookupError;
use super::value::{Map, Value};
use papaya::HashMap;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;
use serde_saphyr::{Budget, DuplicateKeyPolicy, Options};
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// How much of files, in bytes as they are on disk, is kept parsed. Beyond it all are
/// forgotten and read again as they are asked for.
const KEPT: u64 = 256 << 20;

/// How long a file must have been left alone to be kept parsed.
const SETTLED: Duration = Duration::from_millis(100);

/// How deep lists and maps may be nested.
const DEEPEST: usize = 64;

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Yaml,
    Json,
}

impl Format {
    /// How names of such files end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }

    /// Parses a file's text.
    fn parse<T: serde::de::DeserializeOwned>(self, text: &[u8]) -> Result<T, String> {
        match self {
            Self::Json => serde_json::from_slice(text).map_err(|error| error.to_string()),
            Self::Yaml => serde_saphyr::from_slice_with_options(text, yaml_options()).map_err(|error| {
                let place = error.location().map(|it| format!("line {} column {}: ", it.line(), it.column()));
                let error = error.without_snippet().to_string();
                // Some errors name their place themselves.
                if error.contains("line ") { error } else { place.unwrap_or_default() + &error }
            }),
        }
    }
}

/// What protects from files that are small and unfold to something large. The last of
/// two equal keys is taken, as the original's parser does.
fn yaml_options() -> Options {
    let mut budget = Budget::default();
    budget.max_depth = DEEPEST;
    budget.max_events = 8_000_000;
    budget.max_nodes = 4_000_000;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.duplicate_keys = DuplicateKeyPolicy::LastWins;
    options.with_snippet = false;
    options
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
    identity: Identity,
    parsed: Result<Arc<T>, String>,
}

/// Files of one kind, parsed. Reads share; only the file that has changed is parsed
/// again. Files that are not there are not remembered.
pub struct Files<T> {
    kept: HashMap<PathBuf, Arc<Kept<T>>>,
    bytes: AtomicU64,
}

impl<T> Default for Files<T> {
    fn default() -> Self {
        Self { kept: HashMap::new(), bytes: AtomicU64::new(0) }
    }
}

impl<T: serde::de::DeserializeOwned> Files<T> {
    /// What is in the file at `relative` below `root`; none when there is no file.
    ///
    /// # Errors
    /// When it can't be read or parsed, or leads out of `root`.
    pub fn read(&self, root: &Root, relative: &str, format: Format) -> Result<Option<Arc<T>>, LookupError> {
        let path = root.path.join(relative);
        let Some(mut file) = root.open(relative, OFlags::RDONLY)?.map(File::from) else {
            return Ok(None);
        };
        let metadata = file.metadata().map_err(|error| LookupError::file(&path, error))?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let identity = Identity::of(&metadata);
        let kept = self.kept.pin().get(&path).filter(|it| it.identity == identity).cloned();
        let kept = match kept {
            Some(kept) => kept,
            None => self.keep(&path, parse(&mut file, identity.size, format), identity),
        };
        kept.parsed.clone().map(Some).map_err(|error| LookupError::file(&path, error))
    }

    fn keep(&self, path: &Path, parsed: Result<T, String>, identity: Identity) -> Arc<Kept<T>> {
        let kept = Arc::new(Kept { identity, parsed: parsed.map(Arc::new) });
        // A file may be written twice within one tick of the clock that stamps it, and
        // look the same: one that was just written is not kept.
        if !identity.has_settled() {
            return kept;
        }
        if self.bytes.fetch_add(identity.size, Relaxed) + identity.size > KEPT {
            self.kept.pin().clear();
            self.bytes.store(identity.size, Relaxed);
        }
        if let Some(before) = self.kept.pin().insert(path.into(), kept.clone()) {
            let freed = before.identity.size;
            let subtract = |it: u64| Some(it.saturating_sub(freed));
            let _always = self.bytes.fetch_update(Relaxed, Relaxed, subtract);
        }
        kept
    }
}

fn parse<T: serde::de::DeserializeOwned>(file: &mut File, size: u64, format: Format) -> Result<T, String> {
    if size > LARGEST {
        return Err(format!("it has {size} bytes, and {LARGEST} are the most"));
    }
    let mut text = Vec::new();
    file.take(LARGEST).read_to_end(&mut text).map_err(|error| error.to_string())?;
    format.parse(&text)
}

/// A directory that is not left: the kernel resolves every path below it, symbolic
/// links included, and refuses what would lead out (openat2(2), Linux 5.6).
pub struct Root {
    path: PathBuf,
    directory: Option<OwnedFd>,
}

impl Root {
    /// The directory at `path`. One that is not there has no files.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn open_at(path: PathBuf) -> Result<Self, LookupError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match openat(CWD, &path, flags, Mode::empty()) {
            Ok(directory) => Ok(Self { path, directory: Some(directory) }),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(Self { path, directory: None }),
            Err(error) => Err(LookupError::file(&path, error)),
        }
    }

    fn open(&self, relative: &str, flags: OFlags) -> Result<Option<OwnedFd>, LookupError> {
        let Some(directory) = &self.directory else { return Ok(None) };
        let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK;
        match openat2(directory, relative, flags, Mode::empty(), ResolveFlags::BENEATH) {
            Ok(file) => Ok(Some(file)),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(Errno::XDEV) => Err(LookupError::outside("path")),
            Err(Errno::NAMETOOLONG) => Ok(None), // no file has such a name
            Err(error) => Err(LookupError::file(&self.path.join(relative), error)),
        }
    }

    /// The names in the directory at `relative`, in order; none when it is not there.
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

/// A data file: a map. An empty file is an empty one.
pub struct Document(pub Map);

impl<'de> serde::Deserialize<'de> for Document {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Map(map) => Ok(Self(map)),
            Value::Null => Ok(Self(Map::new())),
            _ => Err(serde::de::Error::custom("it must be a map of keys to values")),
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
        let just_written = Identity::of(&std::fs::metadata(&path).unwrap());
        let at = |ago: u64| Identity { changed: (just_written.changed.0 - ago.cast_signed(), 0), ..just_written };
        assert!(at(2).has_settled());
        // By a clock that was set back since: nothing is known of how long ago that was.
        assert!(!Identity { changed: (just_written.changed.0 + 3600, 0), ..just_written }.has_settled());
    }
}
