//! The database: the journal, the table of leases, the advisory lock, and renewals on their way.

use crate::journal::{Journal, Position};
use crate::{Part, Protocol};

/// At most this many registrations.
pub(crate) const ROWS: usize = 4;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Database {
    pub(crate) journal: Journal,
    pub(crate) rows: [Option<Row>; ROWS],
    /// The act that holds the lock exclusively. Shared, renewals hold it.
    pub(crate) exclusive: Option<u8>,
    /// How often it has failed over.
    pub(crate) timeline: u8,
    /// The timeline that the table of leases is complete for.
    pub(crate) settled: u8,
}

/// A row of the table of leases. Its counter is in [`Act::still`](crate::Act): all that matters
/// of it is whether it has moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    /// The revision that its node has acknowledged.
    pub(crate) revision: u8,
    pub(crate) dead: bool,
}

/// A renewal, which registers its row when it is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Renewal {
    pub(crate) node: u8,
    pub(crate) row: u8,
    pub(crate) registers: bool,
    /// Where the cache was when it was sent.
    pub(crate) at: Position,
    /// Ticks of the node's clock since it was sent, up to a lease.
    pub(crate) age: u8,
    pub(crate) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stage {
    Sent,
    /// A transaction that has not committed, and what its snapshot shows as the head.
    Begun {
        head: Position,
        locked: bool,
    },
    Answered(Answer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Answer {
    Head(Position),
    /// The row is dead or gone.
    Refused,
}

impl Database {
    pub(crate) fn is_settled(&self) -> bool {
        self.settled == self.timeline
    }

    /// Whether it has failed over, and an act has waited since.
    pub(crate) fn is_settled_anew(&self) -> bool {
        self.timeline > 0 && self.is_settled()
    }

    /// The transaction of a renewal begins: it locks, and then takes its snapshot.
    /// None: it has to wait for the lock.
    pub(crate) fn begin(&self, renewal: Renewal, protocol: &Protocol) -> Option<Stage> {
        let lives = self.rows[usize::from(renewal.row)].is_some_and(|it| !it.dead);
        if !renewal.registers && !lives {
            return Some(Stage::Answered(Answer::Refused));
        }
        let locks = protocol.has(Part::SharedLock) && protocol.has(Part::LockBeforeSnapshot);
        let waits = locks && self.exclusive.is_some();
        (!waits).then_some(Stage::Begun { head: self.journal.head(), locked: locks })
    }

    /// Its transaction commits.
    pub(crate) fn commit(&mut self, renewal: Renewal, protocol: &Protocol) {
        let known = self.journal.holds(renewal.at) || !protocol.has(Part::Mark);
        let revision = if known { renewal.at.revision } else { 0 };
        self.rows[usize::from(renewal.row)] = Some(Row { revision, dead: false });
    }

    /// Whether each living row has acknowledged this revision.
    pub(crate) fn all_know(&self, revision: u8) -> bool {
        self.rows.iter().flatten().all(|it| it.dead || it.revision >= revision)
    }

    /// A standby takes over. It lacks the revisions after `kept`, and all rows if `emptied`.
    pub(crate) fn fail_over(&mut self, kept: u8, emptied: bool) {
        self.journal = self.journal.cut(kept);
        (self.timeline, self.exclusive) = (self.timeline + 1, None);
        for row in &mut self.rows {
            *row = row.filter(|_| !emptied).map(|it| Row { revision: it.revision.min(kept), ..it });
        }
    }
}
