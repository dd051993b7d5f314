//! Whether each part of a server works. Reads memory only, apart from a change that somebody has
//! just committed.

use crate::authenticator::{Authenticator, Unavailable};
use crate::cache::Unconfirmed;
use crate::clock::BootTime;
use crate::tls::Certificates;

/// The state of each part.
pub(crate) struct Health {
    pub(crate) parts: Vec<Part>,
}

/// A part that can fail on its own.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) state: State,
}

pub(crate) enum State {
    Works,
    /// It fails, and decisions go on without it. Why, in words that name no file and no token.
    Degraded(&'static str),
    /// Without it there is no decision.
    Fails(Unavailable),
}

impl Health {
    /// As it is now. Only a server with TLS has certificates.
    pub(crate) fn of(authenticator: &Authenticator, certificates: Option<&Certificates>) -> Self {
        let cache = authenticator.cache();
        let (store, counts) = (cache.store(), cache.counts());
        let tokens = match cache.confirm(BootTime::now()) {
            Ok(()) => State::known(counts.refreshes().last.trouble()),
            Err(error) => State::Fails(error.into()),
        };
        let sandbox = authenticator.component_answers().map_or_else(|it| State::Fails(it.into()), |()| State::Works);
        let threads = if store.liveness().all_run() { State::Works } else { State::Fails(Unavailable::Maintenance) };
        let recording = store.recording_trouble().or_else(|| counts.flushes().last.trouble());
        let part = |name, state| Part { name, state };
        let mut parts = vec![
            part("tokens", tokens),
            part("sandbox", sandbox),
            part("maintenance", threads),
            part("acts", State::known(counts.acts().trouble())),
            part("last_seen", State::known(recording)),
        ];
        parts.extend(certificates.map(|it| part("certificate", State::known(it.trouble()))));
        Self { parts }
    }

    /// Why there are no decisions.
    pub(crate) fn failure(&self) -> Option<&Unavailable> {
        self.parts.iter().find_map(|it| match &it.state {
            State::Fails(error) => Some(error),
            State::Works | State::Degraded(_) => None,
        })
    }

    /// Whether some part fails without which decisions go on.
    pub(crate) fn is_degraded(&self) -> bool {
        self.parts.iter().any(|it| matches!(it.state, State::Degraded(_)))
    }
}

impl State {
    fn known(trouble: Option<&'static str>) -> Self {
        trouble.map_or(Self::Works, Self::Degraded)
    }

    /// Why it fails, in words that name no file and no token; none while it works.
    pub(crate) fn trouble(&self) -> Option<&'static str> {
        match self {
            Self::Works => None,
            Self::Degraded(trouble) => Some(trouble),
            Self::Fails(error) => Some(match error {
                Unavailable::Cache(Unconfirmed::Paused) => "the database could not be read a moment ago",
                Unavailable::Cache(Unconfirmed::Outdated(_)) => "tokens were not refreshed for token_ttl",
                Unavailable::Cache(Unconfirmed::Store(error)) | Unavailable::Store(error) => error.in_short(),
                Unavailable::Sandbox(_) | Unavailable::ApiId(_) => "the token component does not answer",
                Unavailable::Busy => "there are too many requests",
                Unavailable::Panicked | Unavailable::Maintenance => "a background thread is down, and is restarted",
            }),
        }
    }
}
