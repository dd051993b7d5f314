//! The files of SQLite, read and edited by hand as with the sqlite3 shell.

use crate::harness::{Acts as _, NOW, Place};
use crate::store::{ONE, at, by_id, list, seen, since};
use jerakia_host::admin::Change;

#[test]
fn a_long_list_has_each_token_once() {
    let place = Place::new();
    let sql = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
        INSERT INTO token (api_id, digest, created_at, issued_at)
        SELECT format('app_%04d', i), zeroblob(32), i, i FROM n UNION ALL SELECT '', zeroblob(32), 0, 0";
    place.by_hand().execute(sql, []).unwrap();
    let id = place.everything().rows.iter().find(|(api_id, _)| &**api_id == "app_2000").unwrap().1.id;
    let last_seen = [seen("app_2000".into(), id, 7)];
    place.server_store().state().record_last_seen(&last_seen, NOW).unwrap();
    let list = list(&*place.store(), NOW);
    let expected = (1..=2500).map(|it| format!("app_{it:04}"));
    assert!(list.iter().map(|it| it.api_id.clone()).eq(std::iter::once(String::new()).chain(expected)));
    let seen: Vec<_> = list.iter().filter(|it| it.last_seen.is_some()).map(|it| (&*it.api_id, it.last_seen)).collect();
    assert_eq!(seen, [("app_2000", at(7))]);
}

#[test]
fn a_position_that_was_pruned_is_answered_with_everything() {
    let place = Place::new();
    let mut store = place.store();
    store.act("a", Change::create(ONE), 0).unwrap();
    let start = place.everything();
    let journal = |changes: i64| {
        let sql = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
            INSERT INTO journal (api_id) SELECT 'x' FROM n";
        place.by_hand().execute(sql, [changes]).unwrap();
    };
    journal(9_999);
    assert!(!place.changes_since(start.position.as_ref()).complete);
    journal(1);
    assert!(place.changes_since(start.position.as_ref()).complete);
    let count: i64 = place.by_hand().query_row("SELECT count(*) FROM journal", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 10_000);
}

#[test]
fn changes_by_hand_are_seen_too() {
    let place = Place::new();
    let hand = place.by_hand();
    let mut at = place.everything().position;
    let mut learned = |sql: &str| {
        hand.execute_batch(sql).unwrap();
        let changes = by_id(since(&place, at.as_ref()));
        assert_ne!(changes.position, at, "{sql}");
        at.clone_from(&changes.position);
        (changes.rows.into_iter().map(|(api_id, it)| (api_id, it.active)).collect::<Vec<_>>(), changes.deleted)
    };
    let insert = "INSERT INTO token (api_id, digest, created_at, issued_at)
                  VALUES ('a', zeroblob(32), 0, 0), ('b', zeroblob(32), 0, 0), ('c', zeroblob(32), 0, 0)";
    let all = |active: bool| ["a", "b", "c"].map(|it| (it.into(), active)).to_vec();
    assert_eq!(learned(insert), (all(true), vec![]));
    assert_eq!(learned("UPDATE token SET active = 0"), (all(false), vec![]));
    let digest = "UPDATE token SET digest = randomblob(32) WHERE api_id = 'b'";
    assert_eq!(learned(digest), (vec![("b".into(), false)], vec![]));
    let times = "UPDATE token SET created_at = 7, issued_at = 8 WHERE api_id = 'b'";
    assert_eq!(learned(times), (vec![("b".into(), false)], vec![]));
    let replace = "REPLACE INTO token (api_id, digest, created_at, issued_at) VALUES ('c', zeroblob(32), 0, 0)";
    assert_eq!(learned(replace), (vec![("c".into(), true)], vec![]));
    // With the number of another token, which it removes without firing a DELETE trigger.
    let replace = "REPLACE INTO token (id, api_id, digest, created_at, issued_at)
        SELECT id, 'd', zeroblob(32), 0, 0 FROM token WHERE api_id = 'a'";
    assert_eq!(learned(replace), (vec![("d".into(), true)], vec!["a".into()]));
    assert_eq!(learned("DELETE FROM token"), (vec![], vec!["b".into(), "c".into(), "d".into()]));
}

#[test]
fn changes_by_hand_that_would_break_a_token_are_refused() {
    let place = Place::new();
    place.create("my_app");
    let before = place.everything();
    for sql in [
        "UPDATE token SET api_id = 'other'",
        "UPDATE token SET id = 7",
        "UPDATE token SET rowid = 7",
        "UPDATE OR REPLACE token SET api_id = 'other', id = 7",
        "UPDATE token SET active = 2",
        "UPDATE token SET active = NULL",
        "UPDATE token SET digest = zeroblob(31)",
        "UPDATE token SET digest = 'text'",
        "INSERT INTO journal (api_id) VALUES (NULL)",
    ] {
        assert!(place.by_hand().execute_batch(sql).is_err(), "{sql}");
        assert_eq!(place.everything(), before, "{sql}");
    }
}

#[test]
fn a_deleted_tokens_last_seen_time_is_forgotten() {
    let place = Place::new();
    let mut store = place.store();
    store.act("a", Change::create(ONE), 0).unwrap();
    let server = place.server_store();
    server.state().record_last_seen(&[seen("a".into(), 1, 5)], 9).unwrap();
    store.act("a", Change::Delete, 0).unwrap();
    let state = rusqlite::Connection::open(place.directory().join("state.db")).unwrap();
    let left: i64 = state.query_row("SELECT count(*) FROM last_seen", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}
