//! `jerakia db backup`: consistent, complete, private, and without disturbing others.

use crate::harness::{Ran, World};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The output of `token list` on a backup.
fn listed(world: &World, backup: &Path) -> Vec<(String, String)> {
    let list = world.done(&["token", "list", "-o", "json", "--databasedir", backup.to_str().unwrap()]);
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
    list.iter().map(|it| (it["api_id"].as_str().unwrap().into(), it["status"].as_str().unwrap().into())).collect()
}

/// Two kinds of acts run meanwhile: transactions that each create two tokens, and commands
/// that disable each token before they create the next one.
#[test]
fn a_backup_during_acts_has_each_act_or_not_and_no_later_one_without_an_earlier_one() {
    let (world, token) = World::with_token("a000");
    let server = world.server();
    let stop = AtomicBool::new(false);
    let backups: Vec<_> = thread::scope(|scope| {
        scope.spawn(|| {
            let mut connection = world.sqlite();
            connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
            for number in (0..).take_while(|_| !stop.load(Relaxed)) {
                let pair = connection.transaction().unwrap();
                for name in ["x", "y"] {
                    let sql =
                        "INSERT INTO token (api_id, digest, created_at, issued_at) VALUES (?1, zeroblob(32), 0, 0)";
                    pair.execute(sql, [format!("{name}{number}")]).unwrap();
                }
                pair.commit().unwrap();
            }
        });
        scope.spawn(|| {
            for number in (1..).take_while(|_| !stop.load(Relaxed)) {
                world.done(&["token", "disable", &format!("a{:03}", number - 1)]);
                world.create(&format!("a{number:03}"));
            }
        });
        let backups = (0..10).map(|number| world.db_backup(&format!("backup{number}"))).collect();
        stop.store(true, Relaxed);
        backups
    });
    let mut sizes = Vec::new();
    for backup in &backups {
        world.done(&["db", "check", "--databasedir", backup.to_str().unwrap()]);
        let list = listed(&world, backup);
        let count = |name: &str| list.iter().filter(|(it, _)| it.starts_with(name)).count();
        assert_eq!(count("x"), count("y"), "half a transaction");
        let acts: Vec<_> = list.iter().filter(|(it, _)| it.starts_with('a')).collect();
        let expected = (0..acts.len()).map(|it| format!("a{it:03}"));
        assert!(acts.iter().map(|(it, _)| it.clone()).eq(expected), "{acts:?}");
        assert!(acts.iter().rev().skip(1).all(|(_, status)| status == "disabled"), "{acts:?}");
        sizes.push(list.len());
    }
    assert!(sizes.first() < sizes.last(), "nothing happened meanwhile: {sizes:?}");
    assert_eq!(server.authorize(&token).status, 401, "the server goes on");
}

#[test]
fn a_backup_is_two_files_for_its_user_only_and_says_what_is_in_it() {
    let (world, token) = World::with_token("my_app");
    world.create("other");
    let server = world.server();
    let store = format!("PUT /v1/scope/machines/web-01 HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\n");
    let stored =
        server.client().send(format!("{store}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"));
    assert_eq!(stored.status, 200, "{stored:?}");
    let mut command = std::process::Command::new("sh");
    let umask = format!("umask 277; exec {} db backup {}/a/b", env!("CARGO_BIN_EXE_jerakia"), world.path().display());
    command.args(["-c", &umask]).env("JERAKIA_DATABASEDIR", world.databasedir());
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let backup = world.path().join("a/b");
    assert!(
        ran.stdout.contains("a/b/tokens.db: 2 tokens, ") && ran.stdout.contains("a/b/state.db: 1 scope, "),
        "{}",
        ran.stdout
    );
    assert_eq!(names(&backup), ["state.db", "tokens.db"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&backup), 0o700);
    assert!(names(&backup).iter().all(|it| mode(&backup.join(it)) == 0o600));
    // It is one file without a log, and reading it leaves none.
    world.done(&["db", "check", "--databasedir", backup.to_str().unwrap()]);
    assert_eq!(names(&backup), ["state.db", "tokens.db"]);
}

#[test]
fn a_backup_overwrites_nothing() {
    let (world, _) = World::with_token("my_app");
    let backup = world.db_backup("backup");
    let before = fs::read(backup.join("tokens.db")).unwrap();
    world.create("later");
    let again = ["db", "backup", backup.to_str().unwrap()];
    world.refused(&again, &["tokens.db is there already", "name another directory"]);
    assert!(fs::read(backup.join("tokens.db")).unwrap() == before);
    // SQLite would read an old log into the copy.
    let left = world.path().join("left");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("tokens.db-wal"), "").unwrap();
    world.refused(&["db", "backup", left.to_str().unwrap()], &["tokens.db-wal is there already"]);
    let into_itself = ["db", "backup", world.databasedir().to_str().unwrap()].map(str::to_owned);
    world.refused(&into_itself.each_ref().map(String::as_str), &["tokens.db is there already"]);
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let world = World::new();
    for command in [&["db", "backup", "backup"][..], &["db", "check"]] {
        let ran = world.run(command);
        assert!(ran.code == Some(3) && ran.stderr.contains("tokens.db is not there"), "{}", ran.stderr);
    }
    assert!(names(world.path()).is_empty());
}

/// A database of an older version is copied unmigrated, so that the older program can read it.
#[test]
fn a_database_of_version_0_1_is_backed_up_without_being_migrated() {
    let world = World::new();
    fs::create_dir(world.databasedir()).unwrap();
    let old = include_bytes!("fixtures/jerakia-0.1/tokens.db");
    fs::write(world.database(), old).unwrap();
    let backup = world.db_backup("backup");
    assert!(fs::read(world.database()).unwrap() == old, "the file was changed");
    assert_eq!(names(&world.databasedir()), ["tokens.db"]);
    let checked = world.done(&["db", "check", "--databasedir", backup.to_str().unwrap()]);
    assert!(checked.contains("no flaw; schema version 2 (an older one: it is migrated"), "{checked}");
}

#[test]
fn a_place_that_cannot_be_written_and_a_damaged_database_leave_nothing_behind() {
    let (world, _) = World::with_token("my_app");
    fs::write(world.path().join("file"), "").unwrap();
    world.refused(&["db", "backup", "file"], &["can't write a copy of tokens.db in file"]);
    world.sqlite().execute_batch("DROP TRIGGER token_changed").unwrap();
    world.refused(&["db", "backup", "backup"], &["has no trigger token_changed", "no copy", "jerakia db check"]);
    assert!(names(&world.path().join("backup")).is_empty());
}

#[test]
fn tokens_are_backed_up_though_the_state_database_is_damaged() {
    let (world, _) = World::with_token("my_app");
    fs::write(world.databasedir().join("state.db"), "damaged".repeat(1000)).unwrap();
    let ran = world.run(&["db", "backup", "backup"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("The tokens are backed up; scopes and last-seen times are not"), "{}", ran.stderr);
    assert_eq!(names(&world.path().join("backup")), ["tokens.db"]);
}
