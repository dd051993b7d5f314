//! Merges the values of a key in several files, as Jerakia 3 does: file by file, from the most
//! specific to the most general. Keys of general maps come first.

use super::unite::unite;
use super::view::{Entries, View};
use indexmap::map::Entry;
use std::mem::replace;

/// How the values of a cascade are merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merge {
    /// One flat list of all values.
    #[default]
    Array,
    /// One map, with the most specific value for each key. Leaves out values that are not maps.
    Hash,
    /// The same, also for maps within maps; lists are united. A more specific null yields.
    DeepHash,
}

impl Merge {
    /// The merge of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "array" => Some(Self::Array),
            "hash" => Some(Self::Hash),
            "deep_hash" => Some(Self::DeepHash),
            _ => None,
        }
    }

    /// Merges the value of a more general file into that of the files before it.
    pub(super) fn add<'a>(self, specific: Option<View<'a>>, general: View<'a>) -> View<'a> {
        match (self, specific) {
            (Self::Array, specific) => View::Flat(list(specific, general)),
            (_, Some(specific)) if !general.is_map() => specific,
            (Self::Hash, Some(specific)) => hash(general, specific),
            (Self::DeepHash, Some(specific)) => deep(general, specific),
            (_, None) if general.is_map() => general,
            (_, None) => View::Map(Box::default()),
        }
    }
}

fn list<'a>(specific: Option<View<'a>>, general: View<'a>) -> Vec<View<'a>> {
    let mut views = match specific {
        Some(View::Flat(views)) => views,
        other => other.into_iter().collect(),
    };
    views.push(general);
    views
}

fn hash<'a>(general: View<'a>, specific: View<'a>) -> View<'a> {
    let mut entries = general.into_entries();
    entries.extend(specific.into_entries());
    View::Map(Box::new(entries))
}

fn deep<'a>(general: View<'a>, specific: View<'a>) -> View<'a> {
    if specific.is_null() {
        return general;
    }
    if general.is_list() && specific.is_list() {
        return unite(general, specific);
    }
    if !(general.is_map() && specific.is_map()) {
        return specific;
    }
    let mut entries: Entries<'a> = general.into_entries();
    for (key, value) in specific.into_entries() {
        match entries.entry(key) {
            Entry::Vacant(it) => drop(it.insert(value)),
            Entry::Occupied(mut it) => {
                let general = replace(it.get_mut(), View::NULL);
                *it.get_mut() = deep(general, value);
            }
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
        let merged = found.iter().fold(None, |merged, it| Some(how.add(merged, View::Value(it)))).unwrap();
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
    fn hash_lets_the_more_specific_win_key_by_key_and_general_keys_come_first() {
        let found = r#"[{"x":{"p":1},"a":1},"no map",{"a":2,"b":2,"x":{"q":2}}]"#;
        assert_eq!(merge(Merge::Hash, found), r#"{"a":1,"b":2,"x":{"p":1}}"#);
        assert_eq!(merge(Merge::Hash, "[1]"), "{}");
    }

    #[test]
    fn deep_hash_merges_maps_and_unites_lists() {
        let found = r#"[{"x":{"p":1,"l":[1]}},{"x":{"p":2,"q":{"r":1},"l":[2,1]}},{"x":{"q":{"r":2,"s":3}}}]"#;
        assert_eq!(merge(Merge::DeepHash, found), r#"{"x":{"q":{"r":1,"s":3},"p":1,"l":[2,1]}}"#);
        let items = r#"[{"l":[1,"1",{"a":1,"b":2},null]},{"l":[1.0,{"b":2,"a":1},[2],[2]]}]"#;
        assert_eq!(merge(Merge::DeepHash, items), r#"{"l":[1.0,{"b":2,"a":1},[2],1,"1",null]}"#);
    }

    #[test]
    fn deep_hash_takes_a_general_value_for_a_specific_null() {
        assert_eq!(merge(Merge::DeepHash, r#"[{"a":null,"b":null},{"a":[1]}]"#), r#"{"a":[1],"b":null}"#);
        assert_eq!(merge(Merge::DeepHash, r#"[{"a":1,"l":{}},{"a":null,"l":[1]}]"#), r#"{"a":1,"l":{}}"#);
    }
}
