//! Limits of connections and of the shutdown.

use std::time::Duration;

/// Limits of connections and of the shutdown. docs/SETTINGS.md has the defaults.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// The most open connections. One more closes the longest idle connection of the client
    /// that has the most.
    pub connections: usize,
    /// How many credentials a client address can have refused in a second; five times as many
    /// at once.
    pub failures: u32,
    /// For a request's head: from its first byte or, for the first request, from the start of
    /// the connection.
    pub head: Duration,
    /// For a request's body: from when the server first has to wait for it.
    pub body: Duration,
    /// For a client to receive an answer: from when the server first has to wait.
    pub write: Duration,
    /// From an answer to the first byte of the next request.
    pub idle: Duration,
    /// From the signal to stop until the listener closes.
    pub shutdown_delay: Duration,
    /// For requests in flight, once the listener is closed.
    pub shutdown_grace: Duration,
}

impl ConnectionLimits {
    /// The shortest limit that a connection can exceed.
    pub(super) fn shortest(&self) -> Duration {
        self.head.min(self.write).min(self.idle)
    }
}
