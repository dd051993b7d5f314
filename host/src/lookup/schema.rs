//! Schemas: the data's owner says how keys are looked up, so that clients need not. One JSON
//! file per namespace, as in Jerakia 3.

use super::error::{Cause, LookupError, because};
use super::files::{Files, Parsed};
use super::flaw::Entries;
use super::format::FileFormat;
use super::joined::Joined;
use super::merge::Merge;
use super::request::Request;
use super::root::Root;
use super::sources::Consulted;
use super::value::{Key, Map, Value, get};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A schema file: the rule of each key, or why it can't be used.
#[derive(Debug, Default)]
struct Schema(HashMap<String, Result<Rule, String>>);

/// The rule for a key.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Look there instead: the target's rule applies.
    pub alias: Option<Alias>,
    /// Cascade, even if the client asked for the first value.
    pub cascade: bool,
    /// How to merge; none: as the client asked.
    pub merge: Option<Merge>,
}

/// The target of an alias.
#[derive(Clone, Debug)]
pub struct Alias {
    namespace: Option<Vec<String>>,
    key: Option<String>,
}

impl Parsed for Schema {
    const MAX_KEPT: usize = 16 << 20;

    fn parse(joined: &Joined, format: FileFormat) -> Result<(Self, usize), Cause> {
        let (Entries { map, .. }, size) = format.entries(joined)?;
        let rules = map.iter().filter_map(|(key, value)| {
            let Key::Text(name) = key else { return None };
            Some((name.clone(), Rule::read(value)))
        });
        let schema = Self(rules.collect());
        let rules = schema.0.capacity().saturating_mul(size_of::<(String, Result<Rule, String>)>());
        Ok((schema, rules.saturating_add(size)))
    }
}

impl Rule {
    fn read(value: &Value) -> Result<Self, String> {
        let map = match value {
            Value::Null | Value::Bool(false) => return Ok(Self::default()),
            Value::Map(map) => map,
            _ => return Err("must be a map".into()),
        };
        let mut rule = Self::default();
        for (key, value) in &**map {
            match key {
                Key::Text(it) if it == "alias" => rule.alias = Alias::read(value)?,
                Key::Text(it) if it == "cascade" => rule.cascade = cascade(value)?,
                Key::Text(it) if it == "merge" => rule.merge = merge(value)?,
                other => return Err(format!("has \"{other}\": only alias, cascade and merge are possible")),
            }
        }
        Ok(rule)
    }
}

/// As text, too. By Ruby's truth, `"false"` would be true.
fn cascade(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(yes) => Ok(*yes),
        Value::Null => Ok(false),
        Value::Text(it) if it == "true" => Ok(true),
        Value::Text(it) if it == "false" => Ok(false),
        _ => Err("is wrong: cascade must be true or false".into()),
    }
}

fn merge(value: &Value) -> Result<Option<Merge>, String> {
    match value {
        Value::Text(name) => Merge::named(name).map(Some).ok_or("merge must be array, hash or deep_hash".into()),
        Value::Null | Value::Bool(false) => Ok(None),
        _ => Err("merge must be array, hash or deep_hash".into()),
    }
}

impl Alias {
    /// Text is ignored, as in Jerakia 3.
    fn read(value: &Value) -> Result<Option<Self>, String> {
        match value {
            Value::Map(map) => Ok(Some(Self { namespace: levels(map)?, key: key(map)? })),
            Value::Null | Value::Bool(false) | Value::Text(_) => Ok(None),
            _ => Err("alias must be a map of namespace and key".into()),
        }
    }

    /// Redirects a request to the target.
    pub fn apply(&self, request: &mut Request) {
        if let Some(namespace) = &self.namespace {
            request.namespace.clone_from(namespace);
        }
        if self.key.is_some() {
            request.key.clone_from(&self.key);
        }
    }
}

/// The namespace of an alias: one text, or one per level.
fn levels(map: &Map) -> Result<Option<Vec<String>>, String> {
    let wrong = || "an alias' namespace must be a text, or a list of texts".to_owned();
    let texts: Vec<&str> = match get(map, "namespace") {
        None | Some(Value::Null | Value::Bool(false)) => return Ok(None),
        Some(Value::Text(one)) => vec![one],
        Some(Value::List(items)) => items.iter().map(text).collect::<Option<_>>().ok_or_else(wrong)?,
        Some(_) => return Err(wrong()),
    };
    Ok(Some(Request::new(None, &texts.join("/")).namespace))
}

fn text(value: &Value) -> Option<&str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn key(map: &Map) -> Result<Option<String>, String> {
    match get(map, "key") {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::Text(key)) => Ok(Some(key.clone())),
        Some(_) => Err("an alias' key must be a text".into()),
    }
}

/// The schemas in a directory. Changed files are read again.
pub struct Schemas {
    directory: PathBuf,
    files: Files<Schema>,
}

/// The rules of one namespace. Empty if it has no schema.
#[derive(Default)]
pub struct Rules {
    path: PathBuf,
    schema: Option<Arc<Schema>>,
}

impl Schemas {
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.into(), files: Files::default() }
    }

    /// The rules of a request's namespace.
    ///
    /// # Errors
    /// When the file can't be used as a whole.
    pub fn of(&self, request: &Request, consulted: &Consulted) -> Result<Rules, LookupError> {
        let namespace = request.namespace_path()?;
        if namespace.is_empty() {
            return Ok(Rules::default());
        }
        let name = format!("{namespace}.json");
        let root = Root::open_at(self.directory.clone(), consulted)?;
        let schema = self.files.read(&root, &name, FileFormat::Json)?;
        Ok(Rules { path: self.directory.join(name), schema })
    }
}

impl Rules {
    /// Whether there is a schema.
    pub fn exist(&self) -> bool {
        self.schema.is_some()
    }

    /// The rule for `key`.
    ///
    /// # Errors
    /// When the rule is malformed.
    pub fn rule(&self, key: &str) -> Result<Rule, LookupError> {
        match self.schema.as_ref().and_then(|it| it.0.get(key)) {
            None => Ok(Rule::default()),
            Some(Ok(rule)) => Ok(rule.clone()),
            Some(Err(why)) => {
                let cause = because(format!("the schema of {key:?} {why}"));
                Err(LookupError::File { path: self.path.clone(), cause })
            }
        }
    }
}
