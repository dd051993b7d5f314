//! What the tokens themselves need.

use super::Report;
use jerakia_host::model::{Status, Token};

/// How many days without use make a token a finding.
const UNUSED_DAYS: i64 = 90;
const DAY: i64 = 86_400;

/// The most tokens that one finding names.
const MOST_NAMES: usize = 10;

/// How many seconds clocks may differ.
const CLOCK_TOLERANCE: i64 = 60;

/// Tokens that need attention, by their API IDs.
pub(super) struct TokenFindings {
    now: i64,
    unused: Vec<String>,
    expired: Vec<String>,
    /// One that was made in the future.
    ahead: Option<String>,
}

impl TokenFindings {
    /// None yet, at `now`, in seconds since the epoch.
    pub(super) fn at(now: i64) -> Self {
        Self { now, unused: Vec::new(), expired: Vec::new(), ahead: None }
    }

    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// Looks at a token.
    pub(super) fn look(&mut self, token: &Token) {
        let newest = token.created_at.max(token.issued_at).map(|it| it.as_second());
        if newest.is_some_and(|it| it > self.now + CLOCK_TOLERANCE) {
            self.ahead.get_or_insert_with(|| token.api_id.clone());
        }
        if self.is_unused(token) {
            self.unused.push(token.api_id.clone());
        } else if token.status == Status::Expired {
            self.expired.push(token.api_id.clone());
        }
    }

    fn is_unused(&self, token: &Token) -> bool {
        let since = token.last_seen.max(token.issued_at).map(|it| it.as_second());
        token.status == Status::Active && since.is_some_and(|it| it < self.now - UNUSED_DAYS * DAY)
    }

    pub(super) fn report(self, report: &mut Report) {
        let Self { unused, expired, ahead, .. } = self;
        let clock = ahead.map(|api_id| {
            format!("the clock is behind: the token of {api_id} was made in the future; set the clock, or run `jerakia token regenerate {api_id}` if the clock was wrong then")
        });
        report.add("clock: no token was made in the future".into(), clock.into_iter().collect());
        let to_do = (!expired.is_empty()).then(|| {
            let names = names(&expired);
            format!("the tokens of {names} have expired: run `jerakia token delete <API ID>` for each that is no longer needed, or `jerakia token update <API ID> --expires 90d`")
        });
        report.add("tokens: none has expired".into(), to_do.into_iter().collect());
        let to_do = (!unused.is_empty()).then(|| {
            let names = names(&unused);
            format!("the tokens of {names} have been unused for {UNUSED_DAYS} days: run `jerakia token disable <API ID>` for each that is no longer needed")
        });
        report.add(format!("tokens: each active one was used within {UNUSED_DAYS} days"), to_do.into_iter().collect());
    }
}

fn names(api_ids: &[String]) -> String {
    let named = api_ids[..api_ids.len().min(MOST_NAMES)].join(", ");
    match api_ids.len().saturating_sub(MOST_NAMES) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
