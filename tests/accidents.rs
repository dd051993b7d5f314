//! G1 against accidents with the database files: after any of them, a command that
//! returned 0 is in force on the running server and after its restart, and a command
//! that the server would not see is refused.

use crate::harness::{Server, World, report, torture};
use rusqlite::Connection;
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A command's message that the server would not see its change.
pub const SENTENCE: &str = "is used by a running server";

pub fn beside(database: &Path, suffix: &str) -> PathBuf {
    format!("{}{suffix}", database.display()).into()
}

pub fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

/// An accident, then each act that takes access away, while the server is stopped and can't
/// notice. The act must say that the server would not see it, and the server must grant
/// nothing once an act has returned 0.
fn acts_after(name: &str, accident: impl Fn(&World)) {
    let (mut times, mut wrong) = (0, 0);
    for _ in 0..if torture() { 100 } else { 1 } {
        for act in ["disable", "delete", "regenerate"] {
            let (world, token) = World::with_token("my_app");
            let server = world.server();
            assert_eq!(server.authorize(&token).status, 200);
            server.signal(Signal::STOP);
            accident(&world);
            let ran = world.run(&["token", act, "my_app"]);
            server.signal(Signal::CONT);
            let not_there = ran.code == Some(1) && ran.stderr.starts_with("No such API ID");
            let unseen = ran.code == Some(3) && ran.stderr.contains(SENTENCE);
            assert!(unseen || not_there, "{name}, {act}: {:?} {}", ran.code, ran.stderr);
            refuses_to_decide(&server, &token);
            // Nothing that the old server does when it stops undoes later changes.
            let other = world.server();
            let done = world.run(&["token", act, "my_app"]).code == Some(0);
            assert!(!done, "{name}, {act}: the old server does not see it");
            assert_eq!(server.stop(Signal::TERM).0.code(), Some(0));
            let done = world.run(&["token", act, "my_app"]).code == Some(0);
            times += 1;
            wrong += usize::from(done && other.authorize(&token).status == 200);
            other.stop(Signal::TERM);
            wrong += usize::from(done && world.server().authorize(&token).status == 200);
        }
    }
    report(name, times, wrong);
    assert_eq!(wrong, 0, "{name}");
}

pub fn refuses_to_decide(server: &Server, token: &str) {
    server.wait_for_status("/v1/authorize", &format!("X-Authentication: {token}\r\n"), 503);
    server.wait_for_log("was moved, replaced or deleted");
}

#[test]
fn the_index_of_the_log_is_removed() {
    acts_after("rm tokens.db-shm", |world| remove(&beside(&world.database(), "-shm")));
}

#[test]
fn the_log_is_removed_after_a_checkpoint() {
    acts_after("checkpoint, rm tokens.db-wal", |world| {
        world.sqlite().query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        remove(&beside(&world.database(), "-wal"));
    });
}

#[test]
fn the_database_is_removed() {
    acts_after("rm tokens.db*", |world| {
        for suffix in ["-shm", "-wal", ""] {
            remove(&beside(&world.database(), suffix));
        }
    });
}

#[test]
fn a_copy_takes_the_place_of_the_database() {
    acts_after("mv tokens.db away, cp it back", |world| {
        let away = world.path().join("away.db");
        world.sqlite().query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        fs::rename(world.database(), &away).unwrap();
        fs::copy(&away, world.database()).unwrap();
    });
}

/// The kernel does not report it: the slow check notices.
#[test]
fn an_ancestor_of_the_directory_is_renamed() {
    let world = World::new();
    let deep = world.path().join("a/b");
    let databasedir = ["--databasedir", deep.to_str().unwrap()];
    let token = world.done(&[&["token", "create", "my_app", "-q"][..], &databasedir].concat());
    let server = world.server_with(&databasedir);
    assert_eq!(server.authorize(token.trim()).status, 200);
    fs::rename(world.path().join("a"), world.path().join("c")).unwrap();
    refuses_to_decide(&server, token.trim());
}

/// Only another file, or none, under the name is a replacement.
#[test]
fn a_directory_that_cannot_be_searched_for_a_moment_does_no_harm() {
    let (world, token) = World::with_token("my_app");
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let mut command = world.command(&["server", "--port", "0"]);
    // Root may search directories of any mode, so run as another user.
    if rustix::process::geteuid().is_root() {
        mode(world.path(), 0o755);
        let chown = |path: &Path| std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
        chown(&world.databasedir());
        fs::read_dir(world.databasedir()).unwrap().for_each(|it| chown(&it.unwrap().path()));
        command.uid(65534).gid(65534);
    }
    let server = Server::start(command);
    mode(&world.databasedir(), 0);
    // Wakes the watch for a check of what it can't see, and once more.
    let beside = world.databasedir().join("beside");
    if rustix::process::geteuid().is_root() {
        fs::write(&beside, "").unwrap();
        remove(&beside);
    }
    assert_eq!(server.authorize(&token).status, 200);
    mode(&world.databasedir(), 0o700);
    world.done(&["token", "disable", "my_app"]);
    assert_eq!(server.authorize(&token).status, 401);
    world.done(&["token", "enable", "my_app"]);
    assert_eq!(server.authorize(&token).status, 200);
    assert!(!server.log().contains("was moved, replaced or deleted"), "{}", server.log());
}

