//! Policies: the lookups to perform, in order, and where each one searches.

use super::error::{Cause, LookupError, because};
use super::files::{Files, Parsed};
use super::filter::{self, OutputFilter};
use super::format::FileFormat;
use super::joined::Joined;
use super::pattern::{self, Pattern};
use super::request::{Request, is_plain};
use super::root::Root;
use super::sources::Consulted;
use indexmap::IndexMap;
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
    /// Names the data source for the reader of the policy: there is only one kind.
    #[serde(default, rename = "datasource")]
    _datasource: Datasource,
    /// Below vardir if it is relative.
    pub docroot: PathBuf,
    #[serde(default)]
    pub format: FileFormat,
    /// Overrides the format's extension.
    pub extension: Option<String>,
    pub searchpath: Vec<String>,
    /// Where absolute entries of the search path may lead, besides the document root.
    #[serde(default)]
    pub allowed_roots: Vec<PathBuf>,
    /// All must match.
    #[serde(default)]
    confine: IndexMap<String, Pattern>,
    /// None may match.
    #[serde(default)]
    exclude: IndexMap<String, Pattern>,
    /// Ends the policy after this lookup, if it took part.
    #[serde(default)]
    pub stop: bool,
    /// Applied in order to what the policy's lookups have found so far.
    #[serde(default, deserialize_with = "filter::all")]
    pub output_filters: Vec<OutputFilter>,
}

/// The sources of data: only files.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Datasource {
    #[default]
    File,
}

/// How else names of policies may end, and what to do about it: Ruby's are Jerakia 3's. To go on with the built-in one would answer from
/// other files than before.
const OTHERS: [(&str, &str); 2] = [
    ("rb", "policies are YAML here, not Ruby: write NAME.yaml beside it (docs/LOOKUPS.md#policies shows one in both)"),
    ("yml", "the names of policies end with .yaml: rename it to NAME.yaml"),
];

impl Parsed for Policy {
    const MAX_KEPT: usize = 16 << 20;

    fn parse(joined: &Joined, _: FileFormat) -> Result<(Self, usize), Cause> {
        let policy: Self = FileFormat::settings(joined)?;
        let patterns: usize = policy.lookups.iter().map(|it| it.confine.len() + it.exclude.len()).sum();
        let text: usize = joined.texts().map(|(text, _)| text.len()).sum();
        let size = text.saturating_mul(4).saturating_add(patterns.saturating_mul(pattern::SIZE));
        Ok((policy, size))
    }
}

impl Lookup {
    /// Whether it takes part in `request`: every `confine` matches, and no `exclude` does. An
    /// unset value matches nothing.
    ///
    /// # Errors
    /// When a pattern of `policy`, a file, takes too long.
    pub fn takes_part(&self, request: &Request, policy: &Path) -> Result<bool, LookupError> {
        let matches = |(name, pattern): (&String, &Pattern)| {
            let Some(value) = request.attribute(name) else { return Ok(false) };
            pattern.matches(&value).map_err(|why| LookupError::File {
                path: policy.into(),
                cause: because(format!("lookup {:?}, condition {name}: {why}", self.name)),
            })
        };
        for condition in &self.confine {
            if !matches(condition)? {
                return Ok(false);
            }
        }
        for condition in &self.exclude {
            if matches(condition)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The extension of its files.
    pub fn extension(&self) -> &str {
        self.extension.as_deref().unwrap_or_else(|| self.format.extension())
    }

    /// The lookup of the built-in policy: YAML files below `data`.
    fn built_in() -> Self {
        Self {
            name: "default".into(),
            _datasource: Datasource::File,
            docroot: "data".into(),
            format: FileFormat::Yaml,
            extension: None,
            searchpath: ["host/%{hostname}", "env/%{env}", "common"].map(Into::into).into(),
            allowed_roots: Vec::new(),
            confine: IndexMap::new(),
            exclude: IndexMap::new(),
            stop: false,
            output_filters: Vec::new(),
        }
    }
}

/// The policies in a directory. Changed files are read again.
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

    /// The file of the policy with this name, whether or not it exists.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.yaml"))
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
        if let Some(policy) = self.files.read(&root, &format!("{name}.yaml"), FileFormat::Yaml)? {
            return Ok(policy);
        }
        for (ending, hint) in OTHERS {
            let file = format!("{name}.{ending}");
            if root.has(&file) {
                let cause = because(hint.replace("NAME", name));
                return Err(LookupError::File { path: self.directory.join(file), cause });
            }
        }
        match name {
            "default" => Ok(self.built_in.clone()),
            _ => Err(LookupError::NoPolicy { name: name.to_owned(), path: self.path(name) }),
        }
    }
}
