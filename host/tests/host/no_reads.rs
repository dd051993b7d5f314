//! No token is read from the database on the way of a request, whatever it presents.
//!
//! Both connections of the server are taken hostage, and the database is moved away
//! under its name. A request that read something would wait for a connection for
//! ever; one that opened a connection of its own would find an empty database.

use crate::harness::{Place, REQUEST, size, within};
use jerakia_host::sandbox::Refusal;
use jerakia_host::service::{Denied, Service};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

/// A connection that nobody else gets, until it is dropped.
struct Hostage(#[allow(dead_code)] Sender<()>); // its end is the signal

/// Takes one with `take`, which is given what to do with it.
fn hostage(service: &Arc<Service>, take: fn(&Service, &mut dyn FnMut())) -> Hostage {
    let taken = Arc::new(Barrier::new(2));
    let (free, freed) = mpsc::channel();
    let (service, held) = (service.clone(), taken.clone());
    thread::spawn(move || {
        take(&service, &mut || {
            held.wait();
            assert!(freed.recv().is_err());
        });
    });
    taken.wait();
    Hostage(free)
}

fn hostages(service: &Arc<Service>) -> [Hostage; 2] {
    [
        hostage(service, |it, hold| it.cache().store().read(|_| hold())),
        hostage(service, |it, hold| it.cache().store().write(|_| hold())),
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
    let _hostages = hostages(&service);
    for file in ["tokens.db", "tokens.db-wal", "tokens.db-shm"] {
        let path = place.directory().join(file);
        std::fs::rename(&path, place.directory().join(format!("away-{file}"))).unwrap();
    }
    let requests = size(20_000, 1_000_000);
    within(Duration::from_secs(60).max(Duration::from_millis(requests as u64)), "a request waits for the database", {
        let service = service.clone();
        move || {
            for (presented, expected) in mixed.iter().cycle().take(requests) {
                ask(&service, presented, *expected);
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
    let service = place.service();
    place.create("one_more");
    ask(&service, &mixed[0].0, mixed[0].1);
    let _hostages = hostages(&service);
    within(Duration::from_secs(60), "a request waits for the database", {
        let service = service.clone();
        move || mixed.iter().for_each(|(presented, expected)| ask(&service, presented, *expected))
    });
    assert_eq!(service.cache().len(), 22);
}

/// When last seen is known, it is kept in memory until the keeper writes it.
#[test]
fn that_a_token_was_seen_is_not_written_by_the_request() {
    let place = Place::new();
    let token = place.create("my_app");
    let service = place.service();
    ask(&service, &token, None);
    let last_seen = || place.store().list().unwrap()[0].last_seen;
    assert_eq!(last_seen(), None);
    service.cache().flush_last_seen().unwrap();
    assert!(last_seen().is_some());
}
