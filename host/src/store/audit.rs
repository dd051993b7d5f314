//! Reads of the audit trail, and the check of its chain.

use crate::admin::{AuditEntry, AuditHash};

/// Which entries to list.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only those about this API ID.
    pub api_id: Option<String>,
    /// Only those since this time, in seconds since the epoch.
    pub since: Option<i64>,
    /// Only those after the entry with this number.
    pub after: i64,
}

/// A fault of the trail: the first one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// An entry has a wrong hash.
    #[error("entry {0} was changed, or one before it was")]
    Changed(i64),
    /// There is no entry with this number.
    #[error("entry {0} is missing")]
    Missing(i64),
    /// The trail does not end with the entry that was added last.
    #[error("entries after {0} are missing, or were added by another program")]
    Head(i64),
    /// The record of the trail's two ends is missing.
    #[error("its head is missing (table audit_ends)")]
    NoEnds,
    /// No entry has the noted hash.
    #[error("no entry has the hash {0}: entries were removed, or the trail is another one")]
    Unknown(AuditHash),
}

/// The end of a trail without faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// How many entries there are.
    pub entries: i64,
    /// The number of the last entry; 0 if there never was one.
    pub number: i64,
    /// Its hash.
    pub hash: AuditHash,
}

/// The two ends of the chain: what the first entry follows, and the last entry.
pub(super) struct AuditEnds {
    pub(super) pruned: (i64, AuditHash),
    pub(super) head: (i64, AuditHash),
}

/// Checks a trail entry by entry, in constant memory.
pub(super) struct AuditCheck {
    ends: AuditEnds,
    last: (i64, AuditHash),
    noted: Option<AuditHash>,
    found: bool,
}

impl AuditCheck {
    /// Checks the trail between `ends`; with `noted`, also that it has an entry with this hash.
    pub(super) fn new(ends: AuditEnds, noted: Option<AuditHash>) -> Self {
        let found = noted.is_none_or(|it| it == ends.pruned.1);
        Self { last: ends.pruned, ends, noted, found }
    }

    /// Checks the next entry in order: its number, and the entry itself; none where a field has
    /// another type, or is not UTF-8.
    pub(super) fn follow(&mut self, number: Option<i64>, entry: Option<AuditEntry>) -> Result<(), AuditFault> {
        let expected = self.last.0.saturating_add(1);
        if number != Some(expected) {
            return Err(AuditFault::Missing(expected));
        }
        let entry = entry.filter(|it| it.hash_after(self.last.1) == it.hash).ok_or(AuditFault::Changed(expected))?;
        self.found |= self.noted == Some(entry.hash);
        self.last = (entry.number, entry.hash);
        Ok(())
    }

    /// Checks the end, after the last entry.
    pub(super) fn finish(self) -> Result<AuditHead, AuditFault> {
        let Self { ends: AuditEnds { pruned, head }, last, noted, found } = self;
        match noted {
            _ if last != head => Err(AuditFault::Head(last.0)),
            Some(hash) if !found => Err(AuditFault::Unknown(hash)),
            _ => Ok(AuditHead { entries: last.0 - pruned.0, number: last.0, hash: last.1 }),
        }
    }
}
