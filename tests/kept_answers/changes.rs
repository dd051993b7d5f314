//! Each change to a file or a directory that an answer came from ends it.

use super::{PATH, Site, rename, write};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;

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
