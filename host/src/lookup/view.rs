//! Views of data: an answer shows parts of files that it shares with other answers. Merging
//! makes views of views, and copies no data.

use super::value::{Key, Map, Value};
use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeSeq, Serializer};

/// A value composed of borrowed values.
#[derive(Clone, Debug, PartialEq)]
pub enum View<'a> {
    /// A value as it is.
    Value(&'a Value),
    /// A text in which something was replaced.
    Text(String),
    /// One list.
    List(Vec<View<'a>>),
    /// One flat list: lists in it are expanded.
    Flat(Vec<View<'a>>),
    /// One map.
    Map(Box<Entries<'a>>),
}

/// The entries of a map of views.
pub type Entries<'a> = IndexMap<&'a Key, View<'a>>;

impl<'a> View<'a> {
    /// Null, also for a missing value.
    pub const NULL: View<'static> = View::Value(&Value::Null);

    pub(super) fn is_null(&self) -> bool {
        matches!(self, View::Value(Value::Null))
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self, View::Map(_) | View::Value(Value::Map(_)))
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, View::List(_) | View::Flat(_) | View::Value(Value::List(_)))
    }

    /// The entries of a map; none of anything else.
    pub(super) fn into_entries(self) -> Entries<'a> {
        match self {
            Self::Map(entries) => *entries,
            Self::Value(Value::Map(map)) => entries(map).collect(),
            Self::Value(_) | Self::Text(_) | Self::List(_) | Self::Flat(_) => Entries::new(),
        }
    }

    /// The items of a list; anything else is the only one.
    pub(super) fn into_items(self) -> Vec<View<'a>> {
        match self {
            Self::List(views) | Self::Flat(views) => views,
            Self::Value(Value::List(items)) => items.iter().map(View::Value).collect(),
            other => vec![other],
        }
    }

    /// How many items it adds to a flat list.
    fn count(&self) -> usize {
        match self {
            Self::Value(value) => count(value),
            Self::Flat(views) | Self::List(views) => views.iter().map(View::count).sum(),
            Self::Map(_) | Self::Text(_) => 1,
        }
    }

    /// Adds its items to a flat list.
    fn add<S: SerializeSeq>(&self, list: &mut S) -> Result<(), S::Error> {
        match self {
            Self::Value(value) => add(value, list),
            Self::Flat(views) | Self::List(views) => views.iter().try_for_each(|it| it.add(list)),
            Self::Map(_) | Self::Text(_) => list.serialize_element(self),
        }
    }
}

/// The entries of `map`, viewed.
pub(super) fn entries(map: &Map) -> impl Iterator<Item = (&Key, View<'_>)> {
    map.iter().map(|(key, value)| (key, View::Value(value)))
}

fn count(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(count).sum(),
        _ => 1,
    }
}

fn add<S: SerializeSeq>(value: &Value, list: &mut S) -> Result<(), S::Error> {
    match value {
        Value::List(items) => items.iter().try_for_each(|it| add(it, list)),
        other => list.serialize_element(other),
    }
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Map(entries) => serializer.collect_map(entries.iter()),
            Self::List(views) => serializer.collect_seq(views),
            Self::Flat(_) => {
                let mut list = serializer.serialize_seq(Some(self.count()))?;
                self.add(&mut list)?;
                list.end()
            }
        }
    }
}
