//! Lookups: what a key is, for whom it is asked. Native code that knows nothing of
//! HTTP or tokens.
//!
//! A [`Request`] names a policy; the policy's lookups are made in order. Each turns its
//! search path into directories and reads one file a directory: the namespace's.

mod answer;
mod error;
mod files;
mod filter;
mod format;
mod identity;
mod merge;
mod policy;
pub(crate) mod reading;
mod request;
mod root;
mod schema;
mod sources;
mod value;
mod view;

pub use answer::Answer;
pub use error::LookupError;
pub use merge::Merge;
pub(crate) use request::levels;
pub use request::{LookupType, Request};
pub use sources::{Consulted, Sources};
pub use value::{Key, Map, Value};
pub use view::{Entries, View};

use answer::Part;
use files::{Document, Files};
use filter::Filters;
use policy::{Lookup, Policies};
use root::Root;
use schema::Schemas;
use std::path::PathBuf;

/// Where everything is.
#[derive(Debug)]
pub struct Settings {
    /// Policies: `<name>.yaml`.
    pub policydir: PathBuf,
    /// What relative document roots start from.
    pub vardir: PathBuf,
    /// Schemas: `<namespace>.json`.
    pub schema_docroot: PathBuf,
    /// Whether schemas are asked at all.
    pub enable_schema: bool,
}

/// Answers lookups from files, which it keeps parsed until they change.
pub struct Engine {
    vardir: PathBuf,
    policies: Policies,
    schemas: Option<Schemas>,
    data: Files<Document>,
}

impl Engine {
    /// Reads nothing yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            vardir: settings.vardir.clone(),
            policies: Policies::new(&settings.policydir),
            schemas: settings.enable_schema.then(|| Schemas::new(&settings.schema_docroot)),
            data: Files::default(),
        }
    }

    /// Answers `request`.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn lookup(&self, request: Request) -> Result<Answer, LookupError> {
        self.lookup_noting(request, &Consulted::ignored())
    }

    /// Answers `request`, and notes in `consulted` what the answer came from.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn lookup_noting(&self, mut request: Request, consulted: &Consulted) -> Result<Answer, LookupError> {
        let policy = self.policies.find(&request.policy, consulted)?;
        if let Some(schemas) = self.schemas.as_ref().filter(|_| request.use_schema) {
            schemas.apply(&mut request, consulted)?;
        }
        let (mut found, mut filters) = (Vec::new(), Filters::new(&request));
        for lookup in policy.lookups.iter().filter(|it| it.takes_part(&request)) {
            tracing::debug!(lookup = lookup.name, key = request.key, "looking up");
            let before = found.len();
            self.search(lookup, &request, consulted, &mut found)?;
            let failed = |error| LookupError::file(&self.vardir.join(&lookup.docroot), error);
            filters.apply(lookup, &mut found, before).map_err(failed)?;
            if lookup.stop || is_enough(&request, &found) {
                break;
            }
        }
        let merge = (request.lookup_type == LookupType::Cascade).then_some(request.merge);
        Ok(Answer { parts: found, merge })
    }

    /// Adds what the files of one lookup have, most specific first.
    fn search(
        &self,
        lookup: &Lookup,
        request: &Request,
        consulted: &Consulted,
        found: &mut Vec<Part>,
    ) -> Result<(), LookupError> {
        let namespace = request.namespace_path()?;
        let root = Root::open_at(self.vardir.join(&lookup.docroot), consulted)?;
        for directory in lookup.search(request)? {
            let stem = if directory.is_empty() { namespace.clone() } else { format!("{directory}/{namespace}") };
            found.extend(self.read(&root, lookup, &stem, request.key.as_deref())?);
            if is_enough(request, found) {
                break;
            }
        }
        Ok(())
    }

    /// What the file at `stem` and its fragments have: the fragments in `<stem>.d` are
    /// read after it, in the order of their names, and what a later one has of a key
    /// takes the place of what an earlier one has.
    fn read(
        &self,
        root: &Root<'_>,
        lookup: &Lookup,
        stem: &str,
        key: Option<&str>,
    ) -> Result<Option<Part>, LookupError> {
        let extension = lookup.extension();
        let fragments = root.names(&format!("{stem}.d"))?;
        let fragments = fragments.iter().filter(|it| it.ends_with(&format!(".{extension}")) && !it.starts_with('.'));
        let mut paths = vec![format!("{stem}.{extension}")];
        paths.extend(fragments.map(|name| format!("{stem}.d/{name}")));

        let mut found = None;
        for path in paths {
            let Some(document) = self.data.read(root, &path, lookup.format)? else { continue };
            match (key, &mut found) {
                (Some(key), _) => {
                    let key = Key::Text(key.into());
                    if document.map().contains_key(&key) {
                        found = Some(Part::Entry { of: document, key });
                    }
                }
                (None, Some(Part::Whole(documents))) => documents.push(document),
                (None, _) => found = Some(Part::Whole(vec![document])),
            }
        }
        Ok(found)
    }
}

fn is_enough(request: &Request, found: &[Part]) -> bool {
    request.lookup_type == LookupType::First && !found.is_empty()
}
