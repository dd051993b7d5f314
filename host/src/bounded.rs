//! A map that keeps values within a number of bytes. Reads take no lock.

use papaya::{Equivalent, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Values by key, each with its size in bytes of memory. Beyond the limit all are dropped: they
/// can be made again.
pub(crate) struct Bounded<K, V> {
    all: HashMap<K, (V, usize)>,
    limit: usize,
    /// The sizes of all that are kept.
    size: Mutex<usize>,
}

impl<K: Hash + Eq, V> Bounded<K, V> {
    /// An empty one that keeps up to `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { all: HashMap::new(), limit, size: Mutex::new(0) }
    }

    pub(crate) fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<V>
    where
        V: Clone,
    {
        self.read(key, V::clone)
    }

    /// Calls `read` with the value, without copying it.
    pub(crate) fn read<Q: Hash + Equivalent<K> + ?Sized, T>(&self, key: &Q, read: impl FnOnce(&V) -> T) -> Option<T> {
        self.all.pin().get(key).map(|(value, _)| read(value))
    }

    /// Keeps `value`, in place of the key's earlier value.
    pub(crate) fn keep(&self, key: K, value: V, size: usize) {
        let mut all_sizes = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.all.pin();
        if let Some((_, before)) = all.remove(&key) {
            *all_sizes = all_sizes.saturating_sub(*before);
        }
        if all_sizes.saturating_add(size) > self.limit {
            all.clear();
            *all_sizes = 0;
        }
        all.insert(key, (value, size));
        *all_sizes += size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_are_forgotten_when_one_more_would_not_fit() {
        let kept = Bounded::new(10);
        kept.keep("a", 1, 4);
        kept.keep("a", 2, 6);
        kept.keep("b", 3, 4);
        assert_eq!([kept.get("a"), kept.get("b")], [Some(2), Some(3)], "10 bytes fit: those of the first `a` are free");
        kept.keep("c", 4, 1);
        assert_eq!([kept.get("a"), kept.get("b"), kept.get("c")], [None, None, Some(4)]);
    }
}
