//! Lookup requests.

use super::error::LookupError;
use super::merge::Merge;
use super::value::{Map, Value, get};

/// How far a lookup goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LookupType {
    /// Stop at the first file that has the key.
    #[default]
    First,
    /// Merge the values in all files.
    Cascade,
}

/// A lookup.
#[derive(Clone, Debug)]
pub struct Request {
    /// The key; none asks for the whole namespace.
    pub key: Option<String>,
    /// The namespace, by levels.
    pub namespace: Vec<String>,
    /// The name of the policy.
    pub policy: String,
    /// How far to go.
    pub lookup_type: LookupType,
    /// How to merge.
    pub merge: Merge,
    /// The facts that search paths and conditions use.
    pub scope: Map,
    /// The client's facts about itself.
    pub metadata: Map,
    /// Whether a schema may change the request.
    pub use_schema: bool,
    /// Whether the answer may have integers of more than 64 bits, which MessagePack can't express.
    pub big_integers: bool,
    /// Whether each scope value in a search path is to stand for one directory. Else a client
    /// whose grants limit its namespaces could read another one: with `dev/a` as its `env`,
    /// `env/%{env}` leads from namespace `b` to `a/b`.
    pub whole_levels: bool,
}

impl Request {
    /// A request with the default policy, type and merge, and without scope.
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
            big_integers: true,
            whole_levels: false,
        }
    }

    /// The namespace as a path below a document root. Empty for the files that the search path
    /// itself names.
    ///
    /// # Errors
    /// When it would lead out.
    pub(super) fn namespace_path(&self) -> Result<String, LookupError> {
        if !self.namespace.iter().all(|level| is_safe(level)) {
            return Err(LookupError::outside("namespace"));
        }
        Ok(self.namespace.join("/"))
    }

    /// The value of a name in a condition or a search path: `request.key`, `request.namespace.0`,
    /// `scope.env`, `metadata.host`. None if it is unset, or not a scalar.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let (of, rest) = name.split_once('.')?;
        match (of, rest.split_once('.')) {
            ("scope", _) => within(&self.scope, rest).and_then(Value::scalar),
            ("metadata", _) => within(&self.metadata, rest).and_then(Value::scalar),
            ("request", Some(("namespace", level))) => self.namespace.get(level.parse::<usize>().ok()?).cloned(),
            ("request", None) if rest == "key" => self.key.clone(),
            ("request", None) if rest == "policy" => Some(self.policy.clone()),
            ("request", None) if rest == "namespace" => Some(self.namespace.join("/")),
            _ => None,
        }
    }
}

/// The value of `name` in `map`. `trusted.env` is `env` in the map `trusted`.
pub(super) fn within<'a>(map: &'a Map, name: &str) -> Option<&'a Value> {
    get(map, name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        if let Value::Map(map) = get(map, outer)? { within(map, inner) } else { None }
    })
}

/// Whether `element` is one path element, and does not lead upwards.
pub(super) fn is_safe(element: &str) -> bool {
    !matches!(element, "" | "..") && !element.contains(['/', '\0'])
}

/// Whether `element` can be the name of a file.
pub(super) fn is_plain(element: &str) -> bool {
    is_safe(element) && element != "."
}

/// The levels of a namespace such as `a/b`. Leaves out `.`, except as the last level, which is the
/// name of a file.
pub(crate) fn levels(namespace: &str) -> impl Iterator<Item = &str> {
    let named = |it: &&str| !it.is_empty();
    let last = namespace.split('/').filter(named).count().saturating_sub(1);
    let levels = namespace.split('/').filter(named).enumerate();
    levels.filter(move |(at, level)| *at == last || *level != ".").map(|(_, level)| level)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grants and paths go by the same levels: `a` must not be read under another name.
    #[test]
    fn a_namespace_has_one_way_to_be_named() {
        let named = |namespace| Request::new(None, namespace).namespace.join("|");
        for same in ["a/b", "/a/b/", "a//b", "./a/./b", ".//a/b"] {
            assert_eq!(named(same), "a|b", "{same}");
        }
        assert_eq!((named(""), named("//")), (String::new(), String::new()));
        // The name of a file, which is none of `a`.
        assert_eq!((named("."), named("a/."), named("a/./.")), (".".into(), "a|.".into(), "a|.".into()));
        assert!(["..", "a/../b", "a\0"].iter().all(|it| Request::new(None, it).namespace_path().is_err()));
    }

    #[test]
    fn dots_name_values_in_maps_of_the_scope() {
        let scope: Value = serde_json::from_str(r#"{"a": {"b": {"c": 1}, "b.d": 2}, "a.e": 3}"#).unwrap();
        let Value::Map(scope) = scope else { panic!() };
        let get = |name| within(&scope, name).and_then(Value::scalar);
        assert_eq!(["a.b.c", "a.b.d", "a.e"].map(get), ["1", "2", "3"].map(|it| Some(it.to_owned())));
        assert_eq!(["a", "a.b", "a.x", "x.a", "a.b.c.d", "a.", ""].map(get), [const { None }; 7]);
    }
}
