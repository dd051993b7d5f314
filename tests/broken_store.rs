//! Databases that can't be used: exit 3, a sentence that says which one and what to do, and
//! an unchanged file.

use crate::harness::{Ran, World};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Every command that opens the database.
const COMMANDS: [&[&str]; 4] =
    [&["token", "list"], &["token", "create", "x"], &["token", "delete", "my_app"], &["server", "--port", "0"]];

/// Asserts that all commands refuse `world`'s database with these words, and leave it
/// unchanged.
fn refused(world: &World, words: &[&str]) {
    let before = fs::read(world.database()).unwrap();
    for arguments in COMMANDS {
        let ran = world.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{arguments:?} {}", ran.stderr);
        assert!(ran.stderr.contains(world.database().to_str().unwrap()), "{}", ran.stderr);
        assert!(words.iter().all(|it| ran.stderr.contains(it)), "{words:?} in {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    }
    assert!(fs::read(world.database()).unwrap() == before, "the file was changed");
}

fn with_file(bytes: &[u8]) -> World {
    let world = World::new();
    fs::create_dir(world.databasedir()).unwrap();
    fs::write(world.database(), bytes).unwrap();
    world
}

#[test]
fn no_database() {
    refused(&with_file(&b"This is a letter, not a database. ".repeat(100)), &["is not a database", "--databasedir"]);
}

#[test]
fn another_programs_database() {
    let world = with_file(b"");
    world.sqlite().execute_batch("CREATE TABLE song (title)").unwrap();
    refused(&world, &["belongs to another program", "--databasedir"]);
}

#[test]
fn the_database_of_jerakia_3() {
    let world = with_file(include_bytes!("fixtures/jerakia-3/tokens.db"));
    refused(&world, &["written by Jerakia 3", "jerakia token import"]);
}

#[test]
fn a_newer_version() {
    let (world, _) = World::with_token("my_app");
    world.sqlite().execute_batch("PRAGMA user_version = 1000").unwrap();
    refused(&world, &["version 1000", "use the newer one"]);
}

#[test]
fn a_damaged_one() {
    let (world, _) = World::with_token("my_app");
    let mut bytes = fs::read(world.database()).unwrap();
    bytes[4096..].fill(0xab);
    fs::write(world.database(), bytes).unwrap();
    refused(&world, &["is damaged", "restore a backup"]);
}

#[test]
fn a_locked_one() {
    let (world, _) = World::with_token("my_app");
    let holder = world.sqlite();
    let sql = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE token SET issued_at = 1;";
    holder.execute_batch(sql).unwrap();
    let ran = world.run(&["token", "list"]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.stderr.contains("is locked by another process"), "{}", ran.stderr);
    drop(holder);
    world.done(&["token", "list"]);
}

#[test]
fn a_read_only_one() {
    let (world, _) = World::with_token("my_app");
    for path in [world.path(), &world.databasedir()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // Root may write files of any mode, so run as another user.
    let root = rustix::process::geteuid().is_root();
    fs::set_permissions(world.database(), fs::Permissions::from_mode(if root { 0o644 } else { 0o444 })).unwrap();
    for arguments in COMMANDS {
        let mut command = world.command(arguments);
        if root {
            command.uid(65534).gid(65534);
        }
        let ran = Ran::of(command.output().unwrap());
        assert_eq!(ran.code, Some(3), "{arguments:?} {}", ran.stderr);
        assert!(ran.stderr.contains("can't be written"), "{}", ran.stderr);
    }
}

#[test]
fn a_directory_in_place_of_the_database_and_a_file_in_place_of_its_directory() {
    let world = World::new();
    fs::create_dir_all(world.database()).unwrap();
    let ran = world.run(&["token", "list"]);
    assert!(ran.code == Some(3) && ran.stderr.contains("can't be opened"), "{}", ran.stderr);
    let world = World::new();
    fs::write(world.databasedir(), "").unwrap();
    let ran = world.run(&["token", "list"]);
    assert!(ran.code == Some(3) && ran.stderr.contains("can't be opened"), "{}", ran.stderr);
}

#[test]
fn new_files_are_for_their_user_only() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.databasedir()), 0o700);
    let files: Vec<_> = fs::read_dir(world.databasedir()).unwrap().map(|it| it.unwrap().path()).collect();
    for path in &files {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
    assert_eq!(files.len(), 8, "two databases, their logs and indexes, the reserve, and the server's lock");
}

#[test]
fn files_that_are_open_to_other_users_are_warned_of_with_the_command_that_mends_them() {
    let (world, _) = World::with_token("my_app");
    assert_eq!(world.run(&["token", "list"]).stderr, "");
    let state = world.databasedir().join("state.db");
    for (path, mode, mended) in [
        (world.databasedir(), 0o750, format!("chmod 0700 {}", world.databasedir().display())),
        (world.database(), 0o640, format!("chmod 0600 {}*", world.database().display())),
        (state.clone(), 0o604, format!("chmod 0600 {}*", state.display())),
    ] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let ran = world.run(&["token", "list"]);
        assert!(ran.code == Some(0) && ran.stderr.contains(&format!("run `{mended}`")), "{}", ran.stderr);
        world.server().wait_for_log(&mended);
        assert!(Command::new("sh").args(["-c", &mended]).status().unwrap().success());
        assert_eq!(world.run(&["token", "list"]).stderr, "");
    }
}

/// Somebody wrote bytes that are no UTF-8 into the database: a token is revoked all the same,
/// and other tokens are decided on. Grants that can't be read permit nothing.
#[test]
fn text_that_cannot_be_read_blocks_no_revocation() {
    let (world, token) = World::with_token("my_app");
    let other = world.create("other");
    for column in ["description", "grants"] {
        world.done(&["token", "enable", "my_app"]);
        world
            .sqlite()
            .execute_batch(&format!("UPDATE token SET {column} = CAST(x'6cff' AS TEXT) WHERE api_id = 'my_app'"))
            .unwrap();
        let server = world.server();
        let status = if column == "grants" { 403 } else { 200 };
        assert_eq!((server.authorize(&token).status, server.authorize(&other).status), (status, 200), "{column}");
        assert!(world.done(&["token", "list"]).contains("my_app"), "{column}");
        world.done(&["token", "disable", "my_app"]);
        assert_eq!((server.authorize(&token).status, server.authorize(&other).status), (401, 200), "{column}");
    }
}
