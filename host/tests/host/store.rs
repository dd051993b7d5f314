//! The store: acts, the changes that a server reads, and last-seen times. On SQLite, and where
//! `JERAKIA_TEST_DATABASE=postgresql` says so, on PostgreSQL.

use crate::harness::{Acts as _, NOW, Place};
use jerakia_host::admin::{ActRefusal, Change};
use jerakia_host::model::{Former, Limits, Status, Token, TokenRecord};
use jerakia_host::store::{ActError, AdminStore, Changes, LastSeen, Position, Seen, ServerStore, TokenFilter};
use jiff::Timestamp;

pub const ONE: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

/// The changes after `position`, which must be in the journal.
pub fn since(place: &Place, position: Option<&Position>) -> Changes {
    let changes = place.changes_since(position);
    assert!(!changes.complete, "the journal has {position:?}");
    changes
}

fn row(id: i64, api_id: &str, digest: [u8; 32], secret: u32, active: bool) -> (Box<str>, TokenRecord) {
    (api_id.into(), TokenRecord { id, digest, secret, active, limits: None })
}

/// A token whose first secret, ONE, was replaced by OTHER at 1.
fn regenerated(id: i64, api_id: &str) -> (Box<str>, TokenRecord) {
    let former = Some(Former { digest: ONE, ends_at: 0 });
    let limits = Limits { former, ..Limits::default() };
    let (api_id, record) = row(id, api_id, OTHER, 2, true);
    (api_id, TokenRecord { limits: Some(limits.into()), ..record })
}

pub fn list(store: &dyn AdminStore, now: i64) -> Vec<Token> {
    store.list(TokenFilter::all(), now).unwrap().collect::<Result<_, _>>().unwrap()
}

pub fn seen(api_id: Box<str>, token: i64, at: i64) -> LastSeen {
    LastSeen { api_id, token, secret: 1, seen: Seen { at, from: None } }
}

pub fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp::from_second(seconds).unwrap())
}

pub fn by_id(mut changes: Changes) -> Changes {
    changes.rows.sort_by_key(|(_, record)| record.id);
    changes.deleted.sort();
    changes
}

#[test]
fn a_token_is_listed_from_its_creation_to_its_deletion() {
    let place = Place::new();
    let mut store = place.store();
    assert_eq!(list(&*store, NOW), []);
    store.act("my_app", Change::create(ONE), 1_000).unwrap();
    let listed = |store: &dyn AdminStore| {
        let [Token { api_id, status, created_at, issued_at, .. }] = &list(store, NOW)[..] else { panic!("one token") };
        assert_eq!((&**api_id, *created_at), ("my_app", at(1_000)));
        (*status, issued_at.map(Timestamp::as_second))
    };
    assert_eq!(listed(&*store), (Status::Active, Some(1_000)));
    store.act("my_app", Change::Disable, 0).unwrap();
    assert_eq!(listed(&*store), (Status::Disabled, Some(1_000)));
    // A new secret doesn't enable a disabled token.
    store.act("my_app", Change::Regenerate(OTHER), 2_000).unwrap();
    assert_eq!(listed(&*store), (Status::Disabled, Some(2_000)));
    store.act("my_app", Change::Enable, 0).unwrap();
    assert_eq!(listed(&*store), (Status::Active, Some(2_000)));
    store.act("my_app", Change::Delete, 0).unwrap();
    assert_eq!(list(&*store, NOW), []);
}

#[test]
fn tokens_are_listed_by_their_names() {
    let place = Place::new();
    let mut store = place.store();
    ["b", "c", "B", "a", "_"].iter().for_each(|it| store.act(it, Change::create(ONE), 0).unwrap());
    let names: Vec<String> = list(&*store, NOW).into_iter().map(|it| it.api_id).collect();
    assert_eq!(names, ["B", "_", "a", "b", "c"]);
}

/// The store reads the list a thousand tokens at a time.
#[test]
fn an_act_that_is_refused_changes_nothing() {
    let place = Place::new();
    let mut store = place.store();
    store.act("my_app", Change::create(ONE), 1_000).unwrap();
    let before = (list(&*store, NOW), place.everything());

    let again = store.act("my_app", Change::create(OTHER), 2_000).unwrap_err();
    assert!(matches!(again, ActError::Refused(ActRefusal::Exists(_))));
    assert_eq!(again.to_string(), "API ID my_app already exists");
    for missing in [
        store.act("My_app", Change::Regenerate(OTHER), 2_000),
        store.act("my_ap", Change::Disable, 0),
        store.act("my_", Change::Delete, 0),
        store.act("my_app_", Change::Enable, 0),
    ] {
        assert!(matches!(missing, Err(ActError::Refused(ActRefusal::NotFound(_)))), "{missing:?}");
    }
    assert_eq!(store.act("nobody", Change::Delete, 0).unwrap_err().to_string(), "No such API ID nobody");
    assert_eq!((list(&*store, NOW), place.everything()), before);
}

#[test]
fn a_server_reads_the_changes_since_its_position() {
    let place = Place::new();
    let mut store = place.store();
    assert_eq!(place.everything().rows, []);
    store.act("a", Change::create(ONE), 0).unwrap();
    store.act("b", Change::create(ONE), 0).unwrap();
    let start = place.everything();
    assert!(start.complete);
    assert_eq!(by_id(place.changes_since(None)), by_id(place.everything()));
    let nothing = since(&place, start.position.as_ref());
    assert_eq!((nothing.rows.len(), nothing.deleted.len(), &nothing.position), (0, 0, &start.position));

    store.act("a", Change::Disable, 0).unwrap();
    let disabled = since(&place, start.position.as_ref());
    assert_eq!(disabled.rows, [row(1, "a", ONE, 1, false)]);
    assert_ne!(disabled.position, start.position);

    store.act("b", Change::Regenerate(OTHER), 1).unwrap();
    store.act("a", Change::Delete, 0).unwrap();
    let gone = since(&place, disabled.position.as_ref());
    assert_eq!((&gone.rows[..], &gone.deleted[..]), (&[regenerated(2, "b")][..], &["a".into()][..]));
    // From an earlier position, all of it comes in one answer.
    assert_eq!(since(&place, start.position.as_ref()), gone);
    assert_eq!(place.everything().rows, [regenerated(2, "b")]);
}

