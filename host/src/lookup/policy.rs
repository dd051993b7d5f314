//! Policies: which lookups are made, in which order, and where they search.

use super::error::{Cause, LookupError};
use super::files::{Files, Parsed};
use super::filter::Filter;
use super::format::Format;
use super::request::{Request, is_plain};
use super::root::Root;
use super::sources::Consulted;
use indexmap::IndexMap;
use regex::Regex;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A policy file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub lookups: Vec<Lookup>,
}

/// One lookup of a policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    pub name: String,
    /// Where its data is: named for the reader, since there is but one kind.
    #[serde(default, rename = "datasource")]
    _datasource: Datasource,
    /// Below vardir, where it is relative.
    pub docroot: PathBuf,
    #[serde(default)]
    pub format: Format,
    /// In place of the format's.
    pub extension: Option<String>,
    pub searchpath: Vec<String>,
    /// All must match.
    #[serde(default)]
    confine: IndexMap<String, Pattern>,
    /// None may match.
    #[serde(default)]
    exclude: IndexMap<String, Pattern>,
    /// What becomes of the values it finds.
    #[serde(default)]
    pub output_filters: Vec<Filter>,
    /// Ends the policy after this lookup, if it took part.
    #[serde(default)]
    pub stop: bool,
}

/// Where data is. Files are all there is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Datasource {
    #[default]
    File,
}

/// A regular expression that must match the whole of a value, as Jerakia 3's do.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Pattern(Regex);

/// What a compiled pattern takes, in bytes of memory: an estimate, since it does not say.
const PATTERN: usize = 32 << 10;

/// A policy of Jerakia 3 and none of ours: to go on with the built-in one would answer from
/// other files than before.
#[derive(Debug, thiserror::Error)]
#[error("policies are YAML here, not Ruby: write {name}.yaml beside it (docs/LOOKUPS.md#policies shows one in both)")]
struct Ruby {
    name: String,
}

impl Parsed for Policy {
    const MAX_KEPT: usize = 16 << 20;

    fn parse(text: &[u8], format: Format) -> Result<(Self, usize), Cause> {
        let policy: Self = format.settings(text)?;
        let patterns: usize = policy.lookups.iter().map(|it| it.confine.len() + it.exclude.len()).sum();
        let size = text.len().saturating_mul(4).saturating_add(patterns.saturating_mul(PATTERN));
        Ok((policy, size))
    }
}

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, regex::Error> {
        Regex::new(&format!("^(?:{text})$")).map(Self)
    }
}

impl Lookup {
    /// Whether it is made for `request`: every `confine` matches, no `exclude` does. What
    /// is not set matches as an empty text.
    pub fn takes_part(&self, request: &Request) -> bool {
        let matches =
            |(name, pattern): (&String, &Pattern)| pattern.0.is_match(&request.attribute(name).unwrap_or_default());
        self.confine.iter().all(matches) && !self.exclude.iter().any(matches)
    }

    /// How the names of its files end.
    pub fn extension(&self) -> &str {
        self.extension.as_deref().unwrap_or_else(|| self.format.extension())
    }

    /// The directories below the document root in which to search, most specific
    /// first. An entry that needs something which is not set is skipped.
    ///
    /// # Errors
    /// When one would lead out.
    pub fn search(&self, request: &Request) -> Result<Vec<String>, LookupError> {
        let filled = self.searchpath.iter().filter_map(|entry| fill(entry, request));
        filled
            .map(|path| {
                let elements: Vec<_> = path.split('/').filter(|it| !it.is_empty()).collect();
                if path.starts_with('/') || !elements.iter().all(|element| is_plain(element)) {
                    return Err(LookupError::outside("search path"));
                }
                Ok(elements.join("/"))
            })
            .collect()
    }

    /// The policy that is there when nobody wrote one: YAML files below `data`.
    fn built_in() -> Self {
        Self {
            name: "default".into(),
            _datasource: Datasource::File,
            docroot: "data".into(),
            format: Format::Yaml,
            extension: None,
            searchpath: ["host/%{hostname}", "env/%{env}", "common"].map(Into::into).into(),
            confine: IndexMap::new(),
            exclude: IndexMap::new(),
            output_filters: Vec::new(),
            stop: false,
        }
    }
}

/// `entry` with `%{name}` replaced by the scope's `name`; none when it is not set.
fn fill(entry: &str, request: &Request) -> Option<String> {
    let (mut filled, mut rest) = (String::new(), entry);
    while let Some((before, after)) = rest.split_once("%{") {
        let (name, after) = after.split_once('}')?;
        let name = name.trim();
        filled += before;
        filled += &request.attribute(&format!("scope.{}", name.strip_prefix("scope.").unwrap_or(name)))?;
        rest = after;
    }
    Some(filled + rest)
}

/// The policies in a directory, read again when they change.
pub struct Policies {
    directory: PathBuf,
    files: Files<Policy>,
    built_in: Arc<Policy>,
}

impl Policies {
    pub fn new(directory: &Path) -> Self {
        let built_in = Arc::new(Policy { lookups: vec![Lookup::built_in()] });
        Self { directory: directory.into(), files: Files::default(), built_in }
    }

    /// The policy of this name.
    ///
    /// # Errors
    /// When there is none, or its file has an error.
    pub fn find(&self, name: &str, consulted: &Consulted) -> Result<Arc<Policy>, LookupError> {
        if !is_plain(name) {
            return Err(LookupError::BadRequest("The policy's name can't be one".into()));
        }
        let root = Root::open_at(self.directory.clone(), consulted)?;
        match self.files.read(&root, &format!("{name}.yaml"), Format::Yaml)? {
            Some(policy) => Ok(policy),
            None if root.has(&format!("{name}.rb")) => {
                Err(LookupError::file(&self.directory.join(format!("{name}.rb")), Ruby { name: name.into() }))
            }
            None if name == "default" => Ok(self.built_in.clone()),
            None => {
                Err(LookupError::NoPolicy { name: name.to_owned(), path: self.directory.join(format!("{name}.yaml")) })
            }
        }
    }
}
