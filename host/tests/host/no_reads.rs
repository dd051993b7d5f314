//! A request reads no token from the database, whatever its credential.
//!
//! The tests hold all of the server's connections to the tokens, so that a request that
//! reads would wait for ever.

use crate::harness::{NOW, Place, authenticator_of, size, within};
use jerakia_host::authenticator::{Authenticator, Denied};
use jerakia_host::sandbox::{Refusal, Sandbox};
use std::time::Duration;

/// Credentials, and the expected refusal of each.
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

fn ask(authenticator: &Authenticator, presented: &str, expected: Option<Refusal>) {
    match (authenticator.authorize(presented.as_bytes(), "", None), expected) {
        (Ok(_), None) => (),
        (Err(Denied::Refused { reason, .. }), Some(expected)) if reason == expected => (),
        (answer, expected) => panic!("{presented}: {answer:?} in place of {expected:?}"),
    }
}

#[test]
fn requests_are_answered_while_no_connection_is_free() {
    let place = Place::new();
    let mixed = mixed(&place);
    let server = place.sqlite_server();
    let authenticator = authenticator_of(server.clone(), Sandbox::new().unwrap());
    let reads = server.reads();
    let requests = size(20_000, 1_000_000);
    within(Duration::from_secs(60).max(Duration::from_millis(requests as u64)), "a request waits for the database", {
        let (authenticator, server) = (authenticator.clone(), server.clone());
        move || {
            server.without_connections(|| {
                for (presented, expected) in mixed.iter().cycle().take(requests) {
                    ask(&authenticator, presented, *expected);
                }
            });
        }
    });
    assert_eq!(server.reads(), reads);
}

/// A change is read once, not by each request.
#[test]
fn a_change_is_read_once() {
    let place = Place::new();
    let mixed = mixed(&place);
    let server = place.sqlite_server();
    let authenticator = authenticator_of(server.clone(), Sandbox::new().unwrap());
    place.create("one_more");
    let reads = server.reads();
    mixed.iter().for_each(|(presented, expected)| ask(&authenticator, presented, *expected));
    assert_eq!(server.reads(), reads + 1);
    assert_eq!(authenticator.cache().len(), 22);
}

/// The time stays in memory until maintenance records it.
#[test]
fn a_request_does_not_write_the_last_seen_time() {
    let place = Place::new();
    let token = place.create("my_app");
    let authenticator = place.authenticator();
    ask(&authenticator, &token, None);
    let last_seen = || place.last_seen();
    assert_eq!(last_seen(), None);
    authenticator.cache().flush_last_seen(NOW).unwrap();
    assert!(last_seen().is_some());
}
