//! Kept answers: given at once, without a turn, until one of their sources changes. A client
//! that holds the only place for lookups shows it: others get no other answers.

use crate::harness::{Client, Lookups, World};
use rustix::mount::{MountFlags, mount};
use serde_json::{Value, json};
use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
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

/// A change to a site, and the key's value from then on: null if it is not found.
type Change = (&'static str, fn(&Path), Value);

fn changes() -> Vec<Change> {
    vec![
        ("a fragment is edited in place", |at| write(&at.join("data/common/ns.d/20.yaml"), "k: 2"), json!(2)),
        ("a fragment is added", |at| write(&at.join("data/common/ns.d/30.yaml"), "k: 2"), json!(2)),
        ("a fragment is removed", |at| remove(&at.join("data/common/ns.d/20.yaml")), json!(1)),
        ("the fragments are renamed", |at| rename(&at.join("data/common/ns.d"), &at.join("x")), json!(1)),
        (
            "another file takes the name",
            |at| {
                write(&at.join("data/common/ns.d/next"), "k: 2");
                rename(&at.join("data/common/ns.d/next"), &at.join("data/common/ns.d/20.yaml"));
            },
            json!(2),
        ),
        ("a more specific file appears", |at| write(&at.join("data/env/dev/ns.yaml"), "k: 2"), json!(2)),
        ("a more specific directory appears", |at| write(&at.join("data/host/web-01/ns.yaml"), "k: 2"), json!(2)),
        ("more specific fragments appear", |at| write(&at.join("data/env/dev/ns.d/1.yaml"), "k: 2"), json!(2)),
        (
            "the schema is edited",
            |at| write(&at.join("schema/ns.json"), r#"{"k": {"alias": {"key": "other"}}}"#),
            json!(1),
        ),
        (
            "the schema is edited so that nothing is found",
            |at| {
                write(&at.join("schema/ns.json"), r#"{"k": {"alias": {"key": "x"}}}"#);
            },
            Value::Null,
        ),
        (
            "a policy appears",
            |at| fs::copy(at.join("policy.d/other.yaml"), at.join("policy.d/default.yaml")).map(drop).unwrap(),
            json!(2),
        ),
        (
            "a symbolic link takes the place of a directory",
            |at| {
                rename(&at.join("data/common"), &at.join("data/uncommon"));
                write(&at.join("data/linked/ns.yaml"), "k: 2");
                symlink("linked", at.join("data/common")).unwrap();
            },
            json!(2),
        ),
        (
            "directories are swapped",
            |at| {
                rename(&at.join("data/common"), &at.join("data/uncommon"));
                rename(&at.join("other/common"), &at.join("data/common"));
            },
            json!(2),
        ),
        (
            "document roots are swapped",
            |at| {
                rename(&at.join("data"), &at.join("former"));
                rename(&at.join("other"), &at.join("data"));
            },
            json!(2),
        ),
        (
            "a symbolic link takes the place of the document root",
            |at| {
                rename(&at.join("data"), &at.join("former"));
                symlink("other", at.join("data")).unwrap();
            },
            json!(2),
        ),
        ("all data goes", |at| rename(&at.join("data"), &at.join("x")), Value::Null),
    ]
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

fn rename(from: &Path, to: &Path) {
    fs::rename(from, to).unwrap();
}

#[test]
fn an_answer_is_kept_until_anything_changes_that_it_came_from() {
    thread::scope(|threads| {
        for (change, make, expected) in changes() {
            threads.spawn(move || {
                let site = Site::new();
                assert_eq!(site.json(PATH)["payload"], 1, "{change}");
                assert!(site.keeps(PATH), "{change}");
                make(site.data.path());
                assert!(!site.keeps(PATH), "{change}: what was kept is given still");
                assert_eq!(site.json(PATH)["payload"], expected, "{change}");
            });
        }
    });
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
fn what_is_kept_is_bounded() {
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

/// A mount, until it is dropped.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().unwrap();
    }
}

/// Mounting needs root, which CI has.
fn mounted(at: &Path, kind: &str, options: &str) -> Option<Mounted> {
    if !rustix::process::geteuid().is_root() {
        println!("not run: mounting a file system takes root");
        return None;
    }
    fs::create_dir_all(at).unwrap();
    mount("none", at, kind, MountFlags::empty(), CString::new(options).unwrap().as_c_str()).unwrap();
    Some(Mounted(at.into()))
}

/// ramfs is local, but not one of the listed file systems.
#[test]
fn nothing_is_kept_of_a_file_system_that_may_not_be_local() {
    let data = World::new();
    let Some(_mounted) = mounted(&data.path().join("data/common"), "ramfs", "mode=0755") else { return };
    let site = Site::of(data);
    assert_eq!(site.json(PATH)["payload"], 1);
    assert!(!site.keeps(PATH));
    assert_eq!(site.json("/v1/lookup/k?namespace=ns&policy=other")["payload"], 2);
    assert!(site.keeps("/v1/lookup/k?namespace=ns&policy=other"), "it is not from there");
}

/// A file system whose server doesn't answer: FUSE, with no process at the other end.
#[test]
fn decisions_and_kept_answers_go_on_while_a_file_system_hangs() {
    let data = World::new();
    let hung = data.path().join("hung");
    let Ok(other_end) = File::options().read(true).write(true).open("/dev/fuse") else {
        println!("not run: there is no FUSE");
        return;
    };
    write(&data.path().join("data/common/ns.yaml"), "k: 1");
    write(&data.path().join("policy.d/hung.yaml"), "lookups: [{name: hung, docroot: hung, searchpath: [common]}]");
    let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", other_end.as_raw_fd());
    let Some(_mounted) = mounted(&hung, "fuse", &options) else { return };
    settle();
    let lookups = Lookups::on(data.path());
    let path = "/v1/lookup/k?namespace=ns";
    assert_eq!(lookups.payload(path), 1);
    let waiting: Vec<_> = (0..8)
        .map(|number| {
            let mut client = lookups.server.client();
            let token = &lookups.token;
            client.write(format!(
                "GET {path}&policy=hung&x={number} HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\n\r\n"
            ));
            client
        })
        .collect();
    for _ in 0..100 {
        assert_eq!(lookups.server.authorize(&lookups.token).status, 200);
        assert_eq!(lookups.payload(path), 1);
    }
    drop(other_end); // those that wait get an error, and the server can end
    for mut client in waiting {
        assert!([501, 503].contains(&client.read().status));
    }
}
