//! G1 when the database's contents are replaced: a copy is restored, a row changes without the
//! journal, or the database is one of an older version.

use crate::accidents::beside;
use crate::harness::{World, report, torture};
use rustix::process::Signal;
use std::fs;

/// The revision is the same number before and after, but of different changes.
#[test]
fn an_older_copy_is_restored_and_changed_to_the_same_revision() {
    let times = if torture() { 100 } else { 2 };
    let mut wrong = 0;
    for _ in 0..times {
        let (world, token) = World::with_token("my_app");
        let other = world.create("other");
        let server = world.server();
        let copy = world.backup();
        world.done(&["token", "disable", "other"]);
        assert_eq!((server.authorize(&token).status, server.authorize(&other).status), (200, 401));
        world.restore(&copy);
        world.done(&["token", "disable", "my_app"]);
        wrong += usize::from((server.authorize(&token).status, server.authorize(&other).status) != (401, 200));
    }
    report(".restore, an act to the same revision", times, wrong);
    assert_eq!(wrong, 0);
}

#[test]
fn a_database_of_another_lineage_is_restored() {
    let times = if torture() { 100 } else { 2 };
    let mut wrong = 0;
    for _ in 0..times {
        let (world, token) = World::with_token("my_app");
        let (another, theirs) = World::with_token("their_app");
        let server = world.server();
        assert_eq!(server.authorize(&token).status, 200);
        world.restore(&another.backup());
        wrong += usize::from((server.authorize(&token).status, server.authorize(&theirs).status) != (401, 200));
    }
    report(".restore of another lineage", times, wrong);
    assert_eq!(wrong, 0);
}

/// As docs/SECURITY.md says: with the servers stopped, a plain copy is a restore.
#[test]
fn a_copy_is_restored_while_nothing_runs() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    world.done(&["token", "disable", "my_app"]);
    let copy = world.backup();
    world.done(&["token", "enable", "my_app"]);
    let other = world.create("made_later");
    assert_eq!(server.stop(Signal::TERM).0.code(), Some(0));
    assert!(!beside(&world.database(), "-wal").exists(), "a log that is left would be read into the copy");
    fs::copy(&copy, world.database()).unwrap();
    let server = world.server();
    assert_eq!((server.authorize(&token).status, server.authorize(&other).status), (401, 401));
}

#[test]
fn a_row_that_a_replace_removes_is_gone() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    let sql = "INSERT OR REPLACE INTO token (id, api_id, digest, created_at, issued_at)
        SELECT id, 'another', digest, 0, 0 FROM token";
    world.sqlite().execute(sql, []).unwrap();
    assert_eq!(server.authorize(&token).status, 401);
}

#[test]
fn an_act_that_leaves_no_trace_in_the_journal_is_refused() {
    for (trigger, act) in [("token_changed", "disable"), ("token_deleted", "delete"), ("token_changed", "regenerate")] {
        let (world, token) = World::with_token("my_app");
        let server = world.server();
        world.sqlite().execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        let ran = world.run(&["token", act, "my_app"]);
        assert!(ran.code == Some(3) && ran.stderr.contains("did not note the change in its journal"), "{}", ran.stderr);
        assert_eq!(server.authorize(&token).status, 200, "nothing was changed");
    }
}

#[test]
fn a_database_of_version_0_1_keeps_all_it_has() {
    let world = World::new();
    fs::create_dir(world.databasedir()).unwrap();
    fs::write(world.database(), include_bytes!("fixtures/jerakia-0.1/tokens.db")).unwrap();
    let list = world.done(&["token", "list"]);
    let lines: Vec<_> = list.lines().skip(2).map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines, ["disabled never disabled", "regenerated never active", "seen 2026-11-24 09:33:40 active"]);
    let server = world.server();
    let tokens = include_str!("fixtures/jerakia-0.1/tokens.txt").lines().map(|it| server.authorize(it).status);
    assert_eq!(tokens.collect::<Vec<_>>(), [200, 401, 200]);
    let seen = include_str!("fixtures/jerakia-0.1/tokens.txt").lines().next().unwrap();
    let scope = server.client().get("/v1/scope/machines/web-01", &format!("X-Authentication: {seen}\r\n"));
    assert_eq!(scope.text(), r#"{"status":"ok","payload":{"env":"dev"}}"#);
    world.done(&["token", "disable", "seen"]);
    assert_eq!(server.authorize(seen).status, 401);
}

#[test]
fn a_database_of_the_first_schema_keeps_last_seen_times() {
    let world = World::new();
    fs::create_dir(world.databasedir()).unwrap();
    world.sqlite().execute_batch(include_str!("../host/src/store/sqlite/migrations/tokens/0001_tokens.sql")).unwrap();
    let sql = "INSERT INTO token (api_id, digest, created_at, issued_at, last_seen)
            VALUES ('web', zeroblob(32), 0, 0, 1767323045);
        PRAGMA user_version = 1; PRAGMA application_id = 0x4a524b54;";
    world.sqlite().execute_batch(sql).unwrap();
    assert!(world.done(&["token", "list"]).contains("2026-01-02 03:04:05"));
}
