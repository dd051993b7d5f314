//! Tests of the limit, with times of their own.

use super::*;
use std::thread;

fn address(text: &str) -> IpAddr {
    network::client(text.parse().unwrap())
}

/// How many failures one after the other are decided on, at one time.
fn decided(floods: &Floods, client: IpAddr, now: Instant) -> usize {
    let decided = iter::repeat_with(|| !floods.is_over(client, now)).take(1000).take_while(|it| *it);
    decided.inspect(|_| floods.failed(client, now)).count()
}

#[test]
fn a_client_has_a_burst_and_then_a_rate() {
    let (floods, one, other) = (Floods::new(20), address("192.0.2.1"), address("192.0.2.2"));
    let later = |millis| floods.start + Duration::from_millis(millis);
    assert_eq!(decided(&floods, one, later(0)), 100);
    assert_eq!(decided(&floods, one, later(49)), 0);
    assert_eq!(decided(&floods, one, later(50)), 1);
    assert_eq!(decided(&floods, one, later(1050)), 20);
    assert_eq!(decided(&floods, other, later(1050)), 100, "another client has its own");
    assert_eq!(decided(&floods, one, later(3_600_000)), 100, "no more than a burst is saved up");
}

#[test]
fn failures_beyond_the_limit_do_not_count() {
    let (floods, client) = (Floods::new(20), address("192.0.2.1"));
    let now = floods.start + Duration::from_secs(60);
    (0..10_000).for_each(|_| floods.failed(client, now)); // of an API ID that is exempt
    assert_eq!(decided(&floods, client, now + Duration::from_secs(1)), 20);
}

#[test]
fn an_api_id_is_exempt_for_an_hour_where_it_was_granted() {
    let (floods, client) = (Floods::new(20), address("2001:db8::1"));
    let later = |seconds| floods.start + Duration::from_secs(seconds);
    let is_exempt = |client, api_id, seconds| floods.is_exempt(client, api_id, later(seconds));
    assert!(!is_exempt(client, "my_app", 0) && !is_exempt(client, "", 1_000_000));
    floods.granted(client, "my_app", later(0));
    assert!(is_exempt(client, "my_app", 0) && is_exempt(address("2001:db8::2"), "my_app", 3599));
    assert!(!is_exempt(client, "my_app", 3600));
    assert!(!is_exempt(client, "other", 1) && !is_exempt(address("2001:db8:0:1::1"), "my_app", 1));
    for seconds in 1..7200 {
        floods.granted(client, "my_app", later(seconds));
    }
    assert!(is_exempt(client, "my_app", 7200 + 3500), "the last grant counts");
}

#[test]
fn the_table_keeps_clients_that_flood() {
    let floods = Floods::new(20);
    let many = |it: u32| IpAddr::from(it.to_be_bytes());
    let now = floods.start + Duration::from_secs(1);
    (0..100).for_each(|it| assert_eq!(decided(&floods, many(it), now), 100));
    (1000..1_000_000).for_each(|it| floods.failed(many(it), now));
    assert!((0..100).all(|it| floods.is_over(many(it), now)));
}

#[test]
fn concurrent_failures_all_count() {
    let (floods, client) = (Floods::new(2000), address("192.0.2.1"));
    let now = floods.start;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..2499).for_each(|_| floods.failed(client, now)));
        }
    });
    assert_eq!(decided(&floods, client, now), 4);
}
