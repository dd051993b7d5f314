//! `jerakia db restore`: brings back what was backed up, and never while others use it.

use crate::harness::{Server, World};
use rusqlite::Connection;
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};

fn restore(world: &World, backup: &Path) -> String {
    world.done(&["db", "restore", backup.join("tokens.db").to_str().unwrap()])
}

/// The new name of the replaced database.
fn kept(world: &World) -> Vec<PathBuf> {
    let all = fs::read_dir(world.databasedir()).unwrap().map(|it| it.unwrap().path());
    all.filter(|it| it.file_name().unwrap().to_str().unwrap().starts_with("tokens.db.")).collect()
}

/// Everything that is stored of the tokens.
fn rows(world: &World) -> Vec<Vec<rusqlite::types::Value>> {
    let connection = world.sqlite();
    let mut all = connection.prepare("SELECT * FROM token ORDER BY id").unwrap();
    let columns = all.column_count();
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect();
    all.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_restore_brings_back_exactly_what_was_backed_up() {
    let world = World::new();
    let [active, disabled, deleted, replaced] =
        ["active", "disabled", "deleted", "replaced"].map(|it| world.create(it));
    world.done(&["token", "disable", "disabled"]);
    let server = world.server();
    let list = rows(&world);
    let backup = world.db_backup("backup");
    world.done(&["token", "enable", "disabled"]);
    world.done(&["token", "delete", "deleted"]);
    let newer = world.regenerate("replaced");
    let later = world.create("later");
    let all = [&active, &disabled, &deleted, &replaced, &newer, &later];
    let answers = |server: &Server| all.map(|it| server.authorize(it).status);
    assert_eq!(answers(&server), [200, 200, 401, 401, 200, 200]);
    server.stop(Signal::TERM);

    let said = restore(&world, &backup);
    assert!(said.contains("tokens.db: 4 tokens, as in ") && said.contains("are good again"), "{said}");
    let old = kept(&world);
    assert!(old.len() == 1 && said.contains(&format!("{}: what was there before", old[0].display())), "{said}");
    assert_eq!(rows(&world), list);
    let server = world.server();
    assert_eq!(answers(&server), [200, 401, 200, 200, 401, 401]);
    world.done(&["token", "disable", "active"]);
    assert_eq!(server.authorize(&active).status, 401);
    server.stop(Signal::TERM);

    // And back.
    world.done(&["db", "restore", old[0].to_str().unwrap()]);
    assert_eq!(answers(&world.server()), [200, 200, 401, 401, 200, 200]);
}

#[test]
fn a_server_or_another_process_that_uses_the_database_is_not_disturbed() {
    let (world, token) = World::with_token("my_app");
    let backup = world.db_backup("backup").join("tokens.db");
    let later = world.create("later");
    let command = ["db", "restore", backup.to_str().unwrap()];
    let server = world.server();
    let process = format!("used by a running server (process {})", server.pid());
    world.refused(&command, &[&process, "nothing was changed", "stop the server"]);
    assert_eq!([&token, &later].map(|it| server.authorize(it).status), [200, 200]);
    // Nor a server that a command can't find.
    for entry in fs::read_dir(world.databasedir()).unwrap().map(|it| it.unwrap().path()) {
        if entry.extension().is_some_and(|it| it == "lock") {
            fs::remove_file(entry).unwrap();
        }
    }
    world.refused(&command, &["used by another process", "nothing was changed", "fuser"]);
    assert_eq!([&token, &later].map(|it| server.authorize(it).status), [200, 200]);
    server.stop(Signal::TERM);
    let shell = world.sqlite();
    shell.query_row("SELECT count(*) FROM token", [], |_| Ok(())).unwrap();
    world.refused(&command, &["used by another process"]);
    drop(shell);
    assert!(kept(&world).is_empty());
    world.done(&command);
}

/// The log of a killed server belongs to the old database, and must not be read into the new
/// one.
#[test]
fn the_log_of_a_killed_server_stays_with_the_replaced_database() {
    for damage in ["none", "removed", "damaged"] {
        let (world, token) = World::with_token("my_app");
        let backup = world.db_backup("backup");
        let server = world.server();
        let later = world.create("later");
        // In the log only.
        let log = "PRAGMA wal_autocheckpoint = 0; UPDATE token SET active = 0 WHERE api_id = 'later'";
        world.sqlite().execute_batch(log).unwrap();
        server.stop(Signal::KILL);
        assert!(fs::metadata(world.databasedir().join("tokens.db-wal")).unwrap().len() > 0);
        match damage {
            "removed" => fs::remove_file(world.database()).unwrap(),
            "damaged" => fs::write(world.database(), "damaged".repeat(1000)).unwrap(),
            _ => {}
        }
        restore(&world, &backup);
        let kept = kept(&world);
        let of_log = kept.iter().filter(|it| it.to_str().unwrap().ends_with("-wal")).count();
        // A log can be moved into a damaged database, or be kept beside it.
        assert!(damage == "damaged" || of_log == usize::from(damage == "removed"), "{damage}: {kept:?}");
        if damage == "none" {
            let disabled = "SELECT count(*) FROM token WHERE api_id = 'later' AND active = 0";
            let old = Connection::open(&kept[0]).unwrap();
            let rows: i64 = old.query_row(disabled, [], |row| row.get(0)).unwrap();
            assert_eq!(rows, 1, "the log was lost");
        }
        world.done(&["db", "check"]);
        assert_eq!(rows(&world).len(), 1, "{damage}");
        let server = world.server();
        assert_eq!([&token, &later].map(|it| server.authorize(it).status), [200, 401]);
    }
}

#[test]
fn a_damaged_database_and_a_missing_one_are_replaced() {
    let (world, token) = World::with_token("my_app");
    let backup = world.db_backup("backup");
    let damages: [&dyn Fn(); 5] = [
        // As if the machine had stopped during a restore.
        &|| fs::hard_link(world.database(), world.databasedir().join("tokens.db.20261124T125316Z")).unwrap(),
        &|| fs::write(world.database(), "damaged".repeat(1000)).unwrap(),
        &|| fs::write(world.database(), "").unwrap(),
        &|| fs::remove_file(world.database()).unwrap(),
        &|| fs::remove_dir_all(world.databasedir()).unwrap(),
    ];
    for damage in damages {
        damage();
        restore(&world, &backup);
        assert_eq!(world.server().authorize(&token).status, 200);
        world.done(&["db", "check"]);
    }
}

#[test]
fn a_backup_of_version_0_1_is_migrated_when_it_is_next_used() {
    let (world, later) = World::with_token("later");
    let backup = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/jerakia-0.1/tokens.db");
    let copy = world.path().join("tokens.db");
    fs::copy(backup, &copy).unwrap();
    world.done(&["db", "restore", copy.to_str().unwrap()]);
    let server = world.server();
    let tokens = include_str!("fixtures/jerakia-0.1/tokens.txt").lines();
    assert_eq!(tokens.map(|it| server.authorize(it).status).collect::<Vec<_>>(), [200, 401, 200]);
    assert_eq!(server.authorize(&later).status, 401);
}

#[test]
fn damaged_and_foreign_backups_are_refused_and_change_nothing() {
    let (world, _) = World::with_token("my_app");
    let sound = world.db_backup("backup").join("tokens.db");
    let before = fs::read(world.database()).unwrap();
    let bad = world.path().join("bad.db");
    let sql = |sql: &str| {
        fs::copy(&sound, &bad).unwrap();
        Connection::open(&bad).unwrap().execute_batch(sql).unwrap();
    };
    let bytes = |bytes: &[u8]| fs::write(&bad, bytes).unwrap();
    let cases: [(&dyn Fn(), &str); 8] = [
        (&|| (), "is not there: name a tokens.db"),
        (&|| bytes(&b"a letter, not a database. ".repeat(100)), "is not a database of this program"),
        (&|| bytes(b""), "is empty"),
        (&|| bytes(include_bytes!("fixtures/jerakia-3/tokens.db")), "is a database of Jerakia 3"),
        (&|| sql("PRAGMA application_id = 7"), "is not a database of this program"),
        (&|| sql("PRAGMA user_version = 1000"), "was written by a newer jerakia"),
        (&|| sql("DROP TRIGGER token_deleted"), "has no trigger token_deleted"),
        (
            &|| {
                let mut damaged = fs::read(&sound).unwrap();
                damaged[4096..].fill(0xab);
                bytes(&damaged);
            },
            "is damaged",
        ),
    ];
    for (make, words) in cases {
        make();
        world.refused(&["db", "restore", bad.to_str().unwrap()], &["can't restore", words]);
        assert!(kept(&world).is_empty() && fs::read(world.database()).unwrap() == before, "{words}");
    }
}

#[test]
fn scopes_are_restored_by_themselves() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    let header = format!("X-Authentication: {token}\r\n");
    let put = format!(
        "PUT /v1/scope/a/b HTTP/1.1\r\nHost: h\r\n{header}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    assert_eq!(server.client().send(put).status, 200);
    let backup = world.db_backup("backup").join("state.db");
    let delete = format!("DELETE /v1/scope/a/b HTTP/1.1\r\nHost: h\r\n{header}\r\n");
    assert_eq!(server.client().send(delete).status, 200);
    let command = ["db", "restore", backup.to_str().unwrap()];
    world.refused(&command, &["used by a running server"]);
    server.stop(Signal::TERM);
    assert!(world.done(&command).contains("state.db: 1 scope, as in "));
    let server = world.server();
    assert_eq!(server.client().get("/v1/scope/a/b", &header).text(), r#"{"status":"ok","payload":{}}"#);
}

/// A last-seen time from after the backup doesn't become that of a new token.
#[test]
fn a_token_that_is_made_after_a_restore_was_never_seen() {
    let world = World::new();
    world.create("first");
    let backup = world.db_backup("backup");
    world.create("app");
    world.set_last_seen("app", 1_767_323_045);
    assert!(world.done(&["token", "list"]).contains("2026-01-02"));
    restore(&world, &backup);
    world.create("app");
    assert!(!world.done(&["token", "list"]).contains("2026-01-02"));
}

/// Root restores; the server runs as another user.
#[test]
fn the_restored_file_belongs_to_the_owner_of_the_old_one() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    if !rustix::process::geteuid().is_root() {
        println!("not run: giving a file away takes root");
        return;
    }
    let (world, _) = World::with_token("my_app");
    let backup = world.db_backup("backup");
    chown(world.database(), Some(65534), Some(65534)).unwrap();
    restore(&world, &backup);
    let metadata = fs::metadata(world.database()).unwrap();
    assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o777), (65534, 65534, 0o600));
}

