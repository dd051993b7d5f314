//! Data, as files have it and clients receive it.

use indexmap::IndexMap;
use serde::de::{Deserialize, DeserializeSeed as _, Deserializer};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;

use super::bounds::{Bounds, Reading};

/// A YAML or JSON value. Maps keep the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Null.
    #[default]
    Null,
    /// True or false; `yes`, `no`, `on` and `off` are, too, in YAML 1.1.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Integers above `i64::MAX`.
    Unsigned(u64),
    /// Integers of more than 64 bits, in decimal.
    BigInt(String),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map: boxed, so that the items of long lists are a third of the size.
    Map(Box<Map>),
}

/// The entries of a map.
pub type Map = IndexMap<Key, Value>;

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

/// As JSON shows it.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(it) => f.write_str(it),
            Self::Int(it) => write!(f, "{it}"),
            Self::Bool(it) => write!(f, "{it}"),
        }
    }
}

/// The value of a text key in `map`: `"8080"` is not the integer 8080.
pub fn get<'a>(map: &'a Map, key: &str) -> Option<&'a Value> {
    map.get(&Key::Text(key.into()))
}

impl Value {
    /// The value as part of a path or of a text to match; none for null, lists and maps.
    pub fn scalar(&self) -> Option<String> {
        match self {
            Self::Bool(it) => Some(it.to_string()),
            Self::Int(it) => Some(it.to_string()),
            Self::Unsigned(it) => Some(it.to_string()),
            Self::Float(it) => Some(float(*it)),
            Self::Text(it) | Self::BigInt(it) => Some(it.clone()),
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
            Self::BigInt(it) => big_integer(it, serializer),
            Self::Float(it) => serializer.serialize_f64(*it),
            Self::Text(it) => serializer.serialize_str(it),
            Self::List(it) => serializer.collect_seq(it),
            Self::Map(it) => serializer.collect_map(&**it),
        }
    }
}

/// As Ruby writes it, for paths and keys: `1.0`, `1.0e+20`.
fn float(number: f64) -> String {
    let text = format!("{number:?}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let point = if digits.contains('.') { "" } else { ".0" };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |it| ('-', it));
    format!("{digits}{point}e{sign}{exponent:0>2}")
}

/// For human-readable formats: others have only 64 bits.
fn big_integer<S: Serializer>(digits: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if !serializer.is_human_readable() {
        return Err(S::Error::custom("an integer has more than 64 bits"));
    }
    match (digits.parse(), digits.parse()) {
        (Ok(number), _) => serializer.serialize_i128(number),
        (_, Ok(number)) => serializer.serialize_u128(number),
        _ => RawValue::from_string(digits.into()).map_err(S::Error::custom)?.serialize(serializer),
    }
}

/// Serializes the key's own type. Formats with text keys only, such as JSON, convert it.
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
        Reading::new(Bounds::NONE).seed().deserialize(deserializer)
    }
}