/// Decisions don't need the state database, and a server never writes into another one than
/// it has opened.
#[test]
fn a_state_database_that_is_removed_or_damaged_stops_no_decision_and_no_act() {
    for suffix in ["", "-wal", "-shm"] {
        let (world, token) = World::with_token("my_app");
        let server = world.server();
        assert_eq!(server.authorize(&token).status, 200);
        let state = world.databasedir().join("state.db");
        remove(&beside(&state, suffix));
        server.wait_for_log("state.db was moved, replaced or deleted");
        assert_eq!(server.authorize(&token).status, 200);
        world.done(&["token", "list"]);
        world.done(&["token", "disable", "my_app"]);
        assert_eq!(server.authorize(&token).status, 401);
        assert_eq!(server.stop(Signal::TERM).0.code(), Some(0));
        fs::write(&state, "damaged".repeat(1000)).unwrap();
        drop(fs::remove_file(beside(&state, "-wal")));
        world.done(&["token", "enable", "my_app"]);
        world.done(&["token", "delete", "my_app"]);
        world.create("another");
        let ran = world.run(&["token", "list"]);
        assert!(ran.code == Some(0) && ran.stdout.contains("another"), "{}", ran.stderr);
        assert!(ran.stderr.contains("last-seen times can't be read"), "{}", ran.stderr);
        // Nor does it keep a server from starting.
        let server = world.server();
        server.wait_for_log("last-seen times and scopes are not stored");
        let token = world.regenerate("another");
        assert_eq!(server.authorize(&token).status, 200);
        let scope = server.client().get("/v1/scope/a/b", &format!("X-Authentication: {token}\r\n"));
        assert_eq!(scope.status, 503);
    }
}

/// The replaced files are noticed while another process has the databases locked.
#[test]
fn a_removal_is_noticed_while_the_databases_are_locked() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    let holders = ["tokens.db", "state.db"].map(|it| Connection::open(world.databasedir().join(it)).unwrap());
    holders.iter().for_each(|it| it.execute_batch("BEGIN IMMEDIATE").unwrap());
    remove(&beside(&world.database(), "-shm"));
    refuses_to_decide(&server, &token);
}

#[test]
fn a_second_server_of_the_same_process_may_end_first() {
    let (world, token) = World::with_token("my_app");
    let open = || jerakia_host::Guard::open(&world.databasedir(), Duration::from_secs(300)).unwrap();
    let (first, second) = (open(), open());
    drop(second);
    // If the process's locks were lost, this connection would be alone with the database, and
    // would remove its log when it closes.
    world.done(&["token", "list"]);
    assert!(beside(&world.database(), "-wal").exists());
    world.done(&["token", "disable", "my_app"]);
    assert!(first.authenticator().authorize(token.as_bytes(), "", None).is_err());
}

/// The server is stopped while the files change, and continues with open connections. All
/// signs by which a command could find it are gone too.
#[test]
fn a_server_that_stood_still_looks_at_its_files_before_it_decides() {
    let times = if torture() { 100 } else { 5 };
    let mut wrong = 0;
    for _ in 0..times {
        let (world, token) = World::with_token("my_app");
        let server = world.server();
        let mut clients: Vec<_> = (0..4).map(|_| server.client()).collect();
        clients.iter_mut().for_each(|it| assert_eq!(it.authorize(&token).status, 200));
        server.signal(Signal::STOP);
        for entry in fs::read_dir(world.databasedir()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|it| it == "lock") {
                remove(&path);
            }
        }
        remove(&beside(&world.database(), "-shm"));
        world.done(&["token", "disable", "my_app"]);
        clients.iter_mut().for_each(|it| {
            it.write(format!("GET /v1/authorize HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\n\r\n"))
        });
        server.signal(Signal::CONT);
        wrong += clients.iter_mut().map(|it| it.read().status).filter(|it| *it == 200).count();
    }
    report("SIGSTOP, rm the lock and tokens.db-shm, SIGCONT", times, wrong);
    assert_eq!(wrong, 0);
}

/// Pages that SQLite has cached are not taken for the file.
#[test]
fn a_file_that_is_overwritten_is_not_believed_for_longer_than_token_ttl() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&["--token-ttl", "1"]);
    assert_eq!(server.authorize(&token).status, 200);
    let size = fs::metadata(world.database()).unwrap().len();
    let file = fs::OpenOptions::new().write(true).open(world.database()).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &vec![0; size as usize], 0).unwrap();
    server.wait_for_status("/v1/authorize", &format!("X-Authentication: {token}\r\n"), 503);
    server.wait_for_log("can't refresh");
}

#[test]
fn other_files_with_names_of_lock_files_delay_nothing() {
    let (world, _) = World::with_token("my_app");
    let at = |name: &str| world.databasedir().join(name);
    assert!(Command::new("mkfifo").arg(at("server-1-0.lock")).status().unwrap().success());
    fs::write(at("server-2-0.lock"), "left over").unwrap();
    symlink("/nowhere", at("server-3-0.lock")).unwrap();
    fs::create_dir(at("server-4-0.lock")).unwrap();
    world.done(&["token", "disable", "my_app"]);
    drop(world.server());
}
