//! The limits of connections.

use std::time::Duration;

/// Limits of connections and of the shutdown. docs/SETTINGS.md has the defaults.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections. One more closes the longest idle connection of the client that
    /// has the most.
    pub connections: usize,
    /// For the head of a request, from its first byte; of the first, from the
    /// connection's start.
    pub head: Duration,
    /// For the body of a request, from the first time that the server has to wait.
    pub body: Duration,
    /// For a client to receive an answer, from the first time that the server has to wait.
    pub write: Duration,
    /// Between an answer and the first byte of the next request.
    pub idle: Duration,
    /// Between the signal to stop and the closing of the listener.
    pub shutdown_delay: Duration,
    /// For requests in flight, after the listener is closed.
    pub shutdown_grace: Duration,
}

impl Limits {
    /// The shortest limit that a connection can exceed.
    pub(super) fn shortest(&self) -> Duration {
        self.head.min(self.write).min(self.idle)
    }
}
