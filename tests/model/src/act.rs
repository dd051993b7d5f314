//! An act of the administrator, from its lock to its return.

use crate::database::ROWS;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Act {
    pub(crate) step: Step,
    /// The timeline of the database that it committed on.
    pub(crate) timeline: u8,
    /// For each row, ticks since it read the counter; none, if it has moved since.
    pub(crate) still: [Option<u8>; ROWS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    #[default]
    Planned,
    /// It holds the lock exclusively.
    Locked,
    /// It has committed; the administrator does not know yet.
    Committed,
    /// It has been acknowledged to the administrator, who waits for this many ticks already.
    Waiting(u8),
    /// The command has returned 0.
    Returned,
    /// The command has returned an error, and may have changed something or not.
    Failed,
}

impl Act {
    /// Whether its commit was acknowledged, and so must survive.
    pub(crate) fn must_survive(&self) -> bool {
        matches!(self.step, Step::Waiting(_) | Step::Returned)
    }

    pub(crate) fn has_returned(&self) -> bool {
        self.step == Step::Returned
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.step, Step::Returned | Step::Failed)
    }

    /// Ends it, and forgets what matters no longer.
    pub(crate) fn end(&mut self, step: Step) {
        *self = Self { step, ..Self::default() };
    }

    /// A tick of the administrator's clock. Nobody looks at times beyond `enough`.
    pub(crate) fn tick(&mut self, enough: u8) {
        if let Step::Waiting(ticks) = &mut self.step {
            *ticks = (*ticks + 1).min(enough);
        }
        for ticks in self.still.iter_mut().flatten() {
            *ticks = (*ticks + 1).min(enough);
        }
    }
}
