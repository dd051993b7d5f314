//! The ends of tokens, as administrators write them on the command line and over HTTP.

use jiff::{SpanRelativeTo, Timestamp, Unit};
use std::fmt;
use std::str::FromStr;

/// The longest period: a hundred years of 365 days.
const MAX_PERIOD: i64 = 100 * 365 * 86_400;

/// A length of time in whole seconds: a number and a unit such as `90d`, `24h` or `2w`. Days
/// have 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(i64);

/// The end that is asked for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// After this period.
    In(Period),
    /// At this time.
    At(Timestamp),
    /// No end.
    Never,
}

/// The rules for the ends of tokens: the settings `server.default_expiry` and
/// `server.max_expiry`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExpiryPolicy {
    /// For a new token for which no end is asked; none: never. Never longer than `max`.
    pub default: Option<Period>,
    /// The longest period; none: no limit.
    pub max: Option<Period>,
}

/// A text that is neither a [`Period`] nor a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadExpiry {
    /// It is not a period.
    #[error("{0:?} is not a length of time: use a number and one of s, m, h, d, w, such as 90d, up to 36500d")]
    Period(String),
    /// It is not an end.
    #[error("{0:?} is not an end: use a length of time such as 90d, a time such as 2027-01-31T00:00:00Z, or never")]
    Expiry(String),
    /// It is a period of more than 36500 days.
    #[error("{0} is too long: at most 36500d fit")]
    TooLong(String),
    /// It is over, or would be at once.
    #[error("{0} is in the past: give a later end, or disable the token")]
    Past(Expiry),
    /// It is a time more than 36500 days from now.
    #[error("{0} is too late: at most 36500d from now fit, or never")]
    TooFar(Timestamp),
    /// It is later than the settings allow.
    #[error("tokens end within {0} here (server.max_expiry): give an earlier end")]
    TooLate(Period),
}

impl Period {
    /// A period of this many seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Its length in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0
    }
}

impl FromStr for Period {
    type Err = BadExpiry;

    fn from_str(text: &str) -> Result<Self, BadExpiry> {
        let bad = || BadExpiry::Period(text.into());
        let span: jiff::Span = text.parse().map_err(|_| bad())?;
        let seconds = span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).map_err(|_| bad())?;
        if seconds.fract() != 0.0 || seconds < 0.0 {
            return Err(bad());
        }
        if seconds > MAX_PERIOD as f64 { Err(BadExpiry::TooLong(text.into())) } else { Ok(Self(seconds as i64)) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
        let whole = units.into_iter().find(|(unit, _)| self.0 > 0 && self.0 % unit == 0);
        let (unit, name) = whole.unwrap_or((1, 's'));
        write!(f, "{}{name}", self.0 / unit)
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(period) => write!(f, "{period}"),
            Self::At(time) => write!(f, "{time}"),
            Self::Never => f.write_str("never"),
        }
    }
}

impl FromStr for Expiry {
    type Err = BadExpiry;

    fn from_str(text: &str) -> Result<Self, BadExpiry> {
        if text == "never" {
            return Ok(Self::Never);
        }
        match text.parse() {
            Ok(period) => Ok(Self::In(period)),
            Err(error @ BadExpiry::TooLong(_)) => Err(error),
            Err(_) => text.parse().map(Self::At).map_err(|_| BadExpiry::Expiry(text.into())),
        }
    }
}

impl ExpiryPolicy {
    /// The end of a new token, in seconds since the epoch; none: never. `asked` is none if no end
    /// is asked for.
    ///
    /// # Errors
    /// The end is over, more than 36500 days away, or later than the policy allows.
    pub fn of_new(&self, asked: Option<Expiry>, now: i64) -> Result<Option<i64>, BadExpiry> {
        let default = match (self.default, self.max) {
            (Some(default), Some(max)) => Expiry::In(default.min(max)),
            (default, max) => default.or(max).map_or(Expiry::Never, Expiry::In),
        };
        self.of(asked.unwrap_or(default), now)
    }

