//! The cache under many threads: what was in force when a request began is what it is
//! decided by, or something later; never something earlier.

use crate::harness::{Acts as _, NOW, Place, busy, find, see, size};
use jerakia_host::admin::Change;
use jerakia_host::cache::Cache;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: usize = 8;
const TTL: Duration = Duration::from_secs(300);

/// What `find` answers at once after `confirm`.
fn current<T>(cache: &Cache, find: impl FnOnce(&Cache) -> T) -> T {
    cache.confirm(Instant::now()).unwrap();
    find(cache)
}

/// Runs `changes` beside threads that all do `request`, until they are through.
fn beside(changes: impl FnOnce(), request: impl Fn() + Sync) {
    let _busy = busy();
    let (through, begun) = (AtomicBool::new(false), Barrier::new(THREADS + 1));
    let requests = AtomicU64::new(0);
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                begun.wait();
                while !through.load(SeqCst) {
                    request();
                    requests.fetch_add(1, SeqCst);
                }
            });
        }
        begun.wait();
        // Also when it panics: the threads would go on for ever.
        struct Through<'a>(&'a AtomicBool);
        impl Drop for Through<'_> {
            fn drop(&mut self) {
                self.0.store(true, SeqCst);
            }
        }
        let _through = Through(&through);
        changes();
    });
    assert!(requests.into_inner() > THREADS as u64, "nobody asked");
}

fn is_active(cache: &Cache, api_id: &str) -> bool {
    find(cache, api_id).unwrap().active
}

fn to(active: bool) -> Change {
    if active { Change::Enable } else { Change::Disable }
}

/// The number of the last flip that has begun, and of the last that is done: whether
/// the token is active is whether the number is even.
#[derive(Default)]
struct Flips {
    begun: AtomicU64,
    done: AtomicU64,
}

impl Flips {
    fn flip(&self, number: u64, act: impl FnOnce(bool)) {
        self.begun.store(number, SeqCst);
        act(number.is_multiple_of(2));
        self.done.store(number, SeqCst);
    }

    /// Whether `seen`, seen by a request that lasted for `request`, was in force at
    /// any moment of it.
    fn holds(&self, request: impl FnOnce() -> bool) -> Result<(), String> {
        let first = self.done.load(SeqCst);
        let seen = request();
        let last = self.begun.load(SeqCst);
        if (first..=last).any(|it| it.is_multiple_of(2) == seen) {
            Ok(())
        } else {
            Err(format!("active is {seen} between flips {first} and {last}"))
        }
    }
}

#[test]
fn a_request_never_sees_less_than_was_done_before_it_began() {
    let place = Place::new();
    place.create("my_app");
    let (cache, flips, mut store) = (place.cache(TTL), Flips::default(), place.store());
    let change = || {
        (1..=size(500, 20_000) as u64).for_each(|number| {
            flips.flip(number, |active| store.act("my_app", to(active), 0).unwrap());
            thread::yield_now();
        });
    };
    beside(change, || {
        flips.holds(|| current(&cache, |it| is_active(it, "my_app"))).unwrap();
    });
}

/// The refresh that is due now and then goes on beside that.
#[test]
fn nor_while_all_is_read_again() {
    let place = Place::new();
    (0..200).for_each(|number| drop(place.create(&format!("app_{number}"))));
    let (cache, flips, mut store) = (place.cache(TTL), Flips::default(), place.store());
    let through = AtomicBool::new(false);
    thread::scope(|threads| {
        threads.spawn(|| {
            while !through.load(SeqCst) {
                cache.refresh_fully().unwrap();
                see(&cache, "app_8", 1);
                cache.flush_last_seen(NOW).unwrap();
            }
        });
        let change = || {
            for number in 1..=size(300, 10_000) as u64 {
                flips.flip(number, |active| store.act("app_7", to(active), 0).unwrap());
            }
            through.store(true, SeqCst);
        };
        beside(change, || {
            flips.holds(|| current(&cache, |it| is_active(it, "app_7"))).unwrap();
        });
    });
}

/// Tokens that are made and deleted: a new one is there, a deleted one is not.
#[test]
fn nor_when_a_token_is_deleted_and_made_again() {
    let place = Place::new();
    place.create("my_app");
    let (cache, flips, mut store) = (place.cache(TTL), Flips::default(), place.store());
    let change = || {
        for number in 1..=size(300, 10_000) as u64 {
            flips.flip(number, |there| {
                let change = if there { Change::create([1; 32]) } else { Change::Delete };
                store.act("my_app", change, 0).unwrap();
            });
        }
    };
    let there = |cache: &Cache| find(cache, "my_app").is_some();
    beside(change, || flips.holds(|| current(&cache, there)).unwrap());
}

/// Of two requests the later one never sees the earlier state, whoever makes them.
#[test]
fn what_one_request_has_seen_every_later_one_sees() {
    let place = Place::new();
    place.create("my_app");
    let (cache, mut store) = (place.cache(TTL), place.store());
    let digest = |number: u64| {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        digest
    };
    store.act("my_app", Change::Regenerate(digest(0)), 0).unwrap();
    let newest = AtomicU64::new(0);
    let change = || {
        (1..=size(500, 20_000) as u64).for_each(|it| store.act("my_app", Change::Regenerate(digest(it)), 0).unwrap())
    };
    beside(change, || {
        let before = newest.load(SeqCst);
        let known = current(&cache, |it| find(it, "my_app").unwrap());
        let seen = u64::from_be_bytes(known.digest[..8].try_into().unwrap());
        assert!(seen >= before, "{seen} after {before}");
        newest.fetch_max(seen, SeqCst);
    });
}
