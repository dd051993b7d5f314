//! Merging what several files have for one key, as the original does. The first one
//! is the most specific.

use super::value::{Key, Map, Value};

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
    pub fn merge(self, found: Vec<Value>) -> Value {
        match self {
            Self::Array => Value::List(found.into_iter().flat_map(flattened).collect()),
            Self::Hash => Value::Map(merged(found, shallow)),
            Self::DeepHash => Value::Map(merged(found, deep)),
        }
    }
}

fn flattened(value: Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.into_iter().flat_map(flattened).collect(),
        other => vec![other],
    }
}

fn merged(found: Vec<Value>, merge: fn(&mut Map, Map)) -> Map {
    let maps = found.into_iter().filter_map(|it| match it {
        Value::Map(map) => Some(map),
        _ => None,
    });
    maps.fold(Map::new(), |mut specific, general| {
        merge(&mut specific, general);
        specific
    })
}

fn shallow(specific: &mut Map, general: Map) {
    for (key, value) in general {
        specific.entry(key).or_insert(value);
    }
}

fn deep(specific: &mut Map, general: Map) {
    for (key, value) in general {
        deep_entry(specific, key, value);
    }
}

fn deep_entry(specific: &mut Map, key: Key, value: Value) {
    match (specific.get_mut(&key), value) {
        (Some(Value::Map(inner)), Value::Map(general)) => deep(inner, general),
        (Some(_), _) => {}
        (None, value) => drop(specific.insert(key, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    fn merge(how: Merge, found: &str) -> String {
        let Value::List(found) = value(found) else { unreachable!() };
        serde_json::to_string(&how.merge(found)).unwrap()
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
