//! A database of the previous version is migrated without loss, and back only as
//! docs/UPGRADING.md says.

use crate::harness::World;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;

const TOKENS: &[u8] = include_bytes!("fixtures/jerakia-0.2-dev/tokens.db");
const STATE: &[u8] = include_bytes!("fixtures/jerakia-0.2-dev/state.db");

/// The databases of the previous version, and the three tokens of tokens.txt.
fn of_the_version_before() -> (World, Vec<&'static str>) {
    let world = World::new();
    fs::create_dir(world.databasedir()).unwrap();
    fs::write(world.database(), TOKENS).unwrap();
    fs::write(world.databasedir().join("state.db"), STATE).unwrap();
    (world, include_str!("fixtures/jerakia-0.2-dev/tokens.txt").lines().collect())
}

fn schema_version(world: &World) -> i64 {
    world.sqlite().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn a_database_of_the_version_before_keeps_all_it_has() {
    let (world, tokens) = of_the_version_before();
    assert_eq!(schema_version(&world), 3);
    let list: serde_json::Value = serde_json::from_str(&world.done(&["token", "list", "-o", "json"])).unwrap();
    let row = |api_id: &str, status: &str, last_seen: Option<&str>| {
        serde_json::json!({
            "api_id": api_id, "status": status, "description": "", "labels": {}, "grants": [],
            "created_at": "2026-11-24T12:55:19Z", "issued_at": "2026-11-24T12:55:19Z", "expires_at": null,
            "last_seen": last_seen, "last_address": null, "previous": null,
        })
    };
    let seen = row("seen", "active", Some("2026-11-24T12:55:21Z"));
    assert_eq!(list, serde_json::json!([row("disabled", "disabled", None), row("regenerated", "active", None), seen]));
    let server = world.server();
    let statuses: Vec<_> = tokens.iter().map(|it| server.authorize(it).status).collect();
    assert_eq!(statuses, [200, 401, 200]);
    let scope = server.client().get("/v1/scope/machines/web-01", &format!("X-Authentication: {}\r\n", tokens[0]));
    assert_eq!(scope.text(), r#"{"status":"ok","payload":{"env":"dev"}}"#);
    // What is new works on the old tokens.
    let new = world.done(&["token", "rotate", "seen", "-q"]);
    assert_eq!([tokens[0], new.trim()].map(|it| server.authorize(it).status), [200, 200]);
    world.done(&["token", "update", "regenerated", "--expires", "2099-01-01T00:00:00Z"]);
    assert_eq!(server.authorize(tokens[2]).header("x-jerakia-expires"), Some("2099-01-01T00:00:00Z"));
    world.done(&["token", "enable", "disabled"]);
    assert_eq!(server.authorize(tokens[1]).status, 200);
    world.done(&["audit", "verify"]);
    world.done(&["db", "check"]);
}

/// The older server knows neither ends nor grants, so it must not get any. It announces itself
/// with its lock file.
#[test]
fn nothing_is_migrated_while_an_older_server_runs() {
    let (world, _) = of_the_version_before();
    let identity = |path| fs::metadata(path).map(|it| format!("{:x}:{:x}", it.dev(), it.ino())).unwrap();
    let path = world.databasedir().join("server-4711-0.lock");
    fs::write(&path, format!("4711 {}\n", identity(world.database()))).unwrap();
    let server = File::open(&path).unwrap();
    flock(&server, FlockOperation::LockExclusive).unwrap();
    for arguments in [&["token", "list"][..], &["token", "create", "new"], &["server", "--port", "0"]] {
        let ran = world.run(arguments);
        assert_ne!(ran.code, Some(0), "{arguments:?}");
        assert!(
            ran.stderr.contains("is used by a running server (process 4711) of an older jerakia"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(schema_version(&world), 3);
    drop(server);
    world.done(&["token", "list"]);
    assert!(schema_version(&world) > 3);
}

#[test]
fn a_database_of_a_newer_version_is_refused_with_a_sentence() {
    let (world, _) = World::with_token("my_app");
    let newer = schema_version(&world) + 1;
    world.sqlite().pragma_update(None, "user_version", newer).unwrap();
    let words = format!("has schema version {newer} and was written by a newer jerakia");
    for arguments in [&["token", "list"][..], &["server", "--port", "0"], &["audit", "verify"]] {
        let ran = world.run(arguments);
        assert!(ran.code == Some(3) && ran.stderr.contains(&words), "{arguments:?}: {}", ran.stderr);
    }
}
