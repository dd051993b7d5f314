//! Decisions: by result and reason, and their times.

use super::page::Page;
use crate::authenticator::Authenticator;
use crate::tally::{BOUNDS, Outcome};
use std::{fmt, iter};

pub(super) fn write(authenticator: &Authenticator, page: &mut Page<'_>) -> fmt::Result {
    let Some(tally) = authenticator.tally() else { return Ok(()) };
    let totals = tally.totals();
    let results = Outcome::ALL.into_iter().zip(totals.outcomes).map(|(outcome, count)| {
        let (result, reason) = outcome.names();
        ([("result", result), ("reason", reason)], count)
    });
    page.counters("jerakia_decisions", "Decisions on credentials, by result and reason", results)?;
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    let bounds = BOUNDS.into_iter().map(seconds).chain(iter::once(f64::INFINITY));
    let buckets: Vec<_> = bounds.zip(totals.times).collect();
    let help = "How long decisions took, without the reading of the request and the sending of the answer";
    page.seconds("jerakia_decision_duration", help, seconds(totals.nanos), &buckets)
}
