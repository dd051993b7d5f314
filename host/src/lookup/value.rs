//! Data, as files have it and clients get it.

use indexmap::IndexMap;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// A YAML or JSON value. Maps keep the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Set, to nothing.
    #[default]
    Null,
    /// True or false; `yes`, `no`, `on` and `off` are, too, in YAML 1.1.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Integers above `i64::MAX`.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(Map),
}

/// What a map is from and to.
pub type Map = IndexMap<Key, Value>;

/// What `map` has under a text key: `"8080"` is not the integer 8080.
pub fn get<'a>(map: &'a Map, key: &str) -> Option<&'a Value> {
    map.get(&Key::Text(key.into()))
}

/// A key. YAML has integers and booleans as keys, which survive in MessagePack;
/// JSON has only text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Text.
    Text(String),
    /// An integer.
    Int(i64),
    /// True or false.
    Bool(bool),
}

impl Value {
    /// The value as part of a path or of a text to match; none for null, lists and maps.
    pub fn scalar(&self) -> Option<String> {
        match self {
            Self::Bool(it) => Some(it.to_string()),
            Self::Int(it) => Some(it.to_string()),
            Self::Unsigned(it) => Some(it.to_string()),
            Self::Float(it) => Some(it.to_string()),
            Self::Text(it) => Some(it.clone()),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(it) => serializer.serialize_bool(*it),
            Self::Int(it) => serializer.serialize_i64(*it),
            Self::Unsigned(it) => serializer.serialize_u64(*it),
            Self::Float(it) => serializer.serialize_f64(*it),
            Self::Text(it) => serializer.serialize_str(it),
            Self::List(it) => serializer.collect_seq(it),
            Self::Map(it) => serializer.collect_map(it),
        }
    }
}

/// As what it is: where keys can only be text, as in JSON, the format makes text of it.
impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(it) => serializer.serialize_str(it),
            Self::Int(it) => serializer.serialize_i64(*it),
            Self::Bool(it) => serializer.serialize_bool(*it),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("data")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, it: bool) -> Result<Value, E> {
        Ok(Value::Bool(it))
    }

    fn visit_i64<E>(self, it: i64) -> Result<Value, E> {
        Ok(Value::Int(it))
    }

    fn visit_u64<E>(self, it: u64) -> Result<Value, E> {
        Ok(i64::try_from(it).map_or(Value::Unsigned(it), Value::Int))
    }

    fn visit_f64<E>(self, it: f64) -> Result<Value, E> {
        Ok(Value::Float(it))
    }

    fn visit_str<E>(self, it: &str) -> Result<Value, E> {
        Ok(Value::Text(it.into()))
    }

    fn visit_string<E>(self, it: String) -> Result<Value, E> {
        Ok(Value::Text(it))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, value)) = entries.next_entry::<Value, Value>()? {
            map.insert(key_of(key)?, value);
        }
        Ok(Value::Map(map))
    }
}

fn key_of<E: de::Error>(value: Value) -> Result<Key, E> {
    match value {
        Value::Text(text) => Ok(Key::Text(text)),
        Value::Int(number) => Ok(Key::Int(number)),
        Value::Bool(yes) => Ok(Key::Bool(yes)),
        Value::Null => Ok(Key::Text(String::new())),
        Value::Unsigned(_) | Value::Float(_) => Ok(Key::Text(value.scalar().unwrap_or_default())),
        Value::List(_) | Value::Map(_) => Err(E::custom("a list or a map can't be a key")),
    }
}
