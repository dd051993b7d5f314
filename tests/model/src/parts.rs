//! The parts of the protocol that can be taken out, one at a time, to see that each is needed.

use crate::Protocol;

/// A part that the protocol needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// An act waits for a lease and its margin.
    Margin,
    /// A renewal takes the lock of the acts, shared.
    SharedLock,
    /// A renewal takes that lock before its snapshot.
    LockBeforeSnapshot,
    /// A lease counts from before its renewal was sent.
    FromSending,
    /// A lease is extended only when the cache has reached the head that the renewal returned.
    CatchingUp,
    /// A revision counts only with its mark.
    Mark,
    /// Each registration has a new id.
    RandomId,
    /// A row is dead only when its counter has not moved for a lease and its margin.
    Stillness,
    /// After a failover, acknowledgements don't count until an act has waited for a lease and its
    /// margin, since the new database may lack a node's row.
    SettledTimeline,
    /// Only an act that committed after the failover ends that.
    OwnTimeline,
}

impl Protocol {
    pub(crate) fn has(&self, part: Part) -> bool {
        self.without != Some(part)
    }

    /// How long an act waits for nodes that don't answer.
    pub(crate) fn wait(&self) -> u8 {
        self.bounds.lease + if self.has(Part::Margin) { self.bounds.margin } else { 0 }
    }
}
