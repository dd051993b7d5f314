//! `jerakia --server URL token`: the commands of `jerakia token` on a server's API, with the
//! same words and output.

use crate::harness::{Api, Ran, World};
use std::fs;
use std::path::PathBuf;

/// A server, and another machine from which it is administered.
struct Remote {
    api: Api,
    elsewhere: World,
    credential: PathBuf,
}

impl Remote {
    fn new() -> Self {
        Self::of(Api::new())
    }

    fn of(api: Api) -> Self {
        let elsewhere = World::new();
        let credential = elsewhere.path().join("credential");
        fs::write(&credential, format!("{}\n", api.admin)).unwrap();
        Self { api, elsewhere, credential }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let url = format!("http://{}", self.api.server.address());
        let global = ["--server", &url, "--credential-file", self.credential.to_str().unwrap()];
        self.elsewhere.run(&[&global, arguments].concat())
    }

    fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        ran.stdout
    }
}

fn answer(ran: Ran) -> (Option<i32>, String, String) {
    (ran.code, ran.stdout, ran.stderr)
}

#[test]
fn a_token_lives_its_life_from_another_machine() {
    let remote = Remote::new();
    let server = &remote.api.server;
    let shown =
        remote.done(&["token", "create", "app", "--grant", "http:**", "--label", "team=web", "--expires", "90d"]);
    assert!(shown.starts_with("Copy the following token to the application"), "{shown}");
    let old = shown.lines().last().unwrap().to_owned();
    assert_eq!(server.authorize(&old).status, 200);
    let new = remote.done(&["token", "rotate", "app", "--quiet", "--grace", "1h"]);
    assert_eq!([&old, new.trim()].map(|it| server.authorize(it).status), [200, 200]);
    let again = remote.run(&["token", "rotate", "app"]);
    assert!(again.code == Some(1) && again.stderr.contains("rotated already"), "{}", again.stderr);
    assert_eq!(remote.done(&["token", "rotate", "app", "--finish", "--force"]), "");
    assert_eq!([&old, new.trim()].map(|it| server.authorize(it).status), [401, 200]);
    let newest = remote.done(&["token", "regenerate", "app", "--quiet"]);
    assert_eq!([new.trim(), newest.trim()].map(|it| server.authorize(it).status), [401, 200]);
    assert_eq!(remote.done(&["token", "disable", "app"]), "");
    assert_eq!(server.authorize(newest.trim()).status, 401);
    assert_eq!(remote.done(&["token", "enable", "app"]), "");
    assert_eq!(remote.done(&["token", "update", "app", "--grant", "lookup:**", "--description", "the shop"]), "");
    assert_eq!(server.authorize(newest.trim()).status, 403);
    assert_eq!(remote.done(&["token", "explain", "app", "lookup:a/b"]), "lookup:**\n");
    assert_eq!(remote.done(&["token", "delete", "app"]), "");
    assert_eq!(server.authorize(newest.trim()).status, 401);
    assert!(!remote.elsewhere.databasedir().exists(), "it needs no database");
}

#[test]
fn what_it_prints_is_what_the_command_prints_on_the_server() {
    let remote = Remote::new();
    for (id, label) in [("one", "team=a"), ("two", "team=b"), ("three", "team=a")] {
        remote.done(&["token", "create", id, "--quiet", "--grant", "lookup:**", "--label", label, "--expires", "13d"]);
    }
    remote.done(&["token", "disable", "two"]);
    for arguments in [
        &["token", "list"][..],
        &["token", "list", "-o", "json"],
        &["token", "list", "--label", "team=a", "--sort", "created_at"],
        &["token", "list", "--status", "disabled"],
        &["token", "list", "--expiring", "14d"],
        &["token", "list", "--expiring", "12d"],
        &["token", "list", "--unused", "1d", "-o", "json"],
        &["token", "show", "one"],
        &["token", "show", "one", "-o", "json"],
        &["token", "show", "nobody"],
        &["token", "show", "a/b"],
        &["token", "explain", "one", "lookup:a"],
        &["token", "explain", "one", "http:GET:a/"],
        &["token", "explain", "two", "lookup:a"],
        &["token", "create", "one", "--grant", "lookup:**"],
        &["token", "create", "a:b"],
        &["token", "update", "one"],
        &["token", "update", "nobody", "--description", ""],
        &["token", "rotate", "one", "--finish"],
        &["token", "disable", "nobody"],
        &["token", "delete", "nobody"],
        &["token", "delete", "--label", "team=a"],
        &["token", "delete", "--label", "team=a", "--dry-run"],
        &["token", "enable", "--all", "--dry-run"],
        &["token", "disable", "one", "--dry-run"],
        &["token", "enable", "--label", "team=none"],
    ] {
        assert_eq!(answer(remote.run(arguments)), answer(remote.api.world.run(arguments)), "{arguments:?}");
    }
    assert_eq!(remote.done(&["token", "delete", "--label", "team=a", "--yes"]), "Deleted 2 tokens\n");
}

#[test]
fn long_lists_are_read_in_pages() {
    let remote = Remote::new();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
        INSERT INTO token (api_id, digest, created_at, issued_at) SELECT 'app' || i, zeroblob(32), 1, 1 FROM n";
    remote.api.world.sqlite().execute(sql, []).unwrap();
    assert_eq!(remote.done(&["token", "list", "--status", "active"]).lines().count(), 2 + 1201);
}

#[test]
fn an_error_says_what_to_do_and_never_the_token() {
    let remote = Remote::new();
    let url = format!("http://{}", remote.api.server.address());
    let credential = remote.credential.to_str().unwrap();
    let fails = |arguments: &[&str], code: i32, part: &str| {
        let ran = remote.elsewhere.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains(&remote.api.admin[6..]), "{}", ran.stderr);
    };
    fails(&["--server", &url, "token", "list"], 2, "--server needs --credential-file");
    fails(&["--credential-file", credential, "token", "list"], 2, "with --server only");
    fails(&["--server", &url, "--credential-file", credential, "lookup", "a"], 2, "`jerakia token` only");
    fails(
        &["--server", "http://example.org", "--credential-file", credential, "token", "list"],
        2,
        "readable on its way",
    );
    fails(&["--server", "http://127.0.0.1:1", "--credential-file", credential, "token", "list"], 3, "can't be used");
    fails(&["--server", &url, "--credential-file", "nowhere", "token", "list"], 1, "--credential-file nowhere");
    let wrong = remote.elsewhere.path().join("wrong");
    fs::write(&wrong, "app:1234\n").unwrap();
    fails(&["--server", &url, "--credential-file", wrong.to_str().unwrap(), "token", "list"], 1, "refuses the token");
    fs::write(&wrong, "\n").unwrap();
    fails(&["--server", &url, "--credential-file", wrong.to_str().unwrap(), "token", "list"], 1, "it has no token");
    let global = ["--server", &url, "--credential-file", credential];
    fails(
        &[&global[..], &["token", "create", "a", "--token-file", "x"]].concat(),
        2,
        "a server makes the token itself",
    );
    fails(&[&global[..], &["token", "create", "a", "--expires", "2020-01-01T00:00:00Z"]].concat(), 2, "is over");
    fails(&[&global[..], &["token", "create", "a"]].concat(), 1, "not within its own");
    fs::write(&wrong, remote.api.world.create("plain")).unwrap();
    fails(&["--server", &url, "--credential-file", wrong.to_str().unwrap(), "token", "list"], 1, "needs a grant");

    let off = Remote::of(Api::with(&[]));
    let ran = off.run(&["token", "list"]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.stderr.contains("set server.admin_api to true there"), "{}", ran.stderr);
}
