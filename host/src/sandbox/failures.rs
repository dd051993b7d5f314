//! Counts failures of the sandbox by kind, for metrics.

use super::SandboxError;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How often a component gave no answer, since the start.
#[derive(Default)]
pub(super) struct Failures {
    deadline: AtomicU64,
    trap: AtomicU64,
    exhausted: AtomicU64,
    unusable: AtomicU64,
}

impl Failures {
    /// Counts a failure.
    pub(super) fn count(&self, error: &SandboxError) {
        let kind = match error {
            SandboxError::Deadline => &self.deadline,
            SandboxError::Trapped(_) => &self.trap,
            SandboxError::Exhausted => &self.exhausted,
            SandboxError::Unusable(_) => &self.unusable,
        };
        kind.fetch_add(1, Relaxed);
    }

    /// The counts, with the names of their kinds.
    pub(super) fn by_kind(&self) -> [(&'static str, u64); 4] {
        let Self { deadline, trap, exhausted, unusable } = self;
        [("deadline", deadline), ("trap", trap), ("exhausted", exhausted), ("unusable", unusable)]
            .map(|(kind, count)| (kind, count.load(Relaxed)))
    }
}
