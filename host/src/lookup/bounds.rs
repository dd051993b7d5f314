//! Bounds on the memory and the depth of a value that is read: short text can stand for a large
//! value.

use super::reading::Seed;
use serde::de::Error;
use std::cell::Cell;
use std::fmt;

/// The bounds of reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The most memory the value may take, in bytes.
    pub(crate) max_memory: usize,
    /// How deep lists and maps may be nested.
    pub(crate) max_depth: usize,
    /// Whether to refuse what JSON and MessagePack can't both carry unchanged. Otherwise
    /// keys become text where they must, and the last of two equal keys counts.
    pub(crate) exact: bool,
}

impl Bounds {
    /// No bounds, for values that this program wrote.
    pub(crate) const NONE: Self = Self { max_memory: usize::MAX, max_depth: usize::MAX, exact: false };
}

/// A value exceeds a bound.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TooMuch(String);

impl TooMuch {
    pub(super) fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string())
    }
}

impl Error for TooMuch {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(text)
    }
}

/// One value being read.
pub(crate) struct Reading {
    pub(super) bounds: Bounds,
    taken: Cell<usize>,
}

impl Reading {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, taken: Cell::new(0) }
    }

    /// Reads the value.
    pub(crate) fn seed(&self) -> Seed<'_> {
        Seed::new(self)
    }

    /// The memory that the value takes, in bytes, except for the allocator's rounding.
    pub(crate) fn taken(&self) -> usize {
        self.taken.get()
    }

    pub(super) fn take<E: Error>(&self, bytes: usize) -> Result<(), E> {
        self.taken.set(self.taken.get().saturating_add(bytes));
        if self.taken.get() > self.bounds.max_memory {
            let mebibytes = self.bounds.max_memory >> 20;
            return Err(E::custom(format_args!("it would take more than {mebibytes} MiB of memory")));
        }
        Ok(())
    }
}
