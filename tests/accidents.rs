//! G1 against accidents with the database files: after any of them, a command that
//! returned 0 is in force on the running server and after its restart, and a command
//! that the server would not see is refused.

use crate::harness::{Server, World, report, torture};
use rusqlite::Connection;
use rusqlite::backup::Backup;
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SENTENCE: &str = "is used by a running server";

fn beside(database: &Path, suffix: &str) -> PathBuf {
    format!("{}{suffix}", database.display()).into()
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

/// An accident, then each act that takes access away, while the server stands still and
/// can't notice. The act must say that the server would not see it, and the server must
/// grant nothing once an act has returned 0.
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
            // Nothing that the old server does at its end undoes what is done from now on.
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

fn refuses_to_decide(server: &Server, token: &str) {
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
    // Root may search whatever the mode says, so be somebody else then.
    if rustix::process::geteuid().is_root() {
        mode(world.path(), 0o755);
        let chown = |path: &Path| std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
        chown(&world.databasedir());
        fs::read_dir(world.databasedir()).unwrap().for_each(|it| chown(&it.unwrap().path()));
        command.uid(65534).gid(65534);
    }
    let server = Server::start(command);
    mode(&world.databasedir(), 0);
    // Wakes the watch for a look at what it can't see, and another one after that.
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

/// A commit into the same file, as `sqlite3 tokens.db ".restore copy.db"` does.
fn restore(world: &World, copy: &Path) {
    let (from, mut to) = (Connection::open(copy).unwrap(), world.sqlite());
    Backup::new(&from, &mut to).unwrap().run_to_completion(1_000, Duration::ZERO, None).unwrap();
}

fn backup(world: &World) -> PathBuf {
    let copy = world.path().join("copy.db");
    drop(fs::remove_file(&copy));
    world.sqlite().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    copy
}

/// The number of the revision is the same before and after, but not what happened.
#[test]
fn an_older_copy_is_restored_and_changed_to_the_same_revision() {
    let times = if torture() { 100 } else { 2 };
    let mut wrong = 0;
    for _ in 0..times {
        let (world, token) = World::with_token("my_app");
        let other = world.create("other");
        let server = world.server();
        let copy = backup(&world);
        world.done(&["token", "disable", "other"]);
        assert_eq!((server.authorize(&token).status, server.authorize(&other).status), (200, 401));
        restore(&world, &copy);
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
        restore(&world, &backup(&another));
        wrong += usize::from((server.authorize(&token).status, server.authorize(&theirs).status) != (401, 200));
    }
    report(".restore of another lineage", times, wrong);
    assert_eq!(wrong, 0);
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
fn a_symbolic_link_to_the_database_is_followed() {
    let (world, token) = World::with_token("my_app");
    let elsewhere = world.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(world.database(), elsewhere.join("real.db")).unwrap();
    symlink(elsewhere.join("real.db"), world.database()).unwrap();
    // Left over from when the link was a file.
    fs::write(beside(&world.database(), "-shm"), vec![0; 32 * 1024]).unwrap();
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    world.done(&["token", "disable", "my_app"]);
    assert_eq!(server.authorize(&token).status, 401);
    world.done(&["token", "enable", "my_app"]);
    // The link leads to another database: the server does not see what happens there.
    remove(&world.database());
    fs::copy(elsewhere.join("real.db"), elsewhere.join("other.db")).unwrap();
    symlink(elsewhere.join("other.db"), world.database()).unwrap();
    let ran = world.run(&["token", "disable", "my_app"]);
    assert!(ran.code == Some(3) && ran.stderr.contains(SENTENCE), "{}", ran.stderr);
    refuses_to_decide(&server, &token);
}

#[test]
fn a_link_that_leads_nowhere_and_a_second_hard_link_are_refused() {
    let (world, _) = World::with_token("my_app");
    let other = world.path().join("other.db");
    fs::hard_link(world.database(), &other).unwrap();
    for command in [&["token", "disable", "my_app"][..], &["token", "list"], &["server", "--port", "0"]] {
        let ran = world.run(command);
        assert!(ran.code == Some(3) && ran.stderr.contains("has 2 hard links"), "{command:?} {}", ran.stderr);
    }
    remove(&other);
    world.done(&["token", "disable", "my_app"]);
    remove(&world.database());
    symlink("/nowhere/tokens.db", world.database()).unwrap();
    let ran = world.run(&["token", "list"]);
    assert!(ran.code == Some(3) && ran.stderr.contains("leads nowhere"), "{}", ran.stderr);
}

/// Deciding does not need the state database, and a server never writes into another
/// one than it has opened.
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

/// The files are noticed while somebody else has the databases locked.
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
    // Were the locks of the process lost, this one would be alone with the database and
    // remove its log at the end.
    world.done(&["token", "list"]);
    assert!(beside(&world.database(), "-wal").exists());
    world.done(&["token", "disable", "my_app"]);
    assert!(first.authenticator().authorize(token.as_bytes(), "", None).is_err());
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

/// The server stands still while the files change, goes on with open connections, and
/// whatever was there to tell a command of the server is gone, too.
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

/// As deployments switch directories: the command finds no sign of the server.
#[test]
fn a_link_to_the_directory_is_switched() {
    let times = if torture() { 100 } else { 5 };
    let mut wrong = 0;
    for number in 0..times {
        let (world, token) = World::with_token("my_app");
        let link = world.path().join("link");
        symlink(world.databasedir(), &link).unwrap();
        let databasedir = ["--databasedir", link.to_str().unwrap()];
        let server = world.server_with(&databasedir);
        assert_eq!(server.authorize(&token).status, 200);
        let copy = world.path().join("copy");
        fs::create_dir(&copy).unwrap();
        fs::copy(world.database(), copy.join("tokens.db")).unwrap();
        // With and without a server of its own, which the command does find.
        let _theirs = (number % 2 == 0).then(|| world.server_with(&["--databasedir", copy.to_str().unwrap()]));
        symlink(&copy, world.path().join("new")).unwrap();
        fs::rename(world.path().join("new"), &link).unwrap();
        world.done(&[&["token", "disable", "my_app"][..], &databasedir].concat());
        wrong += usize::from(server.authorize(&token).status == 200);
    }
    report("the link to the directory is switched", times, wrong);
    assert_eq!(wrong, 0);
}

#[test]
fn a_file_that_is_mounted_by_itself_is_refused() {
    if !rustix::process::geteuid().is_root() {
        println!("not run: mounting takes root");
        return;
    }
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    let elsewhere = world.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("tokens.db"), "").unwrap();
    let shell = |script: &str| assert!(Command::new("sh").args(["-c", script]).status().unwrap().success(), "{script}");
    let mounted = elsewhere.join("tokens.db");
    shell(&format!("mount --bind {} {}", world.database().display(), mounted.display()));
    let ran = world.run(&["token", "disable", "my_app", "--databasedir", elsewhere.to_str().unwrap()]);
    shell(&format!("umount -l {}", mounted.display()));
    assert!(ran.code == Some(3) && ran.stderr.contains("mount its directory instead"), "{}", ran.stderr);
}

/// Through the mount the old names are still there.
#[test]
fn a_directory_that_a_server_uses_through_a_bind_mount_is_moved() {
    if !rustix::process::geteuid().is_root() {
        println!("not run: mounting takes root");
        return;
    }
    let (world, token) = World::with_token("my_app");
    let mounted = world.path().join("mounted");
    fs::create_dir(&mounted).unwrap();
    let shell = |script: &str| assert!(Command::new("sh").args(["-c", script]).status().unwrap().success(), "{script}");
    shell(&format!("mount --bind {} {}", world.databasedir().display(), mounted.display()));
    let server = world.server_with(&["--databasedir", mounted.to_str().unwrap()]);
    assert_eq!(server.authorize(&token).status, 200);
    fs::rename(world.databasedir(), world.path().join("old")).unwrap();
    refuses_to_decide(&server, &token);
    drop(server);
    shell(&format!("umount -l {}", mounted.display()));
}

/// As docs/SECURITY.md says: with the servers stopped, a plain copy is a restore.
#[test]
fn a_copy_is_restored_while_nothing_runs() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    world.done(&["token", "disable", "my_app"]);
    let copy = backup(&world);
    world.done(&["token", "enable", "my_app"]);
    let other = world.create("made_later");
    assert_eq!(server.stop(Signal::TERM).0.code(), Some(0));
    assert!(!beside(&world.database(), "-wal").exists(), "a log that is left would be read into the copy");
    fs::copy(&copy, world.database()).unwrap();
    let server = world.server();
    assert_eq!((server.authorize(&token).status, server.authorize(&other).status), (401, 401));
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

/// What SQLite still has in memory is not taken for the file.
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
fn lock_files_that_are_none_hold_nobody_up() {
    let (world, _) = World::with_token("my_app");
    let at = |name: &str| world.databasedir().join(name);
    assert!(Command::new("mkfifo").arg(at("server-1-0.lock")).status().unwrap().success());
    fs::write(at("server-2-0.lock"), "left over").unwrap();
    symlink("/nowhere", at("server-3-0.lock")).unwrap();
    fs::create_dir(at("server-4-0.lock")).unwrap();
    world.done(&["token", "disable", "my_app"]);
    drop(world.server());
}

#[test]
fn a_database_of_the_first_schema_keeps_last_seen_times() {
    let world = World::new();
    fs::create_dir(world.databasedir()).unwrap();
    world.sqlite().execute_batch(include_str!("../host/src/store/migrations/tokens/0001_tokens.sql")).unwrap();
    let sql = "INSERT INTO token (api_id, digest, created_at, issued_at, last_seen)
            VALUES ('web', zeroblob(32), 0, 0, 1767323045);
        PRAGMA user_version = 1; PRAGMA application_id = 0x4a524b54;";
    world.sqlite().execute_batch(sql).unwrap();
    assert!(world.done(&["token", "list"]).contains("2026-01-02 03:04:05"));
}
