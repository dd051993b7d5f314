//! Moments in the past, as administrators write them.

use super::Period;
use jiff::Timestamp;
use std::str::FromStr;

/// A moment in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// This period ago.
    Ago(Period),
    /// At this time.
    At(Timestamp),
}

/// A text that is not a [`Moment`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a moment: use a length of time such as 7d (ago), a date such as 2027-01-31 (UTC), or a time such as 2027-01-31T12:00:00Z"
)]
pub struct BadMoment(pub String);

impl Moment {
    /// In seconds since the epoch. `now` is the current time.
    #[must_use]
    pub fn seconds(self, now: i64) -> i64 {
        match self {
            Self::Ago(period) => now.saturating_sub(period.as_seconds()),
            Self::At(time) => time.as_second(),
        }
    }
}

impl FromStr for Moment {
    type Err = BadMoment;

    fn from_str(text: &str) -> Result<Self, BadMoment> {
        let ago = text.parse().ok().map(Self::Ago);
        let time = |text: &str| text.parse().ok().map(Self::At);
        let date = || time(&format!("{text}T00:00:00Z"));
        ago.or_else(|| time(text)).or_else(date).ok_or_else(|| BadMoment(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_period_ago_a_date_or_a_time() {
        const NOW: i64 = 1_800_000_000;
        let seconds = |text: &str| text.parse().map(|it: Moment| it.seconds(NOW));
        assert_eq!(seconds("1d"), Ok(NOW - 86_400));
        assert_eq!(seconds("2027-01-31"), Ok(1_801_353_600));
        assert_eq!(seconds("2027-01-31T00:00:01Z"), Ok(1_801_353_601));
        for bad in ["", "1", "-1d", "2027-02-30", "2027-01-31T00:00:00", "yesterday"] {
            assert_eq!(seconds(bad), Err(BadMoment(bad.into())));
        }
    }
}
