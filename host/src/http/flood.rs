//! Limits failures by client address. Beyond the limit, requests are refused undecided, except
//! for API IDs that were granted from there lately. Good requests take no lock.

use super::client::Client;
use crate::network;
use std::hash::{BuildHasher as _, RandomState};
use std::iter;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How many seconds' worth of failures a client can have at once.
const BURST: u64 = 5;

/// How long an API ID is decided on after a grant, in seconds.
const EXEMPT_FOR: u64 = 3600;

/// A grant that was noted this many seconds ago is noted again, so that most requests only read.
const NOTE_EVERY: u64 = 60;

/// The failures and grants of all clients. Neither API IDs nor addresses can be read from it:
/// it has hashes, with keys of its own.
pub(super) struct Floods {
    keys: RandomState,
    start: Instant,
    /// For how long one failure counts.
    each: Duration,
    /// The most failures that count at once.
    most: u64,
    /// By client: when its last failure stops to count, if they count one after the other, in
    /// multiples of `each` since the start (GCRA, ITU-T I.371).
    failures: Times,
    /// By client and API ID: the last grant, in seconds since the start.
    grants: Times,
}

/// The client of one request, if it has an address of its own.
#[derive(Clone)]
pub(super) struct Watched {
    floods: Arc<Floods>,
    client: IpAddr,
}

impl Floods {
    /// Allows each client `per_second` failures.
    pub(super) fn new(per_second: u32) -> Arc<Self> {
        let per_second = per_second.max(1);
        let (each, most) = (Duration::from_secs(1) / per_second, BURST * u64::from(per_second));
        let (failures, grants) = (Times::new(), Times::new());
        Arc::new(Self { keys: RandomState::new(), start: Instant::now(), each, most, failures, grants })
    }

    /// None for a client whose address is unknown, or a trusted proxy's.
    pub(super) fn watch(self: &Arc<Self>, client: &Client) -> Option<Watched> {
        client.own_address().map(|it| Watched { floods: self.clone(), client: network::client(it) })
    }

    fn is_over(&self, client: IpAddr, now: Instant) -> bool {
        let failures = self.failures.of(self.keys.hash_one(client));
        failures > 0 && failures.saturating_sub(self.failure_time(now)) >= self.most
    }

    fn failed(&self, client: IpAddr, now: Instant) {
        let now = self.failure_time(now);
        self.failures.update(self.keys.hash_one(client), |last| (last.max(now) + 1).min(now + self.most));
    }

    fn granted(&self, client: IpAddr, api_id: &str, now: Instant) {
        let (key, now) = (self.keys.hash_one((client, api_id)), self.grant_time(now));
        if self.grants.of(key) + NOTE_EVERY < now {
            self.grants.update(key, |_| now);
        }
    }

    fn is_exempt(&self, client: IpAddr, api_id: &str, now: Instant) -> bool {
        let last = self.grants.of(self.keys.hash_one((client, api_id)));
        last > 0 && last + EXEMPT_FOR > self.grant_time(now)
    }

    fn failure_time(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.start).as_nanos() / self.each.as_nanos();
        u64::try_from(passed).unwrap_or(Times::LAST)
    }

    /// Never 0, nor close to it: that is what keys without a time have.
    fn grant_time(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_secs() + EXEMPT_FOR
    }
}

impl Watched {
    /// Whether to refuse a request undecided that names `api_id`.
    pub(super) fn is_flood(&self, api_id: &str) -> bool {
        let now = Instant::now();
        self.floods.is_over(self.client, now) && !self.floods.is_exempt(self.client, api_id, now)
    }

    /// A credential was refused.
    pub(super) fn failed(&self) {
        self.floods.failed(self.client, Instant::now());
    }

    /// A token of `api_id` was granted access.
    pub(super) fn granted(&self, api_id: &str) {
        self.floods.granted(self.client, api_id, Instant::now());
    }
}

/// Times by the hashes of their keys, in constant memory and without locks. A key without a
/// place takes that of the earliest time among a few.
struct Times(Box<[[AtomicU64; Self::PLACES]]>);

impl Times {
    /// One cache line.
    const PLACES: usize = 8;
    /// 512 KiB.
    const SETS: usize = 1 << 13;
    /// A time has 40 bits, below 24 of its key's hash.
    const BITS: u32 = 40;
    const LAST: u64 = (1 << Self::BITS) - 1;

    fn new() -> Self {
        Self(iter::repeat_with(Default::default).take(Self::SETS).collect())
    }

    /// The time of a key; 0 if it has none.
    fn of(&self, key: u64) -> u64 {
        self.places(key).iter().map(|it| it.load(Relaxed)).filter(|it| is_of(key, *it)).map(time).max().unwrap_or(0)
    }

    /// Gives a key the time that `next` makes of its last one.
    fn update(&self, key: u64, next: impl Fn(u64) -> u64) {
        loop {
            let places = self.places(key).iter().map(|it| (it, it.load(Relaxed)));
            let Some((place, last)) = places.min_by_key(|(_, it)| (!is_of(key, *it), time(*it))) else { return };
            let time = next(if is_of(key, last) { time(last) } else { 0 }).min(Self::LAST);
            let new = key >> Self::BITS << Self::BITS | time;
            // If another request was first, its change counts too.
            if place.compare_exchange(last, new, Relaxed, Relaxed).is_ok() {
                return;
            }
        }
    }

    fn places(&self, key: u64) -> &[AtomicU64; Self::PLACES] {
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are as good as any")]
        &self.0[key as usize % Self::SETS]
    }
}

fn is_of(key: u64, place: u64) -> bool {
    key >> Times::BITS == place >> Times::BITS
}

fn time(place: u64) -> u64 {
    place & Times::LAST
}

#[cfg(test)]
mod tests;
