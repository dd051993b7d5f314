//! No token is read from the database on the way of a request, whatever it presents.
//!
//! Both connections of the server are taken hostage, and the database is moved away
//! under its name. A request that read something would wait for a connection for
//! ever; one that opened a connection of its own would find an empty database.

use crate::harness::{Place, size, within};
use jerakia_host::authenticator::{Authenticator, Denied};
use jerakia_host::sandbox::Refusal;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

/// A connection that nobody else gets, until it is dropped.
struct Hostage(#[allow(dead_code)] Sender<()>); // its end is the signal

/// Takes one with `take`, which is given what to do with it.
fn hostage(authenticator: &Arc<Authenticator>, take: fn(&Authenticator, &mut dyn FnMut())) -> Hostage {
    let taken = Arc::new(Barrier::new(2));
    let (free, freed) = mpsc::channel();
    let (authenticator, held) = (authenticator.clone(), taken.clone());
    thread::spawn(move || {
        take(&authenticator, &mut || {
            held.wait();
            assert!(freed.recv().is_err());
        });
    });
    taken.wait();
    Hostage(free)
}

fn hostages(authenticator: &Arc<Authenticator>) -> [Hostage; 2] {
    [
        hostage(authenticator, |it, hold| it.cache().store().read(|_| hold())),
        hostage(authenticator, |it, hold| it.cache().store().write(|_| hold())),
    ]
}

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

fn ask(authenticator: &Authenticator, presented: &str, expected: Option<Refusal>) {
    match (authenticator.authorize(presented.as_bytes(), ""), expected) {
        (Ok(_), None) => (),
        (Err(Denied::Refused { reason, .. }), Some(expected)) if reason == expected => (),
        (answer, expected) => panic!("{presented}: {answer:?} in place of {expected:?}"),
    }
}

#[test]
fn requests_are_answered_while_nobody_can_read_the_database() {
    let place = Place::new();
    let mixed = mixed(&place);
    let authenticator = place.authenticator();
    let _hostages = hostages(&authenticator);
    for file in ["tokens.db", "tokens.db-wal", "tokens.db-shm"] {
        let path = place.directory().join(file);
        std::fs::rename(&path, place.directory().join(format!("away-{file}"))).unwrap();
    }
    let requests = size(20_000, 1_000_000);
    within(Duration::from_secs(60).max(Duration::from_millis(requests as u64)), "a request waits for the database", {
        let authenticator = authenticator.clone();
        move || {
            for (presented, expected) in mixed.iter().cycle().take(requests) {
                ask(&authenticator, presented, *expected);
            }
        }
    });
    assert!(!place.file().exists(), "somebody opened a database");
}

/// The same by the number of rows: a change is read once, and not for each request.
#[test]
fn a_change_is_read_once() {
    let place = Place::new();
    let mixed = mixed(&place);
    let authenticator = place.authenticator();
    place.create("one_more");
    ask(&authenticator, &mixed[0].0, mixed[0].1);
    let _hostages = hostages(&authenticator);
    within(Duration::from_secs(60), "a request waits for the database", {
        let authenticator = authenticator.clone();
        move || mixed.iter().for_each(|(presented, expected)| ask(&authenticator, presented, *expected))
    });
    assert_eq!(authenticator.cache().len(), 22);
}

/// When last seen is known, it is kept in memory until the keeper writes it.
#[test]
fn that_a_token_was_seen_is_not_written_by_the_request() {
    let place = Place::new();
    let token = place.create("my_app");
    let authenticator = place.authenticator();
    ask(&authenticator, &token, None);
    let last_seen = || place.store().list().unwrap()[0].last_seen;
    assert_eq!(last_seen(), None);
    authenticator.cache().flush_last_seen().unwrap();
    assert!(last_seen().is_some());
}
