//! The cache under many threads: each request is decided by the state when it started or a
//! later one, never by an earlier one.

use crate::harness::{Acts as _, NOW, Place, busy, find, see, size};
use jerakia_host::admin::Change;
use jerakia_host::cache::Cache;
use jerakia_host::clock::BootTime;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

const THREADS: usize = 8;
const TTL: Duration = Duration::from_secs(300);

/// What `find` answers at once after `confirm`.
fn current<T>(cache: &Cache, find: impl FnOnce(&Cache) -> T) -> T {
    cache.confirm(BootTime::now()).unwrap();
    find(cache)
}

/// Runs `changes` while other threads repeat `request`.
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
        // Even on a panic: otherwise the threads would run for ever.
        struct Through<'a>(&'a AtomicBool);
        impl Drop for Through<'_> {
            fn drop(&mut self) {
                self.0.store(true, SeqCst);
            }
        }
        let _through = Through(&through);
        changes();
    });
    assert!(requests.into_inner() > THREADS as u64, "too few requests ran");
}

fn is_active(cache: &Cache, api_id: &str) -> bool {
    find(cache, api_id).unwrap().active
}

fn to(active: bool) -> Change {
    if active { Change::Enable } else { Change::Disable }
}

/// The numbers of the last flip that has started and of the last that is done. The token is
/// active after an even number.
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

    /// Whether the status that `request` returns was in force at any moment while it ran.
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
fn a_request_sees_all_changes_that_were_done_before_it_started() {
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

/// Full refreshes run at the same time.
#[test]
fn also_during_full_refreshes() {
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

/// A created token is there, a deleted one is not.
#[test]
fn also_when_tokens_are_deleted_and_created_again() {
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

/// Of two requests, from any threads, the later one never sees an earlier state.
#[test]
fn a_later_request_never_sees_an_earlier_state() {
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
