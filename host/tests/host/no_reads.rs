//! No token is read from the database on the way of a request, whatever it presents.
//!
//! All connections of the server to the tokens are taken away, so that a request that
//! read something would wait for one for ever.

use crate::harness::{NOW, Place, REQUEST, size, within};
use jerakia_host::sandbox::Refusal;
use jerakia_host::service::{Denied, Service};
use std::time::Duration;

/// What is presented, and what is to come of it.
fn mixed(place: &Place) -> Vec<(String, Option<Refusal>)> {
    let tokens: Vec<String> = (0..20).map(|it| place.create(&format!("app_{it}"))).collect();
    let disabled = place.create("disabled");
    place.disable("disabled");
    let (api_id, hex) = tokens[0].split_once(':').unwrap();
    let mut mixed = vec![
        (disabled, Some(Refusal::Disabled)),
        (format!("nobody:{hex}"), Some(Refusal::Unknown)),
        (format!("{api_id}:{}", "0".repeat(80)), Some(Refusal::Wrong)),
        (format!("{api_id}:{}", hex.to_uppercase()), Some(Refusal::Malformed)),
        (api_id.to_owned(), Some(Refusal::Malformed)),
        (String::new(), Some(Refusal::Malformed)),
        ("'; DROP TABLE token; --".into(), Some(Refusal::Malformed)),
    ];
    mixed.extend(tokens.into_iter().map(|it| (it, None)));
    mixed
}

fn ask(service: &Service, presented: &str, expected: Option<Refusal>) {
    match (service.authorize(presented, REQUEST), expected) {
        (Ok(_), None) => (),
        (Err(Denied::Refused { reason, .. }), Some(expected)) if reason == expected => (),
        (answer, expected) => panic!("{presented}: {answer:?} in place of {expected:?}"),
    }
}

#[test]
fn requests_are_answered_while_nobody_can_read_the_database() {
    let place = Place::new();
    let mixed = mixed(&place);
    let service = place.service();
    let reads = service.cache().store().reads();
    let requests = size(20_000, 1_000_000);
    within(Duration::from_secs(60).max(Duration::from_millis(requests as u64)), "a request waits for the database", {
        let service = service.clone();
        move || {
            service.cache().store().without_connections(|| {
                for (presented, expected) in mixed.iter().cycle().take(requests) {
                    ask(&service, presented, *expected);
                }
            });
        }
    });
    assert_eq!(service.cache().store().reads(), reads);
}

/// A change is read once, and not for each request.
#[test]
fn a_change_is_read_once() {
    let place = Place::new();
    let mixed = mixed(&place);
    let service = place.service();
    place.create("one_more");
    let reads = service.cache().store().reads();
    mixed.iter().for_each(|(presented, expected)| ask(&service, presented, *expected));
    assert_eq!(service.cache().store().reads(), reads + 1);
    assert_eq!(service.cache().len(), 22);
}

/// When last seen is known, it is kept in memory until maintenance records it.
#[test]
fn that_a_token_was_seen_is_not_written_by_the_request() {
    let place = Place::new();
    let token = place.create("my_app");
    let service = place.service();
    ask(&service, &token, None);
    let last_seen = || place.store().list(NOW).unwrap()[0].last_seen;
    assert_eq!(last_seen(), None);
    service.cache().flush_last_seen(NOW).unwrap();
    assert!(last_seen().is_some());
}
