//! Unites lists: each item once. Items are the same if they are of one type and value;
//! in maps the order of keys does not count.

use super::value::{Key, Value};
use super::view::View;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// The items of `general`, then those that only `specific` has.
pub fn unite<'a>(general: View<'a>, specific: View<'a>) -> View<'a> {
    // Items with equal digests count as the same. In a list of a million items, the probability
    // that different items have one digest is about 1 in 10 million. Clients can't provoke it,
    // since the key is random.
    let (hasher, mut seen) = (RandomState::new(), HashSet::new());
    let items = general.into_items().into_iter().chain(specific.into_items());
    View::List(items.filter(|it| seen.insert(digest(it, &hasher))).collect())
}

fn digest(view: &View<'_>, hasher: &RandomState) -> u64 {
    match view {
        View::Value(value) => of_value(value, hasher),
        View::Text(text) => hasher.hash_one(('t', text)),
        View::List(views) | View::Flat(views) => in_order(views.iter().map(|it| digest(it, hasher)), hasher),
        View::Map(entries) => in_any_order(entries.iter().map(|(key, it)| (*key, digest(it, hasher))), hasher),
    }
}

fn of_value(value: &Value, hasher: &RandomState) -> u64 {
    match value {
        Value::Null => hasher.hash_one('0'),
        Value::Bool(it) => hasher.hash_one(('b', it)),
        Value::Int(it) => hasher.hash_one(('i', it)),
        Value::Unsigned(it) => hasher.hash_one(('u', it)),
        Value::BigInt(it) => hasher.hash_one(('n', it)),
        Value::Float(it) => hasher.hash_one(('f', it.to_bits())),
        Value::Text(it) => hasher.hash_one(('t', it)),
        Value::List(items) => in_order(items.iter().map(|it| of_value(it, hasher)), hasher),
        Value::Map(map) => in_any_order(map.iter().map(|(key, it)| (key, of_value(it, hasher))), hasher),
    }
}

fn in_order(items: impl Iterator<Item = u64>, hasher: &RandomState) -> u64 {
    items.fold(hasher.hash_one('l'), |all, it| hasher.hash_one((all, it)))
}

fn in_any_order<'k>(entries: impl Iterator<Item = (&'k Key, u64)>, hasher: &RandomState) -> u64 {
    entries.fold(hasher.hash_one('m'), |all, (key, it)| all.wrapping_add(hasher.hash_one((key, it))))
}
