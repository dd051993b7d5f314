//! Data files: parsed once, and read again when they have changed.

use super::error::{Cause, LookupError, because};
use super::format::Format;
use super::identity::Identity;
use super::root::Root;
use super::value::{Map, Value};
use crate::bounded::Bounded;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// The largest file that is read, in bytes.
const MAX_FILE_LEN: u64 = 64 << 20;

/// From this size on files are parsed one at a time, in bytes: requests that come
/// together for a file that is not kept yet share what the first of them makes.
const LARGE: u64 = 64 << 10;

/// What a file becomes.
pub trait Parsed: Sized {
    /// How much of all files of this kind is kept, in bytes of memory. Beyond it all are
    /// forgotten and read again as they are asked for.
    const MAX_KEPT: usize;

    /// Parses a file; answers the memory that it takes as well, in bytes.
    fn parse(text: &[u8], format: Format) -> Result<(Self, usize), Cause>;
}

struct Kept<T> {
    identity: Identity,
    parsed: Result<Arc<T>, Cause>,
}

/// Files of one kind, parsed. Reads share; only the file that has changed is parsed
/// again. Files that are not there are not remembered.
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
    /// What is in the file at `relative` below `root`; none when there is no file.
    ///
    /// # Errors
    /// When it can't be read or parsed, or leads out of `root`.
    pub fn read(&self, root: &Root<'_>, relative: &str, format: Format) -> Result<Option<Arc<T>>, LookupError> {
        let path = root.path.join(relative);
        let Some(mut file) = root.open(relative, OFlags::RDONLY)?.map(File::from) else {
            return Ok(None);
        };
        let identity = Identity::of(&file).map_err(|error| LookupError::file(&path, error))?;
        if !identity.is_file() {
            return Ok(None);
        }
        let kept = self.find(&path, &identity).unwrap_or_else(|| self.load(&path, &mut file, identity, format));
        kept.parsed.clone().map(Some).map_err(|cause| LookupError::File { path, cause })
    }

    fn find(&self, path: &Path, identity: &Identity) -> Option<Arc<Kept<T>>> {
        self.kept.get(path).filter(|it| it.identity == *identity)
    }

    fn load(&self, path: &Path, file: &mut File, identity: Identity, format: Format) -> Arc<Kept<T>> {
        let _turn = (identity.size() >= LARGE).then(|| self.parsing.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(kept) = self.find(path, &identity) {
            return kept;
        }
        // Decided before it is read, as reading may take longer than settling.
        let settled = identity.has_settled();
        let (parsed, size) = match parse(file, identity.size(), format) {
            Ok((parsed, size)) => (Ok(Arc::new(parsed)), size),
            Err(error) => (Err(error), 0),
        };
        let size =
            size + path.as_os_str().len() + parsed.as_ref().err().map_or(0, size_of_error) + size_of::<Kept<T>>();
        let kept = Arc::new(Kept { identity, parsed });
        if settled {
            self.kept.keep(path.into(), kept.clone(), size);
        }
        kept
    }
}

fn parse<T: Parsed>(file: &mut File, size: u64, format: Format) -> Result<(T, usize), Cause> {
    if size > MAX_FILE_LEN {
        return Err(because(format!("it has {size} bytes, and {MAX_FILE_LEN} are the most")));
    }
    let mut text = Vec::new();
    file.take(MAX_FILE_LEN).read_to_end(&mut text).map_err(|error| Arc::new(error) as Cause)?;
    T::parse(&text, format)
}

/// What an error takes, in bytes of memory: an estimate, as it holds its text in pieces.
fn size_of_error(error: &Cause) -> usize {
    size_of_val(&**error) + error.to_string().len().saturating_mul(2)
}

/// A data file: a map. An empty file is an empty one.
pub struct Document(Value);

impl Document {
    /// Its map.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The same.
    pub fn map(&self) -> &Map {
        static EMPTY: LazyLock<Map> = LazyLock::new(Map::new);
        if let Value::Map(map) = &self.0 { map } else { &EMPTY }
    }
}

impl Parsed for Document {
    const MAX_KEPT: usize = 256 << 20;

    fn parse(text: &[u8], format: Format) -> Result<(Self, usize), Cause> {
        match format.value(text)? {
            (value @ Value::Map(_), size) => Ok((Self(value), size)),
            (Value::Null, size) => Ok((Self(Value::Map(Box::default())), size)),
            _ => Err(because("it must be a map of keys to values")),
        }
    }
}
