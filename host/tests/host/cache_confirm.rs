//! The cache on a clock of our own: trusted for `token_ttl` after it was last read in
//! full, and not a nanosecond longer; current before each decision.

use crate::harness::{Acts as _, NOW, Place, find, see};
use jerakia_host::admin::Change;
use jerakia_host::cache::{Cache, Unconfirmed};
use jerakia_host::clock::BootTime;
use jerakia_host::model::TokenRecord;
use std::borrow::Borrow;
use std::time::Duration;

const TTL: Duration = Duration::from_secs(300);
const TICK: Duration = Duration::from_nanos(1);

/// The first moment at which the cache is no longer trusted, to the nanosecond.
fn end_of_trust(cache: &Cache) -> BootTime {
    let (mut good, mut bad) = (BootTime::now(), BootTime::now() + 2 * cache.ttl());
    assert!(trusted(cache, good) && !trusted(cache, bad));
    while bad.since(good) > TICK {
        let middle = good + bad.since(good) / 2;
        *if trusted(cache, middle) { &mut good } else { &mut bad } = middle;
    }
    bad
}

fn trusted(cache: &Cache, at: BootTime) -> bool {
    match cache.confirm(at) {
        Ok(()) => true,
        Err(Unconfirmed::Outdated(ttl)) if ttl == cache.ttl() => false,
        Err(other) => panic!("{other}"),
    }
}

fn current(cache: &Cache, api_id: &str) -> Option<TokenRecord> {
    cache.confirm(BootTime::now()).unwrap();
    find(cache, api_id)
}

/// Trust must end `token_ttl` after some moment of `refresh`.
fn trusted_exactly_after<T: Borrow<Cache>>(ttl: Duration, refresh: impl FnOnce() -> T) -> T {
    let before = BootTime::now();
    let refreshed = refresh();
    let after = BootTime::now();
    let cache = refreshed.borrow();
    let end = end_of_trust(cache);
    assert!((before + ttl..=after + ttl).contains(&end), "{:?} after the refresh", end.since(before));
    assert!(trusted(cache, end - TICK));
    assert!(!trusted(cache, end));
    assert!(!trusted(cache, end + ttl));
    refreshed
}

#[test]
fn trust_ends_token_ttl_after_the_last_full_refresh() {
    for ttl in [Duration::from_millis(500), TTL, Duration::from_secs(86_400)] {
        let place = Place::new();
        place.create("my_app");
        let cache = trusted_exactly_after(ttl, || place.cache(ttl));
        for _ in 0..3 {
            trusted_exactly_after(ttl, || {
                cache.refresh_fully().unwrap();
                &cache
            });
        }
    }
}

#[test]
fn reading_changes_does_not_prolong_trust() {
    let place = Place::new();
    let cache = place.cache(TTL);
    let end = end_of_trust(&cache);
    for number in 0..10 {
        place.create(&format!("app_{number}"));
        assert!(current(&cache, &format!("app_{number}")).is_some());
        cache.flush_last_seen(NOW).unwrap();
    }
    assert_eq!(end_of_trust(&cache), end);
}

#[test]
fn a_refresh_that_fails_prolongs_nothing() {
    let place = Place::new();
    place.create("my_app");
    let cache = place.cache(TTL);
    let end = end_of_trust(&cache);
    place.by_hand().execute_batch("ALTER TABLE token RENAME TO elsewhere").unwrap();
    assert!(cache.refresh_fully().is_err());
    assert_eq!(end_of_trust(&cache), end);
    assert!(current(&cache, "my_app").is_some(), "what was known is until then");
    place.by_hand().execute_batch("ALTER TABLE elsewhere RENAME TO token").unwrap();
    cache.refresh_fully().unwrap();
    assert!(end_of_trust(&cache) > end);
}

#[test]
fn the_next_request_sees_a_commit_of_another_connection() {
    let place = Place::new();
    let cache = place.cache(TTL);
    assert_eq!(current(&cache, "my_app"), None);
    place.create("my_app");
    let first = current(&cache, "my_app").unwrap();
    assert!(first.active);
    place.disable("my_app");
    assert!(!current(&cache, "my_app").unwrap().active);
    place.enable("my_app");
    assert_eq!(current(&cache, "my_app"), Some(first.clone()));
    place.regenerate("my_app");
    let second = current(&cache, "my_app").unwrap();
    assert_eq!(second.id, first.id);
    assert_ne!(second.digest, first.digest);
    place.store().act("my_app", Change::Delete, 0).unwrap();
    assert_eq!(current(&cache, "my_app"), None);
    assert!(cache.is_empty());
}

/// Without `confirm`, nothing new is there: the guarantee is about `confirm`.
#[test]
fn a_commit_after_confirming_waits_for_the_next_request() {
    let place = Place::new();
    let cache = place.cache(TTL);
    place.create("my_app");
    assert_eq!(find(&cache, "my_app"), None);
    assert!(current(&cache, "my_app").is_some());
}

#[test]
fn an_older_copy_of_the_database_in_its_place_is_read_in_full() {
    let place = Place::new();
    place.create("stays");
    place.create("is_deleted_later");
    let copy = place.world.backup();
    place.store().act("is_deleted_later", Change::Delete, 0).unwrap();
    for number in 0..10 {
        place.create(&format!("new_{number}"));
    }
    let cache = place.cache(TTL);
    assert_eq!(cache.len(), 11);

    place.world.restore(&copy);
    assert!(current(&cache, "is_deleted_later").is_some());
    assert_eq!(current(&cache, "new_3"), None);
    assert_eq!(cache.len(), 2);
    // From then on changes are followed as usual.
    place.disable("stays");
    assert!(!current(&cache, "stays").unwrap().active);
}

#[test]
fn a_new_token_is_not_seen_when_its_namesake_was() {
    let place = Place::new();
    place.create("my_app");
    let cache = place.cache(TTL);
    let first = current(&cache, "my_app").unwrap();
    see(&cache, "my_app", 1_000);
    place.store().act("my_app", Change::Delete, 0).unwrap();
    place.create("my_app");
    let second = current(&cache, "my_app").unwrap();
    assert_ne!(first.id, second.id);
    cache.flush_last_seen(NOW).unwrap();
    assert_eq!(place.last_seen(), None);
    see(&cache, "my_app", 3_000);
    cache.flush_last_seen(NOW).unwrap();
    assert_eq!(place.last_seen(), Some(3_000));
}

/// Its entry is replaced, with a time that is not recorded yet.
#[test]
fn a_token_that_is_changed_keeps_when_it_was_seen() {
    let place = Place::new();
    place.create("my_app");
    let cache = place.cache(TTL);
    see(&cache, "my_app", 1_000);
    place.disable("my_app");
    assert!(!current(&cache, "my_app").unwrap().active);
    place.regenerate("my_app");
    cache.refresh_fully().unwrap();
    cache.flush_last_seen(NOW).unwrap();
    assert_eq!(place.last_seen(), Some(1_000));
}

/// The last-seen time of the deleted token is not that of the new one.
#[test]
fn nor_if_no_request_came_in_between_and_nothing_was_recorded() {
    let place = Place::new();
    place.create("my_app");
    let cache = place.cache(TTL);
    see(&cache, "my_app", 1_000);
    place.store().act("my_app", Change::Delete, 0).unwrap();
    place.create("my_app");
    cache.flush_last_seen(NOW).unwrap();
    assert!(current(&cache, "my_app").is_some());
    cache.flush_last_seen(NOW).unwrap();
    assert_eq!(place.last_seen(), None);
}
