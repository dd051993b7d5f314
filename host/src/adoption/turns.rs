//! Turns to compare a bcrypt hash: two at once, and a short queue that is fair between
//! clients.

use crate::network;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How many hashes are compared at once.
const AT_ONCE: usize = 2;

/// How many more requests may wait.
const MAX_WAITING: usize = 32;

/// How long a request waits for its turn.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Gives turns. A client is an address, or an IPv6 /64 network; all without an address are
/// one. Never by API ID: that would let anybody keep its owner out.
#[derive(Default)]
pub(crate) struct HashTurns(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    running: usize,
    waiting: Vec<Waiting>,
    /// The round of the last turn that was given.
    round: u64,
}

/// A request that waits. A client has one turn in each round.
struct Waiting {
    client: Option<IpAddr>,
    round: u64,
    turn: oneshot::Sender<HashTurn>,
}

/// There are too many requests before this one: 503.
#[derive(Debug)]
pub(crate) struct Busy;

/// A request's turn, until it is dropped.
pub(crate) struct HashTurn(Arc<HashTurns>);

enum Entry {
    Turn,
    Place(oneshot::Receiver<HashTurn>),
}

impl HashTurns {
    /// Waits for a turn of the client at `address`.
    ///
    /// # Errors
    /// [`Busy`], when the queue is full or the wait takes too long.
    pub(crate) async fn turn(self: &Arc<Self>, address: Option<IpAddr>) -> Result<HashTurn, Busy> {
        let entry = self.queue().enter(address.map(network::client))?;
        match entry {
            Entry::Turn => Ok(HashTurn(self.clone())),
            Entry::Place(turn) => timeout(MAX_WAIT, turn).await.map_err(|_| Busy)?.map_err(|_| Busy),
        }
    }

    /// A poisoned lock is usable: no code panics between two related changes.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn enter(&mut self, client: Option<IpAddr>) -> Result<Entry, Busy> {
        if self.running < AT_ONCE {
            self.running += 1;
            return Ok(Entry::Turn);
        }
        self.waiting.retain(|it| !it.turn.is_closed());
        if self.waiting.len() >= MAX_WAITING {
            self.make_room(client)?;
        }
        let last = self.waiting.iter().filter(|it| it.client == client).map(|it| it.round + 1).max();
        let (turn, place) = oneshot::channel();
        self.waiting.push(Waiting { client, round: last.unwrap_or_default().max(self.round), turn });
        Ok(Entry::Place(place))
    }

    /// Sends away the last request of the client that has the most, if it still has as many
    /// as `client` then.
    fn make_room(&mut self, client: Option<IpAddr>) -> Result<(), Busy> {
        let count = |client| self.waiting.iter().filter(|it| it.client == client).count();
        let (most, last) = (0..self.waiting.len()).map(|at| (count(self.waiting[at].client), at)).max().ok_or(Busy)?;
        if most < count(client) + 2 {
            return Err(Busy);
        }
        self.waiting.remove(last);
        Ok(())
    }

    /// Ends a turn; the request that has the next one.
    fn next(&mut self) -> Option<oneshot::Sender<HashTurn>> {
        let first = (0..self.waiting.len()).min_by_key(|at| (self.waiting[*at].round, *at));
        match first.map(|at| self.waiting.remove(at)) {
            Some(Waiting { round, turn, .. }) => {
                self.round = round;
                Some(turn)
            }
            None => {
                self.running -= 1;
                None
            }
        }
    }
}

