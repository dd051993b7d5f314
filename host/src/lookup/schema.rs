//! Schemas: what the owner of the data says of a key, so that clients need not. JSON
//! files, one a namespace, as Jerakia 3 has them.

use super::error::{Cause, LookupError};
use super::files::{Files, Parsed};
use super::format::Format;
use super::merge::Merge;
use super::request::{LookupType, Request};
use super::root::Root;
use super::sources::Consulted;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A schema file: what is said of each key.
#[derive(Deserialize)]
struct Schema(HashMap<String, Rule>);

/// What is said of a key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// Look here instead.
    alias: Option<Alias>,
    /// Cascade, whatever the client asked for; or not.
    cascade: Option<bool>,
    /// Merge like this.
    merge: Option<Merge>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alias {
    namespace: Option<String>,
    key: Option<String>,
}

impl Parsed for Schema {
    const MAX_KEPT: usize = 16 << 20;

    fn parse(text: &[u8], format: Format) -> Result<(Self, usize), Cause> {
        let schema: Self = format.settings(text)?;
        let rules = schema.0.capacity().saturating_mul(size_of::<(String, Rule)>());
        Ok((schema, rules.saturating_add(text.len())))
    }
}

/// The schemas in a directory, read again when they change.
pub struct Schemas {
    directory: PathBuf,
    files: Files<Schema>,
}

impl Schemas {
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.into(), files: Files::default() }
    }

    /// Changes `request` as its schema says. The one of the key it came with: that of
    /// an alias is not asked, so that no two can point at each other.
    ///
    /// # Errors
    /// When a schema's file has an error.
    pub fn apply(&self, request: &mut Request, consulted: &Consulted) -> Result<(), LookupError> {
        let Some(key) = &request.key else { return Ok(()) };
        let path = request.namespace_path()?;
        let root = Root::open_at(self.directory.clone(), consulted)?;
        let Some(schema) = self.files.read(&root, &format!("{path}.json"), Format::Json)? else { return Ok(()) };
        let Some(rule) = schema.0.get(key) else { return Ok(()) };
        if let Some(alias) = &rule.alias {
            if let Some(namespace) = &alias.namespace {
                request.namespace = Request::new(None, namespace).namespace;
            }
            request.key = alias.key.clone().or_else(|| request.key.take());
        }
        match rule.cascade {
            Some(true) => request.lookup_type = LookupType::Cascade,
            Some(false) => request.lookup_type = LookupType::First,
            None => {}
        }
        request.merge = rule.merge.unwrap_or(request.merge);
        Ok(())
    }
}
