//! Any single change to the audit trail is found, except that its tail is cut off together
//! with the head that says where it ends, unless the hash of an entry was noted elsewhere.

use crate::harness::{Acts as _, Place};
use jerakia_harness::size;
use jerakia_host::admin::Change;
use jerakia_host::store::{AdminStore, AuditFault};
use proptest::prelude::*;
use rusqlite::{Connection, params};
use std::cell::Cell;
use std::path::Path;

/// How many entries the trail has.
const ENTRIES: i64 = 12;

/// One change by hand.
#[derive(Clone, Debug)]
enum Edit {
    /// Another number in a column of numbers.
    Number(&'static str, i64, i64),
    /// Another text in a column of texts.
    Text(&'static str, i64, String),
    /// Another byte in the hash, at a place.
    Hash(i64, usize, u8),
    Delete(i64),
    /// Two entries trade places; their numbers stay.
    Swap(i64, i64),
    /// Two entries trade their numbers alone.
    Renumber(i64, i64),
    /// A copy of an entry, with this number.
    Insert(i64, i64),
    /// One of the two ends is another one.
    End(&'static str, i64),
}

fn edit() -> impl Strategy<Value = Edit> {
    let row = || 1..=ENTRIES;
    let texts = prop::sample::select(vec!["actor", "act", "api_id", "changed", "outcome", "request_id"]);
    let ends = prop::sample::select(vec!["pruned_number", "pruned_hash", "head_number", "head_hash"]);
    prop_oneof![
        (row(), any::<i64>()).prop_map(|(row, to)| Edit::Number("at", row, to)),
        (row(), -20..40_i64).prop_map(|(row, to)| Edit::Number("number", row, to)),
        (texts, row(), "[a-z{}\u{0}]{0,6}").prop_map(|(column, row, to)| Edit::Text(column, row, to)),
        (row(), 0..32_usize, 1..=255_u8).prop_map(|(row, at, by)| Edit::Hash(row, at, by)),
        row().prop_map(Edit::Delete),
        (row(), row()).prop_map(|(one, other)| Edit::Swap(one, other)),
        (row(), row()).prop_map(|(one, other)| Edit::Renumber(one, other)),
        (row(), -3..20_i64).prop_map(|(row, number)| Edit::Insert(row, number)),
        (ends, 0..=ENTRIES).prop_map(|(column, row)| Edit::End(column, row)),
    ]
}

const FIELDS: &str = "at, actor, act, api_id, changed, outcome, request_id, hash";

/// Whether the edit could be made, and changed anything.
fn make(by_hand: &Connection, edit: &Edit) -> bool {
    let before = dump(by_hand);
    let made = match edit {
        Edit::Number(column, row, to) => {
            by_hand.execute(&format!("UPDATE audit SET {column} = ?2 WHERE number = ?1"), params![row, to])
        }
        Edit::Text(column, row, to) => {
            by_hand.execute(&format!("UPDATE audit SET {column} = ?2 WHERE number = ?1"), params![row, to])
        }
        Edit::Hash(row, at, by) => {
            let hash: [u8; 32] =
                by_hand.query_row("SELECT hash FROM audit WHERE number = ?1", [row], |it| it.get(0)).unwrap();
            let mut other = hash;
            other[*at] ^= by;
            by_hand.execute("UPDATE audit SET hash = ?2 WHERE number = ?1", params![row, other])
        }
        Edit::Delete(row) => by_hand.execute("DELETE FROM audit WHERE number = ?1", [row]),
        Edit::Swap(one, other) => trade(by_hand, *one, *other, true),
        Edit::Renumber(one, other) => trade(by_hand, *one, *other, false),
        Edit::Insert(row, number) => by_hand.execute(
            &format!("INSERT INTO audit SELECT ?2, {FIELDS} FROM audit WHERE number = ?1"),
            params![row, number],
        ),
        Edit::End(column, row) => {
            let value = if column.ends_with("hash") { "hash" } else { "number" };
            let zero = if value == "hash" { "zeroblob(32)" } else { "0" };
            let of = format!("ifnull((SELECT {value} FROM audit WHERE number = ?1), {zero})");
            by_hand.execute(&format!("UPDATE audit_ends SET {column} = {of}"), [row])
        }
    };
    made.is_ok() && dump(by_hand) != before
}

/// With their hashes, or without.
fn trade(by_hand: &Connection, one: i64, other: i64, with_hashes: bool) -> rusqlite::Result<usize> {
    let move_to = |from: i64, to: i64| by_hand.execute("UPDATE audit SET number = ?2 WHERE number = ?1", [from, to]);
    move_to(one, -100)?;
    move_to(other, one)?;
    move_to(-100, other)?;
    if !with_hashes {
        let hashes = "UPDATE audit SET hash = (SELECT hash FROM audit AS it WHERE it.number = ?1 + ?2 - audit.number)
            WHERE number IN (?1, ?2)";
        by_hand.execute(hashes, [one, other])?;
    }
    Ok(1)
}

fn dump(by_hand: &Connection) -> Vec<String> {
    let rows = |sql: &str| -> Vec<String> {
        let mut select = by_hand.prepare(sql).unwrap();
        select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let fields = "number || '|' || at || '|' || hex(actor) || '|' || hex(act) || '|' || hex(api_id) || '|' ||
        hex(changed) || '|' || hex(outcome) || '|' || hex(request_id) || '|' || hex(hash)";
    let ends = "pruned_number || '|' || hex(pruned_hash) || '|' || head_number || '|' || hex(head_hash)";
    [rows(&format!("SELECT {fields} FROM audit ORDER BY number")), rows(&format!("SELECT {ends} FROM audit_ends"))]
        .concat()
}

/// Acts of which `ENTRIES` are kept.
fn trail() -> (Place, Box<dyn AdminStore>) {
    let place = Place::new();
    let mut store = place.store();
    for number in 1..=ENTRIES {
        let digest = [u8::try_from(number).unwrap(); 32];
        store.act(&format!("app{number}"), Change::create(digest), number).unwrap();
    }
    (place, store)
}

#[test]
fn any_single_change_is_found() {
    let (place, store) = trail();
    let by_hand = place.by_hand();
    let whole = store.verify_audit(None).unwrap().unwrap();
    assert_eq!((whole.entries, whole.number), (ENTRIES, ENTRIES));
    let copy = place.world.backup();
    let tried = Cell::new(0);
    let config = ProptestConfig::with_cases(u32::try_from(size(400, 20_000)).unwrap());
    proptest!(config, |(edit in edit())| {
        by_hand.execute_batch("BEGIN IMMEDIATE").unwrap();
        let changed = make(&by_hand, &edit);
        by_hand.execute_batch(if changed { "COMMIT" } else { "ROLLBACK" }).unwrap();
        if changed {
            tried.set(tried.get() + 1);
            let found = store.verify_audit(None).unwrap();
            restore(&by_hand, &copy);
            prop_assert!(found.is_err(), "not found");
        }
        prop_assert_eq!(store.verify_audit(None).unwrap(), Ok(whole));
    });
    let tried = tried.get();
    assert!(tried > 100, "only {tried} edits changed anything");
}

/// Puts the trail of `copy` back.
fn restore(by_hand: &Connection, copy: &Path) {
    by_hand.execute("ATTACH ?1 AS whole", [copy.to_str().unwrap()]).unwrap();
    by_hand
        .execute_batch(
            "BEGIN IMMEDIATE; DELETE FROM audit; INSERT INTO audit SELECT * FROM whole.audit;
             DELETE FROM audit_ends; INSERT INTO audit_ends SELECT * FROM whole.audit_ends; COMMIT; DETACH whole",
        )
        .unwrap();
}

/// It leaves a trail that is whole by itself.
#[test]
fn a_tail_that_is_cut_with_its_head_is_found_by_a_noted_hash_alone() {
    let (place, store) = trail();
    let by_hand = place.by_hand();
    let noted = store.verify_audit(None).unwrap().unwrap().hash;
    by_hand
        .execute_batch(
            "DELETE FROM audit WHERE number > 7;
             UPDATE audit_ends SET (head_number, head_hash) = (SELECT number, hash FROM audit WHERE number = 7)",
        )
        .unwrap();
    assert_eq!(store.verify_audit(None).unwrap().map(|it| it.number), Ok(7));
    assert_eq!(store.verify_audit(Some(noted)).unwrap(), Err(AuditFault::Unknown(noted)));
}
