//! Faults of the disk under a running server: decisions go on from memory, acts are refused with
//! the cause, `/readyz` and metrics show it, and once the fault is gone, nothing needs a restart.

use crate::full_disk::{SmallDisk, can_mount};
use crate::harness::{EVERYTHING, METRICS, Metrics, Ran, Server, World};
use crate::outage::KeptOut;
use rusqlite::Connection;
use rustix::process::geteuid;
use serde_json::Value;
use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

/// The longest wait for a state of `/readyz`.
const MAX_WAIT: Duration = Duration::from_secs(40);

/// Waits until `/readyz?verbose` has this status, and this message for a part; none: it is ok.
fn wait_for_part(server: &Server, part: &str, status: u16, message: Option<&str>) {
    let start = Instant::now();
    loop {
        let response = server.client().get("/readyz?verbose", "");
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        if response.status == status && body["payload"][part]["message"].as_str() == message {
            return;
        }
        assert!(start.elapsed() < MAX_WAIT, "{part} is not {message:?}: {body}\n{}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Asserts that the server is degraded in `part`, with this message, and says so everywhere.
fn degraded(server: &Server, part: &str, message: &str) {
    wait_for_part(server, part, 200, Some(message));
    let ready = server.client().get("/readyz", "");
    assert_eq!((ready.status, ready.text()), (200, r#"{"status":"ok","message":"degraded"}"#));
    let metrics = Metrics::of(server);
    assert_eq!(metrics.value(&format!(r#"jerakia_part_works{{part="{part}"}}"#)), 0.0);
    assert_eq!(metrics.value("jerakia_ready"), 1.0);
}

/// Asserts that these parts work again, and with them all.
fn recovered(server: &Server, parts: &[&str]) {
    for part in parts {
        wait_for_part(server, part, 200, None);
        assert_eq!(Metrics::of(server).value(&format!(r#"jerakia_part_works{{part="{part}"}}"#)), 1.0);
    }
    assert_eq!(Metrics::of(server).value("jerakia_ready"), 1.0);
    assert_eq!(server.client().get("/readyz", "").text(), r#"{"status":"ok"}"#);
}

/// Asserts that a command is refused because of the store, in these words.
fn refused(ran: &Ran, words: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains(words) && ran.stderr.lines().count() == 1, "{words} in {}", ran.stderr);
}

/// Creates a token over HTTP, and returns the status of the answer.
fn create(server: &Server, admin: &str, api_id: &str) -> u16 {
    let body = format!(r#"{{"api_id":"{api_id}","grants":["a"]}}"#);
    let length = body.len();
    let headers = format!("Host: h\r\nX-Authentication: {admin}\r\nContent-Type: application/json\r\n");
    let head = format!("POST /v1/tokens HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n");
    server.client().send(head + &body).status
}

/// An administrator over HTTP, and a server.
fn start(world: &World, arguments: &[&str]) -> (String, Server) {
    let admin = world.create("admin");
    world.set_grants("admin", EVERYTHING);
    (admin, world.server_with(&[METRICS, &["--admin-api", "true"], arguments].concat()))
}

#[test]
fn on_a_full_disk_decisions_go_on_and_new_tokens_are_refused() {
    if !can_mount() {
        return;
    }
    let disk = SmallDisk::new("16m");
    let world = &disk.0;
    let token = world.create("my_app");
    let (admin, server) = start(world, &[]);
    fs::remove_file(world.databasedir().join("reserve")).unwrap();
    disk.fill();
    degraded(&server, "acts", "the disk is full");
    assert!(Metrics::of(&server).value("jerakia_disk_free_bytes") < 262_144.0);
    assert_eq!(server.authorize(&token).status, 200);
    refused(&world.run(&["token", "create", "other"]), "free some space on its disk");
    assert_eq!(create(&server, &admin, "third"), 503);
    server.wait_for_log("free some space on its disk");
    assert_eq!(Metrics::of(&server).value(r#"jerakia_administration_requests_total{result="failed"}"#), 1.0);
    fs::remove_file(world.databasedir().join("filler")).unwrap();
    recovered(&server, &["acts"]);
    assert_eq!(create(&server, &admin, "third"), 201);
    let other = world.create("other");
    assert_eq!((server.authorize(&token).status, server.authorize(&other).status), (200, 200));
}

/// As a user without privileges, since root may write files of any mode.
#[test]
fn without_permission_to_write_decisions_go_on_and_acts_are_refused() {
    let world = World::new();
    let root = geteuid().is_root();
    let user = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        if root {
            command.uid(65534).gid(65534);
        }
        command
    };
    if root {
        chown(world.path(), Some(65534), Some(65534)).unwrap();
    }
    let run = |arguments: &[&str]| Ran::of(user(arguments).output().unwrap());
    let created = run(&["token", "create", "my_app", "--quiet"]);
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    let token = created.stdout.trim();
    let server = Server::start(user(&[&["server", "--port", "0", "--token-ttl", "2"], METRICS].concat()));
    for (path, bad, good, short, words) in [
        (
            world.database(),
            0o400,
            0o600,
            "the database can't be written",
            "give the user that runs jerakia write permission",
        ),
        (world.databasedir(), 0o000, 0o700, "the database can't be used", "can't be written"),
    ] {
        fs::set_permissions(&path, Permissions::from_mode(bad)).unwrap();
        degraded(&server, "acts", short);
        refused(&run(&["token", "disable", "my_app"]), words);
        // The server has the files open: it refreshes the tokens all the same.
        let refreshes = r#"jerakia_cache_refreshes_total{result="done"}"#;
        let before = Metrics::of(&server).value(refreshes);
        Metrics::wait(&server, refreshes, |it| it >= before + 2.0);
        assert_eq!(server.authorize(token).status, 200);
        fs::set_permissions(&path, Permissions::from_mode(good)).unwrap();
        recovered(&server, &["acts"]);
    }
    assert_eq!(run(&["token", "disable", "my_app"]).code, Some(0));
    assert_eq!(server.authorize(token).status, 401);
}

#[test]
fn while_a_process_keeps_the_lock_decisions_go_on_and_acts_are_refused() {
    let (world, token) = World::with_token("my_app");
    let (admin, server) = start(&world, &["--token-ttl", "2"]);
    let holder = world.sqlite();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    degraded(&server, "acts", "the database is locked by another process");
    refused(&world.run(&["token", "disable", "my_app"]), "is locked by another process");
    assert_eq!(create(&server, &admin, "other"), 503);
    server.wait_for_log("is locked by another process");
    assert_eq!(server.authorize(&token).status, 200, "long after token_ttl: readers wait for no writer");
    holder.execute_batch("ROLLBACK").unwrap();
    recovered(&server, &["acts"]);
    assert_eq!(create(&server, &admin, "other"), 201);
    world.done(&["token", "disable", "my_app"]);
    assert_eq!(server.authorize(&token).status, 401);
}

/// The process holds the lock against readers too.
#[test]
fn while_the_database_cannot_be_read_decisions_go_on_until_token_ttl() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&[METRICS, &["--token-ttl", "6"]].concat());
    let holder = KeptOut::of(&world);
    assert_eq!(server.authorize(&token).status, 200, "from memory");
    wait_for_part(&server, "tokens", 503, Some("tokens were not refreshed for token_ttl"));
    assert_eq!(server.authorize(&token).status, 503);
    let metrics = Metrics::of(&server);
    assert_eq!(metrics.value("jerakia_ready"), 0.0);
    assert_eq!(metrics.value("jerakia_cache_max_age_seconds"), 6.0);
    assert!(metrics.value("jerakia_cache_age_seconds") >= 6.0);
    Metrics::wait(&server, r#"jerakia_cache_refreshes_total{result="failed"}"#, |it| it >= 1.0);
    assert!(metrics.value(r#"jerakia_decisions_total{result="unavailable",reason="outdated"}"#) >= 1.0);
    holder.let_in();
    recovered(&server, &["tokens"]);
    assert_eq!(server.authorize(&token).status, 200);
}

/// Writes noise over the first page of a table with `dd`, as a bad disk does.
fn damage(world: &World, table: &str) {
    let sql = "SELECT rootpage - 1 FROM sqlite_schema WHERE name = ?1";
    let page: i64 = world.sqlite().query_row(sql, [table], |row| row.get(0)).unwrap();
    let mut dd = Command::new("dd");
    dd.args(["if=/dev/urandom", "bs=4096", "count=1", "conv=notrunc", "status=none", &format!("seek={page}")]);
    assert!(dd.arg(format!("of={}", world.database().display())).status().unwrap().success());
}

#[test]
fn with_a_damaged_page_of_tokens_decisions_go_on_until_token_ttl() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&[METRICS, &["--token-ttl", "6"]].concat());
    let copy = world.backup();
    damage(&world, "token");
    degraded(&server, "tokens", "the database is damaged");
    assert_eq!(server.authorize(&token).status, 200, "from memory");
    refused(&world.run(&["token", "disable", "my_app"]), "is damaged");
    wait_for_part(&server, "acts", 200, Some("the database is damaged"));
    wait_for_part(&server, "tokens", 503, Some("tokens were not refreshed for token_ttl"));
    assert_eq!(server.authorize(&token).status, 503);
    world.restore(&copy);
    recovered(&server, &["tokens", "acts"]);
    assert_eq!(server.authorize(&token).status, 200);
    world.done(&["token", "disable", "my_app"]);
    assert_eq!(server.authorize(&token).status, 401);
}

#[test]
fn with_a_damaged_page_of_the_trail_decisions_go_on_and_acts_are_refused() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&[METRICS, &["--token-ttl", "2"]].concat());
    let before = fs::read(world.database()).unwrap();
    damage(&world, "audit_ends");
    degraded(&server, "acts", "the database is damaged");
    refused(&world.run(&["token", "disable", "my_app"]), "is damaged");
    assert_eq!(server.authorize(&token).status, 200);
    OpenOptions::new().write(true).open(world.database()).unwrap().write_all_at(&before, 0).unwrap();
    recovered(&server, &["acts"]);
    world.done(&["token", "disable", "my_app"]);
    assert_eq!(server.authorize(&token).status, 401);
}

#[test]
fn last_seen_times_that_cannot_be_stored_are_stored_later() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(METRICS);
    let holder = Connection::open(world.databasedir().join("state.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(server.authorize(&token).status, 200);
    degraded(&server, "last_seen", "the database is locked by another process");
    server.wait_for_log("can't record last-seen times");
    assert_eq!(server.authorize(&token).status, 200);
    holder.execute_batch("ROLLBACK").unwrap();
    recovered(&server, &["last_seen"]);
    assert!(!world.done(&["token", "list"]).contains("never"), "{}", world.done(&["token", "list"]));
}
