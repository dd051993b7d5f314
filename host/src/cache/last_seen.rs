//! The last-seen time of a secret, in memory.

use crate::store::Seen;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// When and from where a secret was last seen, and whether that is stored.
#[derive(Default)]
pub(super) struct LastSeenCell {
    /// Identifies the last use. Most calls find it set, so many threads that use one token only
    /// read.
    stamp: AtomicU64,
    last: Mutex<Use>,
}

/// A use. Packed, since there is one per token.
#[derive(Clone, Copy)]
struct Use {
    /// Seconds since the epoch, until the year 2106; 0 is never.
    at: u32,
    /// The address. IPv4 is mapped to IPv6; unspecified if there is none.
    from: [u8; 16],
    recorded: bool,
}

impl Default for Use {
    fn default() -> Self {
        Self { at: 0, from: [0; 16], recorded: true }
    }
}

impl LastSeenCell {
    /// Sets the last use, also if the clock was set back.
    pub(super) fn set(&self, seen: Seen) {
        let new = Use { at: u32::try_from(seen.at).unwrap_or(0), from: octets(seen.from), recorded: false };
        let stamp = new.stamp();
        if self.stamp.load(Relaxed) != stamp {
            let mut last = self.last();
            *last = new;
            self.stamp.store(stamp, Relaxed);
        }
    }

    /// The last use, if it has not been recorded.
    pub(super) fn unrecorded(&self) -> Option<Seen> {
        Some(*self.last()).filter(|it| !it.recorded).map(Use::seen)
    }

    /// Notes that `seen` is stored, unless there was another use since.
    pub(super) fn set_recorded(&self, seen: Seen) {
        let mut last = self.last();
        last.recorded |= last.seen() == seen;
    }

    /// Takes over the last use from the entry that this one replaces.
    pub(super) fn follow(&self, replaced: &Self) {
        let then = *replaced.last();
        self.stamp.store(then.stamp(), Relaxed);
        *self.last() = then;
    }

    fn last(&self) -> MutexGuard<'_, Use> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Use {
    fn seen(self) -> Seen {
        let address = Ipv6Addr::from(self.from);
        let from = (!address.is_unspecified()).then(|| IpAddr::V6(address).to_canonical());
        Seen { at: self.at.into(), from }
    }

    /// The time, and 32 bits of the address. Two addresses that share these and the second
    /// count as one.
    fn stamp(self) -> u64 {
        let words = self.from.as_chunks::<4>().0.iter().map(|it| u32::from_ne_bytes(*it));
        let address = words.fold(0, |all: u32, word| all.rotate_left(13) ^ word);
        u64::from(self.at) << 32 | u64::from(address)
    }
}

fn octets(from: Option<IpAddr>) -> [u8; 16] {
    match from {
        Some(IpAddr::V4(address)) => address.to_ipv6_mapped().octets(),
        Some(IpAddr::V6(address)) => address.octets(),
        None => [0; 16],
    }
}
