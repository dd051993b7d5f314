//! Reads the configuration file: YAML, with Jerakia 3's keys.

use super::{Config, ConfigError, UNUSED};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;
use std::path::PathBuf;

/// The values in a file.
#[derive(Default)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// Keys of Jerakia 3 that this program ignores.
    pub(super) unused: Vec<String>,
    /// The errors of its other entries.
    pub(super) problems: Vec<ConfigError>,
    values: Vec<Given>,
}

struct Given {
    /// With its group: `server.port`.
    name: String,
    line: u64,
    text: String,
}

impl File {
    /// Reads a file. Its keys should be settings: see `problems`.
    pub(super) fn read(path: PathBuf) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return Err(ConfigError::Unreadable { path, error }),
        };
        // An error that shows lines of the file could show tokens.
        let options = serde_saphyr::options! { with_snippet: false };
        let tree: Option<Spanned<Node>> = match serde_saphyr::from_str_with_options(&text, options) {
            Ok(tree) => tree,
            Err(error) => return Err(ConfigError::NotYaml { path, error: Box::new(error) }),
        };
        let mut file = Self { path, ..Self::default() };
        match tree {
            None => Ok(file), // an empty document
            Some(Spanned { value: Node::Map(entries), .. }) => {
                file.add(None, entries);
                Ok(file)
            }
            Some(Spanned { referenced, .. }) => {
                Err(file.bad_shape("it".into(), referenced.line(), "a map of settings"))
            }
        }
    }

    /// The line and the text of a setting.
    pub(super) fn value(&self, name: &str) -> Option<(u64, &str)> {
        self.values.iter().find(|it| it.name == name).map(|it| (it.line, it.text.as_str()))
    }

    fn add(&mut self, group: Option<&str>, entries: Vec<(String, Spanned<Node>)>) {
        for (key, node) in entries {
            let (name, line) = (group.map_or_else(|| key.clone(), |it| format!("{it}.{key}")), node.referenced.line());
            if UNUSED.contains(&name.as_str()) {
                self.unused.push(name);
                continue;
            }
            if let Err(problem) = self.set(name, line, node.value) {
                self.problems.push(problem);
            }
        }
    }

    fn set(&mut self, name: String, line: u64, value: Node) -> Result<(), ConfigError> {
        let is_group = Config::NAMES.iter().any(|it| it.strip_prefix(&*name).is_some_and(|it| it.starts_with('.')));
        match value {
            _ if !is_group && !Config::NAMES.contains(&&*name) => {
                return Err(ConfigError::Unknown { path: self.path.clone(), line, name });
            }
            Node::Null => {}
            Node::Map(entries) if is_group => self.add(Some(&name), entries),
            Node::Scalar(text) if !is_group => self.values.push(Given { name, line, text }),
            Node::List(list) if Config::is_list(&name) => match joined(list) {
                Some(text) => self.values.push(Given { name, line, text }),
                None => return Err(self.bad_shape(name, line, "a list of values")),
            },
            _ if Config::is_list(&name) => return Err(self.bad_shape(name, line, "a list of values")),
            _ if is_group => return Err(self.bad_shape(name, line, "a map of settings")),
            _ => return Err(self.bad_shape(name, line, "one value")),
        }
        Ok(())
    }

    fn bad_shape(&self, name: String, line: u64, expected: &'static str) -> ConfigError {
        ConfigError::BadShape { path: self.path.clone(), line, name, expected }
    }
}

/// The text of a list: its elements, separated by commas. None unless all are scalars.
fn joined(list: Vec<Node>) -> Option<String> {
    let scalar = |node| if let Node::Scalar(text) = node { Some(text) } else { None };
    Some(list.into_iter().map(scalar).collect::<Option<Vec<_>>>()?.join(","))
}

/// Any YAML. Settings parse the text of scalars, like that of flags and variables.
enum Node {
    Null,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(String, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a map")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Node::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}
