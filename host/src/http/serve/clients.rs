//! Counts open connections per client, and closes an idle one when there are too many.

use super::progress::Progress;
use super::rules::Rules;
use crate::http::Connections;
use crate::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// How long to wait before searching again for an idle connection.
const RETRY: Duration = Duration::from_millis(10);

/// All connections, by client. Locked when a connection opens or closes, never by a
/// request.
pub(super) struct Clients {
    rules: watch::Receiver<Rules>,
    counts: Connections,
    open: Mutex<Open>,
    departed: Notify,
}

#[derive(Default)]
struct Open {
    count: usize,
    next: u64,
    of: HashMap<Origin, HashMap<u64, Arc<Progress>>>,
}

/// A client, as far as a connection tells before its first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    Network(IpAddr),
    /// A user of this machine, on a Unix socket.
    User(u32),
}

impl Origin {
    pub(super) fn at(address: IpAddr) -> Self {
        Self::Network(network::client(address))
    }
}

/// The seat of one open connection. Dropping it frees the seat.
pub(super) struct Seat {
    clients: Arc<Clients>,
    origin: Origin,
    number: u64,
    pub(super) progress: Arc<Progress>,
}

impl Clients {
    /// Admits as many connections at once as the rules say.
    pub(super) fn new(rules: watch::Receiver<Rules>, counts: &Connections) -> Self {
        Self { rules, counts: counts.clone(), open: Mutex::default(), departed: Notify::new() }
    }

    /// Waits for a seat. When all are taken, closes the longest idle connection of the client
    /// that has the most. When none is idle, the new connection waits: with each answer one
    /// becomes idle.
    pub(super) async fn admit(self: &Arc<Self>, origin: Origin) -> Seat {
        if let Some(seat) = self.seat(origin) {
            return seat;
        }
        self.counts.waited.inc();
        loop {
            if let Some(seat) = self.seat(origin) {
                return seat;
            }
            drop(timeout(RETRY, self.departed.notified()).await);
        }
    }

    fn seat(self: &Arc<Self>, origin: Origin) -> Option<Seat> {
        let most = self.rules.borrow().limits.connections;
        let mut open = self.open();
        if open.count >= most {
            if let Some(idle) = open.longest_idle() {
                tracing::debug!("too many connections: closing the longest idle one of the client that has the most");
                idle.evicted.notify_one();
            }
            return None;
        }
        let progress = Arc::new(Progress::new());
        let number = open.next;
        open.of.entry(origin).or_default().insert(number, progress.clone());
        open.next += 1;
        open.count += 1;
        self.counts.open.inc();
        self.counts.accepted.inc();
        Some(Seat { clients: self.clone(), origin, number, progress })
    }

    /// A poisoned lock is usable: no code panics between two related changes.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn longest_idle(&self) -> Option<&Arc<Progress>> {
        let longest = |connections: &HashMap<u64, Arc<Progress>>| {
            let idle = connections.iter().filter_map(|(number, it)| Some((it.idle_since()?, *number)));
            idle.min().map(|(_, number)| number)
        };
        let clients = self.of.values().filter_map(|it| Some((it, longest(it)?)));
        let (connections, number) = clients.max_by_key(|(connections, _)| connections.len())?;
        connections.get(&number)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.clients.open();
        let Some(connections) = open.of.get_mut(&self.origin) else { return };
        connections.remove(&self.number);
        if connections.is_empty() {
            open.of.remove(&self.origin);
        }
        open.count -= 1;
        self.clients.counts.open.dec();
        drop(open);
        self.clients.departed.notify_one();
    }
}
