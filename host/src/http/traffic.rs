//! What connections and requests count, for metrics.

use super::admin;
use super::turns::{LookupLimits, Turns};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;

/// All counts of the HTTP side, and the queues of requests.
pub struct Traffic {
    /// Of the listeners for clients.
    pub connections: Connections,
    pub(crate) lookups: LookupResults,
    pub(crate) administration: AdminResults,
    pub(crate) lookup_turns: Arc<Turns>,
    pub(crate) admin_turns: Arc<Turns>,
}

/// Connections.
#[derive(Clone, Default)]
pub struct Connections {
    pub(crate) open: Gauge,
    pub(crate) accepted: Counter,
    /// Those that found all seats taken.
    pub(crate) waited: Counter,
}

/// Lookups that had a turn or needed none.
#[derive(Clone, Default)]
pub(crate) struct LookupResults {
    /// Answered by a kept answer.
    pub(crate) kept: Counter,
    /// Answered from files.
    pub(crate) read: Counter,
    /// Without an answer: 400, 501, 503.
    pub(crate) failed: Counter,
}

/// Administrators' requests that had a turn.
#[derive(Clone, Default)]
pub(crate) struct AdminResults {
    pub(crate) done: Counter,
    /// The request can't be performed: 4xx.
    pub(crate) refused: Counter,
    /// The server can't perform it: 503.
    pub(crate) failed: Counter,
}

impl Traffic {
    /// Of a server that has done nothing yet. Lookups and scope requests share `limits`.
    #[must_use]
    pub fn new(limits: LookupLimits) -> Self {
        Self {
            connections: Connections::default(),
            lookups: LookupResults::default(),
            administration: AdminResults::default(),
            lookup_turns: Turns::new(limits),
            admin_turns: Turns::new(admin::LIMITS),
        }
    }
}

impl AdminResults {
    /// Counts a request: performed or, if not, whether the server is the reason.
    pub(super) fn count(&self, failed: Option<bool>) {
        let result = match failed {
            None => &self.done,
            Some(false) => &self.refused,
            Some(true) => &self.failed,
        };
        result.inc();
    }
}
