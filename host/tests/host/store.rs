//! The store: acts, what a server learns of them, and when tokens were last seen.

use crate::harness::Place;
use jerakia_host::model::{Status, TokenRecord};
use jerakia_host::store::{ActError, CachedRow, Changes, Store, TokenRow};

const ONE: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

/// What changed after revision `since`: it can be told.
fn since(store: &Store, since: i64) -> Changes {
    store.changes_since(since).unwrap().expect("not from the future")
}

fn row(id: i64, api_id: &str, digest: [u8; 32], status: Status) -> CachedRow {
    CachedRow { id, api_id: api_id.into(), known: TokenRecord { digest, status } }
}

fn by_id(mut changes: Changes) -> Changes {
    changes.rows.sort_by_key(|it| it.id);
    changes.deleted.sort();
    changes
}

#[test]
fn a_token_is_listed_from_its_creation_to_its_deletion() {
    let place = Place::new();
    let store = place.store();
    assert_eq!(store.list().unwrap(), []);
    store.create("my_app", &ONE, 1_000).unwrap();
    let listed = |status, issued_at, last_seen| {
        [TokenRow { api_id: "my_app".into(), status, created_at: 1_000, issued_at, last_seen }]
    };
    assert_eq!(store.list().unwrap(), listed(Status::Active, 1_000, None));
    store.set_status("my_app", Status::Disabled).unwrap();
    assert_eq!(store.list().unwrap(), listed(Status::Disabled, 1_000, None));
    // A new token of an API ID that is disabled does not let it in again.
    store.regenerate("my_app", &OTHER, 2_000).unwrap();
    assert_eq!(store.list().unwrap(), listed(Status::Disabled, 2_000, None));
    store.set_status("my_app", Status::Active).unwrap();
    assert_eq!(store.list().unwrap(), listed(Status::Active, 2_000, None));
    assert!(store.contains("my_app").unwrap());
    store.delete("my_app").unwrap();
    assert_eq!(store.list().unwrap(), []);
    assert!(!store.contains("my_app").unwrap());
}

#[test]
fn tokens_are_listed_by_their_names() {
    let place = Place::new();
    let store = place.store();
    ["b", "c", "B", "a", "_"].iter().for_each(|it| store.create(it, &ONE, 0).unwrap());
    let names: Vec<String> = store.list().unwrap().into_iter().map(|it| it.api_id).collect();
    assert_eq!(names, ["B", "_", "a", "b", "c"]);
}

#[test]
fn an_act_that_is_refused_changes_nothing() {
    let place = Place::new();
    let store = place.store();
    store.create("my_app", &ONE, 1_000).unwrap();
    let before = (store.list().unwrap(), store.everything().unwrap());

    let again = store.create("my_app", &OTHER, 2_000).unwrap_err();
    assert!(matches!(again, ActError::Exists(_)));
    assert_eq!(again.to_string(), "API ID my_app already exists");
    for missing in [
        store.regenerate("My_app", &OTHER, 2_000),
        store.set_status("my_app ", Status::Disabled),
        store.delete("my_"),
        store.delete("%"),
    ] {
        assert!(matches!(missing, Err(ActError::NotFound(_))), "{missing:?}");
    }
    assert_eq!(store.delete("nobody").unwrap_err().to_string(), "No such API ID nobody");
    assert_eq!((store.list().unwrap(), store.everything().unwrap()), before);
}

#[test]
fn a_server_learns_what_changed_since_it_last_asked() {
    let place = Place::new();
    let store = place.store();
    assert_eq!(store.everything().unwrap(), Changes { revision: 0, rows: vec![], deleted: vec![] });
    store.create("a", &ONE, 0).unwrap();
    store.create("b", &ONE, 0).unwrap();
    let start = store.everything().unwrap();
    assert_eq!(by_id(since(&store, 0)), by_id(store.everything().unwrap()));
    assert_eq!(since(&store, start.revision), Changes { revision: start.revision, rows: vec![], deleted: vec![] });

    store.set_status("a", Status::Disabled).unwrap();
    let disabled = since(&store, start.revision);
    assert_eq!(disabled.rows, [row(1, "a", ONE, Status::Disabled)]);
    assert!(disabled.revision > start.revision);

    store.regenerate("b", &OTHER, 1).unwrap();
    store.delete("a").unwrap();
    let gone = since(&store, disabled.revision);
    assert_eq!((&gone.rows[..], &gone.deleted[..]), (&[row(2, "b", OTHER, Status::Active)][..], &["a".into()][..]));
    // Asked from further back it is the same, and all of it in one answer.
    assert_eq!(since(&store, start.revision), gone);
    assert_eq!(store.everything().unwrap().rows, [row(2, "b", OTHER, Status::Active)]);
}

