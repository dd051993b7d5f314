//! A server: its row, its cache, and its lease.

use crate::journal::{Journal, Position};
use crate::{Part, Protocol};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    /// The id of its row in the table of leases, once it has registered.
    pub(crate) row: Option<u8>,
    /// What it knows of the tokens.
    cache: Option<Journal>,
    /// What its last question read, until the answer is applied. A question that is repeated has
    /// lost its answer.
    reading: Option<Journal>,
    /// Ticks of its clock that its lease still runs.
    lease: u8,
    /// The head that a renewal returned, and its age: the lease is extended when the cache has
    /// reached it.
    promise: Option<(Position, u8)>,
    /// Ticks since its clock stood still, up to a lease.
    moved: u8,
}

impl Node {
    /// Whether a request that starts now is granted what `act` revokes.
    pub(crate) fn grants(&self, act: u8) -> bool {
        self.decides() && self.cache.is_some_and(|it| it.revision_of(act).is_none())
    }

    /// Whether it answers requests; else it answers 503.
    pub(crate) fn decides(&self) -> bool {
        self.lease > 0 && self.cache.is_some()
    }

    /// Where its cache is, as a renewal reports it.
    pub(crate) fn position(&self) -> Position {
        self.cache.unwrap_or_default().head()
    }

    /// Whether its clock may stand still for a tick: once in a lease and its margin.
    pub(crate) fn may_stand_still(&self, protocol: &Protocol) -> bool {
        self.moved >= protocol.bounds.lease
    }

    pub(crate) fn stand_still(&mut self) {
        self.moved = 0;
    }

    pub(crate) fn tick(&mut self, protocol: &Protocol) {
        let lease = protocol.bounds.lease;
        self.lease = self.lease.saturating_sub(1);
        self.promise = self.promise.map(|(head, age)| (head, age + 1)).filter(|(_, age)| *age < lease);
        self.moved = (self.moved + 1).min(lease);
    }

    /// A node that starts, with a clock that may stand still at once.
    pub(crate) fn start(protocol: &Protocol) -> Self {
        Self { moved: protocol.bounds.lease, ..Self::default() }
    }

    /// It asks for the changes since its position, or for everything.
    pub(crate) fn read(&mut self, journal: Journal, protocol: &Protocol) {
        self.reading = Some(match self.cache {
            Some(cache) if !protocol.has(Part::Mark) && cache.revision() <= journal.revision() => {
                cache.followed_by(journal)
            }
            _ => journal,
        });
    }

    /// The answer to its question arrives. False: there is none.
    pub(crate) fn apply(&mut self, protocol: &Protocol) -> bool {
        let Some(read) = self.reading.take() else { return false };
        if protocol.has(Part::Mark) && self.cache.is_some_and(|it| !read.holds(it.head())) {
            self.lose();
        }
        self.cache = Some(read);
        if let Some((head, age)) = self.promise
            && self.has_reached(head, protocol)
        {
            self.promise = None;
            self.extend(age, protocol);
        }
        true
    }

    /// A renewal's answer arrives: the head of the journal, `age` ticks after it was sent.
    pub(crate) fn renewed(&mut self, head: Position, age: u8, protocol: &Protocol) {
        if self.has_reached(head, protocol) || !protocol.has(Part::CatchingUp) {
            return self.extend(age, protocol);
        }
        if self.cache.is_some() && head.revision <= self.position().revision {
            self.lose(); // another journal, or one that went backwards
            self.cache = None;
        }
        self.promise = Some((head, age)).filter(|_| age < protocol.bounds.lease);
    }

    /// Its row is dead or gone: no lease, and a new registration.
    pub(crate) fn refused(&mut self) {
        self.lose();
        self.row = None;
    }

    fn lose(&mut self) {
        (self.lease, self.promise) = (0, None);
    }

    fn has_reached(&self, head: Position, protocol: &Protocol) -> bool {
        self.cache
            .is_some_and(|it| if protocol.has(Part::Mark) { it.holds(head) } else { it.revision() >= head.revision })
    }

    fn extend(&mut self, age: u8, protocol: &Protocol) {
        let age = if protocol.has(Part::FromSending) { age } else { 0 };
        self.lease = self.lease.max(protocol.bounds.lease.saturating_sub(age));
    }
}