impl Drop for HashTurn {
    /// A turn that nobody waits for any more is dropped in `send`, and goes to the next.
    fn drop(&mut self) {
        let next = self.0.queue().next();
        if let Some(next) = next {
            drop(next.send(Self(self.0.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    /// Has `name` wait at `from`, and report its turn, or that it has none.
    async fn wait(
        turns: &Arc<HashTurns>,
        name: &'static str,
        from: &str,
        had: &mpsc::UnboundedSender<(&'static str, bool)>,
    ) {
        let (turns, from, had) = (turns.clone(), address(from), had.clone());
        let place = turns.queue().enter(from.map(network::client));
        tokio::spawn(async move {
            let turn = match place {
                Ok(Entry::Place(place)) => place.await.ok(),
                Ok(Entry::Turn) => Some(HashTurn(turns)),
                Err(Busy) => None,
            };
            had.send((name, turn.is_some())).unwrap();
        });
        tokio::task::yield_now().await;
    }

    #[tokio::test]
    async fn a_client_that_floods_has_every_other_turn() {
        let turns = Arc::new(HashTurns::default());
        let running = [turns.turn(address("10.0.0.1")).await, turns.turn(address("10.0.0.1")).await];
        let (had, mut order) = mpsc::unbounded_channel();
        for _ in 0..4 {
            wait(&turns, "flood", "10.0.0.1", &had).await;
        }
        for name in ["mine 1", "mine 2"] {
            wait(&turns, name, "10.0.0.2", &had).await;
        }
        let [first, second] = running;
        drop(first);
        let mut names = Vec::new();
        for _ in 0..6 {
            names.push(order.recv().await.unwrap());
        }
        let names: Vec<_> = names
            .into_iter()
            .map(|(name, has_turn)| {
                assert!(has_turn);
                name
            })
            .collect();
        assert_eq!(names, ["flood", "mine 1", "flood", "mine 2", "flood", "flood"]);
        drop(second);
        assert_eq!(turns.queue().running, 0);
    }

    #[tokio::test]
    async fn a_full_queue_has_room_for_a_client_with_fewer_places() {
        let turns = Arc::new(HashTurns::default());
        let running = [turns.turn(address("2001:db8::1")).await, turns.turn(address("2001:db8::1")).await];
        let (had, mut order) = mpsc::unbounded_channel();
        for _ in 0..MAX_WAITING {
            // One client, whatever address of its network it takes.
            wait(&turns, "flood", "2001:db8::2", &had).await;
        }
        wait(&turns, "flood", "2001:db8::3", &had).await;
        assert_eq!(order.recv().await, Some(("flood", false)), "its last one");
        wait(&turns, "mine", "2001:db8:0:1::1", &had).await;
        assert_eq!(order.recv().await, Some(("flood", false)), "its own place is given away");
        assert_eq!(turns.queue().waiting.len(), MAX_WAITING);
        drop(running);
        let mut all = Vec::new();
        for _ in 0..MAX_WAITING {
            all.push(order.recv().await.unwrap());
        }
        assert!(all.iter().all(|(_, has_turn)| *has_turn));
        assert!(all[..3].contains(&("mine", true)), "in the first round: {all:?}");
    }

    #[tokio::test]
    async fn clients_with_one_place_each_keep_it() {
        let turns = Arc::new(HashTurns::default());
        let _running = [turns.turn(None).await, turns.turn(None).await];
        let mut places = Vec::new();
        for number in 0..MAX_WAITING {
            places.push(turns.queue().enter(address(&format!("10.0.0.{number}"))).ok().unwrap());
        }
        assert!(turns.queue().enter(address("10.0.1.0")).is_err());
        assert!(turns.queue().enter(None).is_err());
        places.pop();
        assert!(turns.queue().enter(None).is_ok(), "a client that went away has none");
    }

    #[tokio::test]
    async fn a_turn_of_a_client_that_went_away_goes_to_the_next() {
        let turns = Arc::new(HashTurns::default());
        let running = [turns.turn(None).await, turns.turn(None).await];
        let gone: Vec<_> = (0..3).map(|_| turns.queue().enter(None).ok().unwrap()).collect();
        let (had, mut order) = mpsc::unbounded_channel();
        wait(&turns, "next", "10.0.0.1", &had).await;
        drop(gone);
        drop(running);
        assert_eq!(order.recv().await, Some(("next", true)));
        assert!(turns.turn(None).await.is_ok());
        let queue = turns.queue();
        assert_eq!((queue.running, queue.waiting.len()), (0, 0));
    }
}
