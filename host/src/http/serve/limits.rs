//! The limits of connections.

use std::time::Duration;

/// What clients can take from a server. docs/SETTINGS.md has the defaults.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many connections are open at once. To make room for one more, the longest
    /// idle one is closed, of the client address that has the most.
    pub connections: usize,
    /// For the head of a request, from its first byte; of the first, from the
    /// connection's start.
    pub head: Duration,
    /// For the body of a request, once the server has to wait for it.
    pub body: Duration,
    /// For a client to take an answer, once it does not take it at once.
    pub write: Duration,
    /// Between an answer and the first byte of the next request.
    pub idle: Duration,
    /// From the signal to stop to the end of the listener.
    pub shutdown_delay: Duration,
    /// For requests in flight, from the end of the listener.
    pub shutdown_grace: Duration,
}

impl Limits {
    /// The shortest limit that a connection can exceed.
    pub(super) fn shortest(&self) -> Duration {
        self.head.min(self.write).min(self.idle)
    }
}
