//! Kept answers: given at once, without a turn, until one of their sources changes. A client
//! that holds the only place for lookups shows it: others get no other answers.

mod changes;
mod mounts;

use crate::harness::{Client, Lookups, World};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;
use std::time::Duration;

const PATH: &str = "/v1/lookup/k?namespace=ns&metadata_env=dev&metadata_hostname=web-01";

/// Data, and a server that runs one request at a time.
struct Site {
    data: World,
    lookups: Lookups,
}

impl Site {
    fn new() -> Self {
        Self::of(World::new())
    }

    /// The same on a directory that can be a mount point.
    fn of(data: World) -> Self {
        for (path, text) in [
            ("data/common/ns.yaml", "k: 1"),
            ("data/common/ns.d/10.yaml", "other: 1"),
            ("data/common/ns.d/20.yaml", "k: 1"),
            ("data/env/dev/other.yaml", "k: 0"),
            ("schema/ns.json", "{}"),
            ("policy.d/other.yaml", "lookups: [{name: other, docroot: other, searchpath: [common]}]"),
            ("other/common/ns.yaml", "k: 2"),
        ] {
            write(&data.path().join(path), text);
        }
        let lookups = Lookups::with(data.path(), &["--max-lookups", "1", "--max-waiting-lookups", "0"]);
        settle();
        Self { data, lookups }
    }

    /// Takes the only place, until the client is dropped.
    fn take_the_place(&self) -> Client {
        loop {
            let mut client = self.lookups.server.client();
            let token = &self.lookups.token;
            let head = format!(
                "PUT /v1/scope/x/y HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\nContent-Length: 50\r\n\
                 Expect: 100-continue\r\n\r\n"
            );
            match client.send(head).status {
                100 => return client,
                status => assert_eq!(status, 503, "somebody else has it still"),
            }
        }
    }

    /// Whether the answer to `path` is kept.
    fn keeps(&self, path: &str) -> bool {
        let _place = self.take_the_place();
        match self.lookups.get(path).status {
            200 => true,
            503 => false,
            status => panic!("{status}"),
        }
    }

