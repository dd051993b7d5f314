//! What is asked.

use super::error::LookupError;
use super::merge::Merge;
use super::value::{Map, Value, get};

/// How far a lookup goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LookupType {
    /// To the first file that has the key.
    #[default]
    First,
    /// Through all files: what they have is merged.
    Cascade,
}

/// A lookup.
#[derive(Clone, Debug)]
pub struct Request {
    /// The key; none asks for the whole namespace.
    pub key: Option<String>,
    /// The namespace, by levels.
    pub namespace: Vec<String>,
    /// The name of the policy: `default` if nobody says another.
    pub policy: String,
    /// How far to go.
    pub lookup_type: LookupType,
    /// How to merge.
    pub merge: Merge,
    /// What search paths and conditions are about.
    pub scope: Map,
    /// What the client says of itself.
    pub metadata: Map,
    /// Whether a schema may change the request.
    pub use_schema: bool,
}

impl Request {
    /// The plainest request for a key in `a/b`.
    #[must_use]
    pub fn new(key: Option<&str>, namespace: &str) -> Self {
        Self {
            key: key.map(Into::into),
            namespace: levels(namespace).map(Into::into).collect(),
            policy: "default".into(),
            lookup_type: LookupType::default(),
            merge: Merge::default(),
            scope: Map::new(),
            metadata: Map::new(),
            use_schema: true,
        }
    }

    /// The namespace as a path below a document root.
    ///
    /// # Errors
    /// When it would lead out.
    pub(super) fn namespace_path(&self) -> Result<String, LookupError> {
        if self.namespace.is_empty() || !self.namespace.iter().all(|level| is_plain(level)) {
            return Err(LookupError::outside("namespace"));
        }
        Ok(self.namespace.join("/"))
    }

    /// What a condition or a search path names: `request.key`, `request.namespace.0`,
    /// `scope.env`, `metadata.host`. None when it is not set, or has no text.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let (of, rest) = name.split_once('.')?;
        match (of, rest.split_once('.')) {
            ("scope", _) => get(&self.scope, rest).and_then(Value::scalar),
            ("metadata", _) => get(&self.metadata, rest).and_then(Value::scalar),
            ("request", Some(("namespace", level))) => self.namespace.get(level.parse::<usize>().ok()?).cloned(),
            ("request", None) if rest == "key" => self.key.clone(),
            ("request", None) if rest == "policy" => Some(self.policy.clone()),
            ("request", None) if rest == "namespace" => Some(self.namespace.join("/")),
            _ => None,
        }
    }
}

/// The levels of a namespace such as `a/b`.
pub(crate) fn levels(namespace: &str) -> impl Iterator<Item = &str> {
    namespace.split('/').filter(|it| !it.is_empty())
}

/// Whether `element` is one element of a path, that stays where it is.
pub(super) fn is_plain(element: &str) -> bool {
    !matches!(element, "" | "." | "..") && !element.contains(['/', '\0'])
}