/// A full refresh runs beside requests: changes that they read meanwhile are newer.
#[test]
fn later_changes_override_an_earlier_full_read() {
    let changes = |complete, rows: &[(Box<str>, TokenRecord)], deleted: &[&str]| {
        let deleted = deleted.iter().map(|it| (*it).into()).collect();
        Changes { position: None, complete, rows: rows.to_vec(), deleted }
    };
    let [a, b, c] = [(1, "a"), (2, "b"), (3, "c")].map(|(id, api_id)| row(id, api_id, ONE, 1, true));
    let (other, new) = (row(2, "b", OTHER, 2, false), row(4, "d", OTHER, 1, true));
    let all = || changes(true, &[a.clone(), b.clone(), c.clone()], &[]);
    let merged = by_id(all().followed_by(changes(false, &[new.clone(), other.clone()], &["c"])));
    assert!(merged.complete);
    assert_eq!(merged.rows, [a.clone(), other.clone(), new]);
    let replaced = all().followed_by(changes(true, std::slice::from_ref(&other), &[]));
    assert_eq!(replaced, changes(true, &[other], &[]), "another database is all there is");
}

#[test]
fn an_api_id_that_is_deleted_and_created_again_is_another_token() {
    let place = Place::new();
    let mut store = place.store();
    store.act("my_app", Change::create(ONE), 0).unwrap();
    let before = place.everything();
    store.act("my_app", Change::Delete, 0).unwrap();
    let deleted = since(&place, before.position.as_ref());
    assert_eq!((deleted.rows.len(), &deleted.deleted[..]), (0, &["my_app".into()][..]));
    store.act("my_app", Change::create(ONE), 0).unwrap();
    let again = since(&place, before.position.as_ref());
    assert_eq!((again.rows.len(), again.deleted.len()), (1, 0), "it is there, and not also deleted");
    assert_ne!(again.rows[0].1.id, before.rows[0].1.id);
    assert_eq!(since(&place, deleted.position.as_ref()), again);
}

/// A revision alone proves nothing: another database may have the same.
#[test]
fn a_position_that_the_journal_does_not_have_is_answered_with_everything() {
    let (place, elsewhere) = (Place::new(), Place::new());
    let (mut store, mut other) = (place.store(), elsewhere.store());
    store.act("my_app", Change::create(ONE), 0).unwrap();
    other.act("my_app", Change::create(OTHER), 0).unwrap();
    other.act("another", Change::create(OTHER), 0).unwrap();
    let foreign = place.changes_since(elsewhere.everything().position.as_ref());
    assert!(foreign.complete);
    other.act("another", Change::Delete, 0).unwrap();
    let same_number = elsewhere.everything().position;
    store.act("my_app", Change::Disable, 0).unwrap();
    store.act("my_app", Change::Enable, 0).unwrap();
    assert!(place.changes_since(same_number.as_ref()).complete);
}

/// By count and not by time, so that a wrong clock prunes nothing.
#[test]
fn a_last_seen_time_never_goes_back() {
    let place = Place::new();
    let mut store = place.store();
    store.act("a", Change::create(ONE), 0).unwrap();
    store.act("b", Change::create(ONE), 0).unwrap();
    let at = place.everything().position;
    let (one, other) = (place.server_store(), place.server_store());
    let record = |server: &dyn ServerStore, rows: &[(i64, i64)]| {
        let name = |token| ["", "a", "b", "c"][token as usize].into();
        let seen: Vec<_> = rows.iter().map(|&(token, at)| seen(name(token), token, at)).collect();
        server.state().record_last_seen(&seen, 1_000).unwrap();
        list(&*store, 1_000).into_iter().map(|it| it.last_seen.map(Timestamp::as_second)).collect::<Vec<_>>()
    };
    assert_eq!(record(&*one, &[(1, 100)]), [Some(100), None]);
    assert_eq!(record(&*one, &[(1, 99), (2, 50)]), [Some(100), Some(50)]);
    assert_eq!(record(&*one, &[(2, 51), (1, 101), (1, 98)]), [Some(101), Some(51)]);
    // Another server records what it has seen, and of a token that is no more.
    assert_eq!(record(&*other, &[(1, 90), (2, 60), (3, 1_000)]), [Some(101), Some(60)]);
    assert_eq!(place.everything().position, at, "it is no change of a token");
}

#[test]
fn a_last_seen_time_in_the_future_is_ignored() {
    let place = Place::new();
    let mut store = place.store();
    store.act("a", Change::create(ONE), 0).unwrap();
    let server = place.server_store();
    let record = |at, now| {
        server.state().record_last_seen(&[seen("a".into(), 1, at)], now).unwrap();
        list(&*store, now)[0].last_seen.map(Timestamp::as_second)
    };
    assert_eq!(record(9_000, 9_000), Some(9_000));
    // The clock has been set right: what is stored is in the future.
    assert_eq!(record(100, 200), Some(100));
    assert_eq!(record(50, 200), Some(100));
}
