//! Counts open connections per client, and closes an idle one when there are too many.

use super::progress::Progress;
use crate::http::Connections;
use crate::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long to wait before searching again for an idle connection.
const RETRY: Duration = Duration::from_millis(10);

/// All connections, by client. Locked when a connection opens or closes, never by a
/// request.
pub(super) struct Clients {
    most: usize,
    counts: Connections,
    open: Mutex<Open>,
    departed: Notify,
}

#[derive(Default)]
struct Open {
    count: usize,
    next: u64,
    of: HashMap<IpAddr, HashMap<u64, Arc<Progress>>>,
}

/// The seat of one open connection. Dropping it frees the seat.
pub(super) struct Seat {
    clients: Arc<Clients>,
    address: IpAddr,
    number: u64,
    pub(super) progress: Arc<Progress>,
}

impl Clients {
    /// Admits at most `most` connections at once.
    pub(super) fn new(most: usize, counts: &Connections) -> Self {
        Self { most, counts: counts.clone(), open: Mutex::default(), departed: Notify::new() }
    }

    /// Waits for a seat. When all are taken, closes the longest idle connection of the client
    /// that has the most. When none is idle, the new connection waits: with each answer one
    /// becomes idle.
    pub(super) async fn admit(self: &Arc<Self>, address: IpAddr) -> Seat {
        let address = network::client(address);
        if let Some(seat) = self.seat(address) {
            return seat;
        }
        self.counts.waited.inc();
        loop {
            if let Some(seat) = self.seat(address) {
                return seat;
            }
            drop(timeout(RETRY, self.departed.notified()).await);
        }
    }

    fn seat(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let mut open = self.open();
        if open.count >= self.most {
            if let Some(idle) = open.longest_idle() {
                tracing::debug!("too many connections: closing the longest idle one of the client that has the most");
                idle.evicted.notify_one();
            }
            return None;
        }
        let progress = Arc::new(Progress::new());
        let number = open.next;
        open.of.entry(address).or_default().insert(number, progress.clone());
        open.next += 1;
        open.count += 1;
        self.counts.open.inc();
        self.counts.accepted.inc();
        Some(Seat { clients: self.clone(), address, number, progress })
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
        let Some(connections) = open.of.get_mut(&self.address) else { return };
        connections.remove(&self.number);
        if connections.is_empty() {
            open.of.remove(&self.address);
        }
        open.count -= 1;
        self.clients.counts.open.dec();
        drop(open);
        self.clients.departed.notify_one();
    }
}
