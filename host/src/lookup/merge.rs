//! Merging what several files have for one key, as Jerakia 3 does. The first one
//! is the most specific.

use super::view::{Entries, View};
use indexmap::map::Entry;
use std::mem::replace;

/// How the answers of a cascade become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// One list of them all, without lists in it.
    #[default]
    Array,
    /// One map: for each key the most specific value. What is no map is left out.
    Hash,
    /// The same, and maps in it are merged in turn.
    DeepHash,
}

impl Merge {
    /// Merges `found`, which is not empty.
    pub(super) fn merge<'a>(self, found: impl Iterator<Item = View<'a>>) -> View<'a> {
        match self {
            Self::Array => View::Flat(found.collect()),
            Self::Hash => merged(found, false),
            Self::DeepHash => merged(found, true),
        }
    }
}

fn merged<'a>(found: impl Iterator<Item = View<'a>>, deep: bool) -> View<'a> {
    let maps = found.filter(View::is_map);
    maps.reduce(|specific, general| add(specific, general, deep)).unwrap_or_else(|| View::Map(Box::new(Entries::new())))
}

/// Adds to `specific` what only `general` has.
fn add<'a>(specific: View<'a>, general: View<'a>, deep: bool) -> View<'a> {
    let mut entries = specific.into_entries();
    for (key, value) in general.into_entries() {
        match entries.entry(key) {
            Entry::Vacant(it) => drop(it.insert(value)),
            Entry::Occupied(mut it) if deep && it.get().is_map() && value.is_map() => {
                let specific = replace(it.get_mut(), View::NULL);
                *it.get_mut() = add(specific, value, deep);
            }
            Entry::Occupied(_) => {}
        }
    }
    View::Map(Box::new(entries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::Value;

    fn merge(how: Merge, found: &str) -> String {
        let found: Vec<Value> = serde_json::from_str(found).unwrap();
        let merged = how.merge(found.iter().map(View::Value));
        let packed: Value = rmp_serde::from_slice(&rmp_serde::to_vec(&merged).unwrap()).unwrap();
        let text = serde_json::to_string(&merged).unwrap();
        assert_eq!(serde_json::to_string(&packed).unwrap(), text, "as MessagePack, which has lengths");
        text
    }

    #[test]
    fn array_concatenates_and_flattens() {
        assert_eq!(merge(Merge::Array, r#"[[1,[2,[3]]],4,null,{"a":[5]}]"#), r#"[1,2,3,4,null,{"a":[5]}]"#);
    }

    #[test]
    fn hash_lets_the_more_specific_win_key_by_key() {
        let found = r#"[{"a":1,"x":{"p":1}},"no map",{"a":2,"b":2,"x":{"q":2}}]"#;
        assert_eq!(merge(Merge::Hash, found), r#"{"a":1,"x":{"p":1},"b":2}"#);
    }

    #[test]
    fn deep_hash_merges_maps_in_maps() {
        let found = r#"[{"x":{"p":1,"l":[1]}},{"x":{"p":2,"q":{"r":1},"l":[2]}},{"x":{"q":{"r":2,"s":3}}}]"#;
        assert_eq!(merge(Merge::DeepHash, found), r#"{"x":{"p":1,"l":[1],"q":{"r":1,"s":3}}}"#);
    }
}
