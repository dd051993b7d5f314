//! `jerakia db check`: finds what is wrong with a database, and changes nothing.

use crate::harness::World;
use std::fs;

/// The first line of a check that must exit with 1.
fn found(world: &World) -> String {
    let ran = world.run(&["db", "check"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("jerakia db restore") && ran.stderr.contains("found"), "{}{}", ran.stdout, ran.stderr);
    ran.stdout
}

#[test]
fn a_sound_database_has_no_flaw_with_and_without_a_server() {
    let (world, _) = World::with_token("my_app");
    let checked = world.done(&["db", "check"]);
    assert!(checked.contains("tokens.db: no flaw; schema version ") && checked.contains(", 1 token"), "{checked}");
    let server = world.server();
    world.create("other");
    let checked = world.done(&["db", "check"]);
    assert!(checked.contains(", 2 tokens") && checked.contains("state.db: no flaw"), "{checked}");
    drop(server); // killed: the log stays
    let log = world.databasedir().join("tokens.db-wal");
    let before = fs::read(&log).unwrap();
    world.done(&["db", "check"]);
    assert!(fs::read(&log).unwrap() == before, "the log was changed");
}

#[test]
fn each_page_that_is_overwritten_is_found() {
    let (world, _) = World::with_token("my_app");
    let writer = world.sqlite();
    writer.execute_batch("PRAGMA synchronous = OFF").unwrap();
    for number in 0..400 {
        let sql = "INSERT INTO token (api_id, digest, created_at, issued_at) VALUES (?1, randomblob(32), 0, 0)";
        writer.execute(sql, [format!("app{number}")]).unwrap();
    }
    // Leaves no free pages: these hold nothing.
    writer.execute_batch("VACUUM").unwrap();
    drop(writer);
    world.done(&["db", "check"]);
    let sound = fs::read(world.database()).unwrap();
    assert!(sound.len() > 10 * 4096);
    for page in 0..sound.len() / 4096 {
        let mut damaged = sound.clone();
        damaged[page * 4096..][..4096].fill(0xab);
        fs::write(world.database(), &damaged).unwrap();
        let ran = world.run(&["db", "check"]);
        assert!(matches!(ran.code, Some(1 | 3)), "page {page}: {:?} {}{}", ran.code, ran.stdout, ran.stderr);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("is damaged") || said.contains("is not a database"), "page {page}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        assert!(fs::read(world.database()).unwrap() == damaged, "the file was changed");
    }
}

#[test]
fn a_schema_that_was_changed_is_found() {
    let cases = [
        ("DROP TRIGGER token_changed", "has no trigger token_changed"),
        (
            "DROP TRIGGER token_changed; CREATE TRIGGER token_changed AFTER UPDATE ON token BEGIN SELECT 1; END",
            "has another trigger token_changed",
        ),
        (
            "CREATE TRIGGER again AFTER UPDATE ON token BEGIN UPDATE token SET active = 1; END",
            "has a trigger again, which is not part of its schema",
        ),
        ("ALTER TABLE token ADD COLUMN note TEXT", "has another table token"),
    ];
    for (sql, words) in cases {
        let (world, _) = World::with_token("my_app");
        world.sqlite().execute_batch(sql).unwrap();
        assert!(found(&world).contains(words), "{words} in {}", found(&world));
    }
}

#[test]
fn a_damaged_state_database_is_named_and_loses_no_token() {
    let (world, _) = World::with_token("my_app");
    world.done(&["token", "list"]);
    let state = world.databasedir().join("state.db");
    let sql = "DROP TRIGGER scope_added";
    rusqlite::Connection::open(&state).unwrap().execute_batch(sql).unwrap();
    let said = found(&world);
    assert!(said.contains("tokens.db: no flaw") && said.contains("state.db has no trigger scope_added"), "{said}");
    assert!(said.contains("loses no token"), "{said}");
    fs::write(&state, "damaged".repeat(1000)).unwrap();
    let ran = world.run(&["db", "check"]);
    assert!(ran.code == Some(3) && ran.stderr.contains("state.db is not a database"), "{}", ran.stderr);
}

#[test]
fn an_audit_trail_that_was_edited_is_found() {
    let cases = [
        ("UPDATE audit SET actor = 'nobody' WHERE number = 2", "edited: entry 2 was changed"),
        ("DELETE FROM audit WHERE number = 2", "edited: entry 2 is missing"),
        ("DELETE FROM audit WHERE number = 3", "edited: entries after 2 are missing"),
        ("DELETE FROM audit_ends", "edited: its head is missing"),
    ];
    for (sql, words) in cases {
        let (world, _) = World::with_token("my_app");
        world.done(&["token", "disable", "my_app"]);
        world.done(&["token", "enable", "my_app"]);
        world.sqlite().execute_batch(sql).unwrap();
        let ran = world.run(&["db", "check"]);
        assert!(ran.code == Some(1) && ran.stdout.contains(words), "{words} in {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("find out who edited it") && !ran.stdout.contains("db restore"), "{}", ran.stdout);
    }
}