#[test]
fn a_restore_is_in_the_audit_trail() {
    let (world, _) = World::with_token("my_app");
    let backup = world.db_backup("backup");
    world.done(&["token", "disable", "my_app"]);
    restore(&world, &backup);
    let last = "SELECT act, actor, changed FROM audit ORDER BY number DESC LIMIT 1";
    let [act, actor, changed]: [String; 3] =
        world.sqlite().query_row(last, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).unwrap();
    let uid = format!("uid {}", rustix::process::getuid().as_raw());
    assert!(
        act == "restore" && actor.contains(&uid) && changed.contains("backup/tokens.db"),
        "{act} {actor} {changed}"
    );
    world.done(&["token", "disable", "my_app"]);
    world.done(&["db", "check"]);
}

#[test]
fn tokens_with_an_edited_audit_trail_are_backed_up_and_restored_only_when_asked_for() {
    let (world, token) = World::with_token("my_app");
    world.sqlite().execute_batch("UPDATE audit SET actor = 'nobody'").unwrap();
    world.refused(&["db", "backup", "backup"], &["are backed up, but", "has an audit trail that was edited: entry 1"]);
    let backup = world.path().join("backup/tokens.db");
    let command = ["db", "restore", backup.to_str().unwrap()];
    world.refused(&command, &["can't restore", "audit trail that was edited", "--with-edited-trail"]);
    world.done(&["token", "disable", "my_app"]);
    world.done(&[&command[..], &["--with-edited-trail"]].concat());
    assert_eq!(world.server().authorize(&token).status, 200);
}