    /// The answer, once a place is free.
    fn json(&self, path: &str) -> Value {
        let header = format!("X-Authentication: {}\r\n", self.lookups.token);
        serde_json::from_slice(&self.lookups.server.wait_for_status(path, &header, 200).body).unwrap()
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Answers are kept once their sources were unchanged for 100 ms: the test waits for that time.
fn settle() {
    thread::sleep(Duration::from_millis(250));
}

fn rename(from: &Path, to: &Path) {
    fs::rename(from, to).unwrap();
}

/// A directory that now leads out, to the same file that the answer came from, is refused as
/// without a kept answer.
#[test]
fn a_kept_answer_is_not_given_when_its_file_is_outside_by_now() {
    let site = Site::new();
    let at = site.data.path();
    write(&at.join("data/a/b/ns.yaml"), "k: 1");
    write(&at.join("policy.d/deep.yaml"), "lookups: [{name: x, docroot: data, searchpath: [a/b]}]");
    settle();
    let path = "/v1/lookup/k?namespace=ns&policy=deep";
    assert_eq!(site.json(path)["payload"], 1);
    assert!(site.keeps(path));
    rename(&at.join("data/a"), &at.join("outside"));
    symlink("../outside", at.join("data/a")).unwrap();
    assert!(!site.keeps(path));
    site.lookups.server.wait_for_status(path, &format!("X-Authentication: {}\r\n", site.lookups.token), 400);
}

/// The token is checked first, also for a kept answer.
#[test]
fn a_kept_answer_is_for_tokens_that_may_look_it_up() {
    let site = Site::new();
    assert_eq!(site.json(PATH)["payload"], 1);
    assert!(site.keeps(PATH));
    assert_eq!(site.lookups.server.client().get(PATH, "X-Authentication: my_app:0\r\n").status, 401);
    site.lookups.world.set_grants("my_app", &["lookup:another"]);
    assert_eq!(site.lookups.get(PATH).status, 403);
    // Tokens with grants have kept answers of their own.
    site.lookups.world.set_grants("my_app", &["lookup:ns", "scope:x/y"]);
    assert!(!site.keeps(PATH));
    assert_eq!(site.json(PATH)["payload"], 1);
    assert!(site.keeps(PATH));
    site.lookups.world.done(&["token", "disable", "my_app"]);
    assert_eq!(site.lookups.get(PATH).status, 401);
}

#[test]
fn nothing_is_kept_that_cannot_be_proven_to_be_unchanged() {
    let site = Site::new();
    let at = site.data.path();
    symlink("common", at.join("data/linked")).unwrap();
    symlink("ns.yaml", at.join("data/common/link.yaml")).unwrap();
    symlink("data", at.join("linked")).unwrap();
    for (name, docroot, directory) in [("directory", "data", "linked"), ("root", "linked", "common")] {
        let policy = format!("lookups: [{{name: x, docroot: {docroot}, searchpath: [{directory}]}}]");
        write(&at.join(format!("policy.d/{name}.yaml")), &policy);
    }
    for number in 0..40 {
        write(&at.join(format!("data/common/many.d/{number}.yaml")), "k: 1");
    }
    let body = br#"{"env": "dev"}"#;
    assert_eq!(site.lookups.put("/v1/scope/a/b", "Content-Type: application/json\r\n", body).status, 200);
    settle();
    let long = format!("/v1/lookup/k?namespace=ns&x={}", "x".repeat(2 << 10));
    for (what, path) in [
        ("a link to a directory", "/v1/lookup/k?namespace=ns&policy=directory"),
        ("a link to a root", "/v1/lookup/k?namespace=ns&policy=root"),
        ("a link to a file", "/v1/lookup/k?namespace=link"),
        ("many files", "/v1/lookup/k?namespace=many"),
        ("scope data", "/v1/lookup/k?namespace=ns&scope=server&scope_realm=a&scope_identifier=b"),
        ("a long question", &long),
    ] {
        assert_eq!(site.json(path)["payload"], 1, "{what}");
        assert!(!site.keeps(path), "{what}");
    }
    // A file that has just changed could change again and look the same.
    assert_eq!(site.json(PATH)["payload"], 1);
    assert!(site.keeps(PATH));
    write(&at.join("data/common/ns.d/20.yaml"), "k: 3");
    assert_eq!(site.json(PATH)["payload"], 3);
    write(&at.join("data/common/ns.d/20.yaml"), "k: 4");
    assert_eq!(site.json(PATH)["payload"], 4);
    // A policy that is not to be passed over, and what is kept is not to hide it.
    settle();
    assert_eq!(site.json(PATH)["payload"], 4);
    assert!(site.keeps(PATH));
    symlink("nowhere", at.join("policy.d/default.rb")).unwrap();
    assert_eq!(site.lookups.json(PATH).0, 501, "a link where a policy in Ruby would be");
}

#[test]
fn a_kept_answer_does_not_hide_what_came_where_nothing_was() {
    let site = Site::new();
    settle();
    assert_eq!(site.json(PATH)["found"], true);
    assert!(site.keeps(PATH));
    for name in ["data/host/web-01/ns.yaml", "data/env/dev/ns.yaml", "policy.d/default.yaml"] {
        let path = site.data.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink("nowhere", &path).unwrap();
        assert_eq!(site.lookups.json(PATH).0, 501, "{name}");
        fs::remove_file(path).unwrap();
        assert_eq!(site.json(PATH)["found"], true, "{name}");
    }
}

#[test]
fn kept_answers_are_bounded() {
    let site = Site::new();
    write(&site.data.path().join("data/common/long.yaml"), &format!("k: {}", "x".repeat(60 << 10)));
    settle();
    let mut client = site.lookups.server.client();
    let header = format!("X-Authentication: {}\r\n", site.lookups.token);
    let before = site.lookups.server.peak_memory();
    for number in 0..1_000 {
        let answer = client.get(&format!("/v1/lookup/k?namespace=long&x={number}"), &header);
        assert_eq!(answer.status, 200);
    }
    assert!(site.keeps("/v1/lookup/k?namespace=long&x=999"));
    assert!(!site.keeps("/v1/lookup/k?namespace=long&x=0"), "forgotten");
    let grown = site.lookups.server.peak_memory() - before;
    println!("grown by {grown} KiB");
    assert!(grown < 40 << 10, "{grown} KiB for 1,000 answers of 60 KiB");
}
