//! Lookups: resolve the value of a key for a client's scope. Independent of HTTP and tokens.
//!
//! A [`Request`] names a policy, whose lookups are performed in order. Each turns its search
//! path into directories, and reads the namespace's file in each directory.

mod anchors;
mod answer;
pub(crate) mod bounds;
mod document;
mod error;
mod file_state;
mod files;
mod filter;
mod flaw;
mod format;
mod joined;
mod json;
mod merge;
mod pattern;
mod policy;
mod reading;
mod request;
mod root;
mod scalar;
mod schema;
mod search_path;
mod sources;
mod tags;
mod unite;
mod value;
mod view;
mod yaml;

pub use answer::Answer;
pub use error::LookupError;
pub use merge::Merge;
pub(crate) use request::levels;
pub use request::{LookupType, Request};
pub use sources::{Consulted, Sources};
pub use value::{Key, Map, Value};
pub use view::{Entries, View};

use answer::Step;
use document::Document;
use files::Files;
use policy::{Lookup, Policies};
use root::Root;
use schema::{Rules, Schemas};
use std::path::PathBuf;
use std::sync::Arc;

/// Where policies, data and schemas are.
#[derive(Debug)]
pub struct Settings {
    /// Policies: `<name>.yaml`.
    pub policydir: PathBuf,
    /// The directory that relative document roots start from.
    pub vardir: PathBuf,
    /// Schemas: `<namespace>.json`.
    pub schema_docroot: PathBuf,
    /// Whether schemas apply.
    pub enable_schema: bool,
}

/// Answers lookups from files. Keeps the parsed files until they change.
pub struct Engine {
    vardir: PathBuf,
    policies: Policies,
    schemas: Option<Schemas>,
    data: Files<Document>,
}

impl Engine {
    /// Makes an engine. It reads files only when asked.
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

    /// Answers `request`, and notes the sources of the answer in `consulted`.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn lookup_noting(&self, mut request: Request, consulted: &Consulted) -> Result<Answer, LookupError> {
        let policy = self.policies.find(&request.policy, consulted)?;
        let mut answer = Answer {
            rules: self.resolve_alias(&mut request, consulted)?,
            key: request.key.clone().map(Key::Text),
            cascade: request.lookup_type == LookupType::Cascade,
            merge: request.merge,
            scope: Map::new(),
            policy: self.policies.path(&request.policy),
            steps: Vec::new(),
        };
        for (number, lookup) in policy.lookups.iter().enumerate() {
            if !lookup.takes_part(&request, &answer.policy)? {
                continue;
            }
            tracing::debug!(lookup = lookup.name, key = request.key, "looking up");
            self.search(lookup, &request, consulted, &mut answer)?;
            if !lookup.output_filters.is_empty() {
                answer.steps.push(Step::Filtered(policy.clone(), number));
            }
            if lookup.stop || answer.is_complete()? {
                break;
            }
        }
        answer.scope = request.scope;
        answer.check()?;
        Ok(answer)
    }

    /// The schema of the namespace. Applies an alias to the request; then the schema of the
    /// target applies, except for its aliases, so that cycles are impossible.
    fn resolve_alias(&self, request: &mut Request, consulted: &Consulted) -> Result<Rules, LookupError> {
        let Some(schemas) = self.schemas.as_ref().filter(|_| request.use_schema) else {
            return Ok(Rules::default());
        };
        let rules = schemas.of(request, consulted)?;
        let alias = request.key.as_ref().map(|key| rules.rule(key)).transpose()?.and_then(|it| it.alias);
        let Some(alias) = alias else { return Ok(rules) };
        alias.apply(request);
        schemas.of(request, consulted)
    }

    /// Adds the documents that one lookup finds, most specific first.
    fn search(
        &self,
        lookup: &Lookup,
        request: &Request,
        consulted: &Consulted,
        answer: &mut Answer,
    ) -> Result<(), LookupError> {
        let namespace = request.namespace_path()?;
        let docroot = Root::open_at(self.vardir.join(&lookup.docroot), consulted)?;
        for place in lookup.search_directories(request, &self.vardir, &answer.policy)? {
            let elsewhere = place.root.map(|it| Root::open_at(it, consulted)).transpose()?;
            let root = elsewhere.as_ref().unwrap_or(&docroot);
            let stem = match (place.directory.as_str(), namespace.as_str()) {
                ("", "") => continue, // no name is left for a file
                ("", only) | (only, "") => only.to_owned(),
                (directory, namespace) => format!("{directory}/{namespace}"),
            };
            if let Some(document) = self.read(root, lookup, &stem, request, answer.key.as_ref())? {
                answer.steps.push(Step::Found(document));
            }
            if answer.is_complete()? {
                break;
            }
        }
        Ok(())
    }

    /// The file at `stem`, with the fragments in `<stem>.d` in the order of their names, if it has
    /// the key.
    fn read(
        &self,
        root: &Root<'_>,
        lookup: &Lookup,
        stem: &str,
        request: &Request,
        key: Option<&Key>,
    ) -> Result<Option<Arc<Document>>, LookupError> {
        let file = format!("{stem}.{}", lookup.extension());
        let ending = format!(".{}", lookup.extension());
        let names = root.names(&format!("{stem}.d"))?.into_iter();
        let fragments: Vec<_> = names
            .filter(|it| it.ends_with(&ending) && !it.starts_with('.'))
            .map(|it| format!("{stem}.d/{it}"))
            .collect();
        let document = self.data.read_joined(root, &file, &fragments, lookup.format)?;
        let has_it = |it: &Arc<Document>| key.map_or(!it.map().is_empty(), |key| it.map().contains_key(key));
        let Some(document) = document.filter(has_it) else { return Ok(None) };
        document
            .check(key, request.big_integers)
            .map_err(|cause| LookupError::File { path: root.path.join(&file), cause })?;
        Ok(Some(document))
    }
}
