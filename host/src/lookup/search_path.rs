//! Search paths: the directories that a lookup searches.

use super::error::{LookupError, because};
use super::policy::Lookup;
use super::request::{Request, is_safe};
use std::fmt;
use std::path::{Path, PathBuf};

/// A directory to search.
#[derive(Debug, PartialEq)]
pub struct SearchDirectory {
    /// The root that no path below it may leave; none: the lookup's document root.
    pub root: Option<PathBuf>,
    /// Below the root.
    pub directory: String,
}

impl Lookup {
    /// The directories to search, most specific first. An unset value is empty text, as in Jerakia 3:
    /// `env/%{env}` becomes `env`. With [`Request::whole_levels`], leaves out entries in which a
    /// value stands for no directory, or for several.
    ///
    /// # Errors
    /// When an entry would lead out: the client's, if one of its values does, and that of
    /// `policy`, a file, if the entry itself does, or is absolute and below no allowed root.
    pub fn search_directories(
        &self,
        request: &Request,
        vardir: &Path,
        policy: &Path,
    ) -> Result<Vec<SearchDirectory>, LookupError> {
        let filled = self.searchpath.iter().filter_map(|entry| Some((entry, fill(entry, request)?)));
        filled.map(|(entry, filled)| self.search_directory(entry, &filled, vardir, policy)).collect()
    }

    fn search_directory(
        &self,
        entry: &str,
        filled: &str,
        vardir: &Path,
        policy: &Path,
    ) -> Result<SearchDirectory, LookupError> {
        let elements: Vec<_> = filled.split('/').filter(|it| !matches!(*it, "" | ".")).collect();
        if is_unsafe(filled) && is_unsafe(&blank(entry)) {
            return Err(self.refuse(policy, format_args!("searches {entry:?}, which leads up: leave out its ..")));
        }
        if is_unsafe(filled) || (filled.starts_with('/') && !entry.starts_with('/')) {
            return Err(LookupError::outside("search path"));
        }
        let directory = elements.join("/");
        if !entry.starts_with('/') {
            return Ok(SearchDirectory { root: None, directory });
        }
        let roots = std::iter::once(&self.docroot).chain(&self.allowed_roots).map(|it| vardir.join(it));
        let absolute = PathBuf::from(format!("/{directory}"));
        let allowed = roots.filter_map(|root| {
            let below = absolute.strip_prefix(&root).ok()?.to_str()?.to_owned();
            Some(SearchDirectory { root: Some(root), directory: below })
        });
        allowed.min_by_key(|it| it.directory.len()).ok_or_else(|| {
            let why = format_args!("searches {entry:?}, which is in none of its allowed_roots: add its directory");
            self.refuse(policy, why)
        })
    }

    fn refuse(&self, policy: &Path, why: fmt::Arguments<'_>) -> LookupError {
        LookupError::File { path: policy.into(), cause: because(format!("lookup {:?} {why}", self.name)) }
    }
}

/// Whether a path of several elements would be left by one of them.
fn is_unsafe(path: &str) -> bool {
    path.split('/').any(|it| !it.is_empty() && !is_safe(it))
}

/// `entry` with nothing for each `%{name}`: what is not a client's.
fn blank(entry: &str) -> String {
    let (mut blank, mut rest) = (String::new(), entry);
    while let Some((before, (_, after))) =
        rest.split_once("%{").and_then(|(it, rest)| Some((it, rest.split_once('}')?)))
    {
        blank += before;
        rest = after;
    }
    blank + rest
}

/// `entry` with `%{name}` replaced by the scope's `name`; none where the entry is left out.
fn fill(entry: &str, request: &Request) -> Option<String> {
    let (mut filled, mut rest) = (String::new(), entry);
    while let Some((before, (name, after))) =
        rest.split_once("%{").and_then(|(it, rest)| Some((it, rest.split_once('}')?)))
    {
        let name = name.trim();
        filled += before;
        let value = request.attribute(&format!("scope.{}", name.strip_prefix("scope.").unwrap_or(name)));
        let value = value.unwrap_or_default();
        if request.whole_levels && (matches!(&*value, "" | ".") || value.contains('/')) {
            return None;
        }
        filled += &value;
        rest = after;
    }
    Some(filled + rest)
}