#[test]
fn an_api_id_that_was_deleted_and_made_again_is_another_token() {
    let place = Place::new();
    let store = place.store();
    store.create("my_app", &ONE, 0).unwrap();
    let before = store.everything().unwrap();
    store.delete("my_app").unwrap();
    let deleted = since(&store, before.revision);
    assert_eq!((deleted.rows.len(), &deleted.deleted[..]), (0, &["my_app".into()][..]));
    store.create("my_app", &ONE, 0).unwrap();
    let again = since(&store, before.revision);
    assert_eq!((again.rows.len(), again.deleted.len()), (1, 0), "it is there, and not also deleted");
    assert_ne!(again.rows[0].id, before.rows[0].id);
    assert_eq!(since(&store, deleted.revision), again);
}

#[test]
fn a_revision_from_the_future_means_an_older_database() {
    let place = Place::new();
    let store = place.store();
    store.create("my_app", &ONE, 0).unwrap();
    let now = store.everything().unwrap().revision;
    assert!(store.changes_since(now).unwrap().is_some());
    assert_eq!(store.changes_since(now + 1).unwrap(), None);
}

#[test]
fn what_is_changed_by_hand_is_seen_as_well() {
    let place = Place::new();
    let (store, hand) = (place.store(), place.by_hand());
    let mut at = store.everything().unwrap().revision;
    let mut learned = |sql: &str| {
        hand.execute_batch(sql).unwrap();
        let changes = by_id(since(&store, at));
        assert!(changes.revision > at, "{sql}");
        at = changes.revision;
        (changes.rows.into_iter().map(|it| (it.api_id, it.known.status)).collect::<Vec<_>>(), changes.deleted)
    };
    let insert = "INSERT INTO token (api_id, digest, created_at, issued_at)
                  VALUES ('a', zeroblob(32), 0, 0), ('b', zeroblob(32), 0, 0), ('c', zeroblob(32), 0, 0)";
    let all = |status| ["a", "b", "c"].map(|it| (it.to_owned(), status)).to_vec();
    assert_eq!(learned(insert), (all(Status::Active), vec![]));
    assert_eq!(learned("UPDATE token SET active = 0"), (all(Status::Disabled), vec![]));
    let digest = "UPDATE token SET digest = randomblob(32) WHERE api_id = 'b'";
    assert_eq!(learned(digest), (vec![("b".into(), Status::Disabled)], vec![]));
    let replace = "REPLACE INTO token (api_id, digest, created_at, issued_at) VALUES ('c', zeroblob(32), 0, 0)";
    assert_eq!(learned(replace), (vec![("c".into(), Status::Active)], vec![]));
    assert_eq!(learned("DELETE FROM token"), (vec![], vec!["a".into(), "b".into(), "c".into()]));
}

#[test]
fn what_would_make_nonsense_of_a_token_is_refused_by_hand_too() {
    let place = Place::new();
    place.create("my_app");
    let before = place.store().everything().unwrap();
    for sql in [
        "UPDATE token SET api_id = 'other'",
        "UPDATE token SET id = 7",
        "UPDATE token SET active = 2",
        "UPDATE token SET active = NULL",
        "UPDATE token SET digest = zeroblob(31)",
        "UPDATE token SET digest = 'text'",
        "INSERT INTO revision VALUES (2, 0)",
    ] {
        assert!(place.by_hand().execute_batch(sql).is_err(), "{sql}");
        assert_eq!(place.store().everything().unwrap(), before, "{sql}");
    }
}

#[test]
fn when_a_token_was_last_seen_never_goes_back() {
    let place = Place::new();
    let mut store = place.store();
    store.create("a", &ONE, 0).unwrap();
    store.create("b", &ONE, 0).unwrap();
    let at = store.everything().unwrap().revision;
    let mut seen = |rows: &[(i64, i64)]| {
        store.record_last_seen(rows).unwrap();
        store.list().unwrap().into_iter().map(|it| it.last_seen).collect::<Vec<_>>()
    };
    assert_eq!(seen(&[(1, 100)]), [Some(100), None]);
    assert_eq!(seen(&[(1, 99), (2, 50)]), [Some(100), Some(50)]);
    assert_eq!(seen(&[(2, 51), (1, 101), (1, 98)]), [Some(101), Some(51)]);
    // Another server writes what it has seen, and of a token that is no more.
    place.store().record_last_seen(&[(1, 90), (2, 60), (3, 1_000)]).unwrap();
    assert_eq!(seen(&[]), [Some(101), Some(60)]);
    assert_eq!(place.store().everything().unwrap().revision, at, "it is no change of a token");
}