    /// The same for an existing token.
    ///
    /// # Errors
    /// The end is over, more than 36500 days away, or later than the policy allows.
    pub fn of(&self, asked: Expiry, now: i64) -> Result<Option<i64>, BadExpiry> {
        let end = match asked {
            Expiry::In(period) => Some(now.saturating_add(period.0)),
            Expiry::At(time) if time.as_second() > now.saturating_add(MAX_PERIOD) => {
                return Err(BadExpiry::TooFar(time));
            }
            Expiry::At(time) => Some(time.as_second()),
            Expiry::Never => None,
        };
        if end.is_some_and(|it| it <= now) {
            return Err(BadExpiry::Past(asked));
        }
        match self.max {
            Some(max) if end.is_none_or(|it| it > now.saturating_add(max.0)) => Err(BadExpiry::TooLate(max)),
            _ => Ok(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;
    const DAY: Period = Period(86_400);

    #[test]
    fn periods_are_numbers_with_units() {
        for (text, seconds) in [("90d", 90 * 86_400), ("24h", 86_400), ("15m", 900), ("2w", 14 * 86_400), ("0s", 0)] {
            assert_eq!(text.parse(), Ok(Period(seconds)), "{text}");
        }
        for text in ["", "90", "d", "-1d", "1y", "1.5s", "99999999999999d", "1d ago"] {
            assert_eq!(text.parse::<Period>(), Err(BadExpiry::Period(text.into())));
        }
        assert_eq!("36500d".parse(), Ok(Period(MAX_PERIOD)));
        assert_eq!("36501d".parse::<Period>(), Err(BadExpiry::TooLong("36501d".into())));
        assert_eq!([DAY, Period(90), Period(0), Period(7_200)].map(|it| it.to_string()), ["1d", "90s", "0s", "2h"]);
    }

    #[test]
    fn an_end_is_a_period_a_time_or_never() {
        let policy = ExpiryPolicy::default();
        let end = |text: &str| policy.of(text.parse()?, NOW);
        assert_eq!(end("1d"), Ok(Some(NOW + 86_400)));
        assert_eq!(end("never"), Ok(None));
        assert_eq!(end("2027-01-31T00:00:00Z"), Ok(Some(1_801_353_600)));
        assert_eq!(end("2027-01-31T01:00:00+01:00"), Ok(Some(1_801_353_600)));
        for text in ["90d", "36h", "2027-01-31T00:00:00Z", "never"] {
            assert_eq!(text.parse().map(|it: Expiry| it.to_string()), Ok(text.into()));
        }
        assert_eq!(end("Never"), Err(BadExpiry::Expiry("Never".into())));
        for over in ["2020-01-01T00:00:00Z", "2027-01-15T08:00:00Z", "0s", "0d"] {
            assert!(matches!(end(over), Err(BadExpiry::Past(_))), "{over}");
        }
        assert_eq!(end("36501d"), Err(BadExpiry::TooLong("36501d".into())));
        let last = Timestamp::from_second(NOW + MAX_PERIOD).unwrap();
        assert_eq!(end(&last.to_string()), Ok(Some(NOW + MAX_PERIOD)));
        let later = Timestamp::from_second(NOW + MAX_PERIOD + 1).unwrap();
        assert_eq!(end(&later.to_string()), Err(BadExpiry::TooFar(later)));
    }

    #[test]
    fn the_policy_gives_the_default_and_the_latest() {
        let policy = |default, max| ExpiryPolicy { default, max };
        assert_eq!(policy(None, None).of_new(None, NOW), Ok(None));
        assert_eq!(policy(Some(DAY), None).of_new(None, NOW), Ok(Some(NOW + 86_400)));
        assert_eq!(policy(Some(DAY), None).of_new(Some(Expiry::Never), NOW), Ok(None));
        assert_eq!(policy(None, Some(DAY)).of_new(None, NOW), Ok(Some(NOW + 86_400)));
        assert_eq!(policy(Some(Period(2 * 86_400)), Some(DAY)).of_new(None, NOW), Ok(Some(NOW + 86_400)));
        assert_eq!(policy(None, Some(DAY)).of(Expiry::Never, NOW), Err(BadExpiry::TooLate(DAY)));
        assert_eq!(policy(None, Some(DAY)).of(Expiry::In(Period(86_401)), NOW), Err(BadExpiry::TooLate(DAY)));
        assert_eq!(policy(None, Some(DAY)).of(Expiry::In(DAY), NOW), Ok(Some(NOW + 86_400)));
    }
}
