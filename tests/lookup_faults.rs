//! Files and requests that can't be meant as they are: each is an error that says what to do, and
//! none is as if it were absent.

use crate::harness::{Lookups, World};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A world with `files`, by their paths below vardir.
fn world(files: &[(&str, &str)]) -> World {
    let world = World::new();
    for (name, text) in files {
        let path = world.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(world.path().join("policy.d")).unwrap();
    world
}

/// The message of an answer with `status`.
fn message(lookups: &Lookups, path: &str, status: u16) -> String {
    let (got, body) = lookups.json(path);
    assert_eq!((got, &body["status"]), (status, &json!("failed")), "{path}: {body}");
    body["message"].as_str().unwrap().into()
}

/// What the policy `text` makes of a lookup: the message of its 501.
fn policy_fault(text: &str) -> String {
    let world = world(&[("policy.d/default.yaml", text), ("data/common/ns.yaml", "k: 1\nm: {a: 1}\n")]);
    message(&Lookups::on(world.path()), "/v1/lookup/k?namespace=ns", 501)
}

const JSON: &str = "lookups: [{ name: j, docroot: data, format: json, searchpath: [common] }]\n";

#[test]
fn a_byte_order_mark_is_not_part_of_the_first_key() {
    let files = [
        ("policy.d/json.yaml", JSON),
        ("policy.d/marked.yaml", &format!("\u{feff}{JSON}")),
        ("data/common/ns.yaml", "\u{feff}a: 1\n"),
        ("data/common/ns.d/1.yaml", "\u{feff}b: 2\n"),
        ("data/common/ns.json", "\u{feff}{\"a\": 3}"),
        ("data/common/ns.d/1.json", "\u{feff}{\"b\": 4}"),
    ];
    let world = world(&files);
    let lookups = Lookups::on(world.path());
    let all = |policy: &str| lookups.payload(&format!("/v1/lookup?namespace=ns&policy={policy}"));
    assert_eq!(all("default"), json!({"a": 1, "b": 2}));
    assert_eq!((all("json"), all("marked")), (json!({"a": 3, "b": 4}), json!({"a": 3, "b": 4})));
}

#[test]
fn a_json_file_of_space_and_comments_is_empty() {
    for empty in ["", " \n\t", "// none yet\n", "/* none */ ", "null"] {
        let world = world(&[("policy.d/default.yaml", JSON), ("data/common/ns.json", empty)]);
        fs::create_dir_all(world.path().join("data/common/ns.d")).unwrap();
        fs::write(world.path().join("data/common/ns.d/1.json"), "{\"k\": 1}").unwrap();
        assert_eq!(Lookups::on(world.path()).payload("/v1/lookup/k?namespace=ns"), 1, "{empty:?}");
    }
}

/// Puts something at `path` that can't be read as a file.
type Put = fn(&Path);

const UNREADABLE: [(&str, Put, &str); 3] = [
    ("link", |path| symlink("nowhere", path).unwrap(), "a link that leads nowhere"),
    ("directory", |path| fs::create_dir(path).unwrap(), "a directory"),
    (
        "fifo",
        |path| {
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap()
        },
        "not a regular file",
    ),
];

/// The built-in policy, no schema and no data would be other answers than the operator meant.
#[test]
fn a_directory_or_a_link_in_place_of_a_file_is_an_error_that_names_it() {
    for (kind, put, says) in UNREADABLE {
        for name in ["policy.d/default.yaml", "schema/ns.json", "data/common/ns.yaml", "data/common/ns.d/1.yaml"] {
            let world = world(&[("data/common/other.yaml", "k: 1\n")]);
            let path = world.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            put(&path);
            let lookups = Lookups::on(world.path());
            for _ in 0..2 {
                let said = message(&lookups, "/v1/lookup/k?namespace=ns", 501);
                assert!(said.contains(name) && said.contains(says), "{kind} {name}: {said}");
            }
            if !name.starts_with("policy.d") {
                assert_eq!(lookups.payload("/v1/lookup/k?namespace=other"), 1, "{kind} {name}");
            }
            // And mended while the server runs.
            if kind == "directory" { fs::remove_dir(&path) } else { fs::remove_file(&path) }.unwrap();
            assert_eq!(lookups.json("/v1/lookup/k?namespace=ns").0, 200, "{kind} {name}");
        }
    }
}

#[test]
fn a_policy_under_another_ending_is_not_overlooked() {
    for (file, says) in [("default.yml", "default.yaml"), ("default.rb", "default.yaml")] {
        let world = world(&[("data/common/ns.yaml", "k: 1\n")]);
        symlink("nowhere", world.path().join("policy.d").join(file)).unwrap();
        let lookups = Lookups::on(world.path());
        let said = message(&lookups, "/v1/lookup/k?namespace=ns", 501);
        assert!(said.contains(file) && said.contains(says), "{said}");
        fs::write(world.path().join("policy.d/default.yaml"), JSON).unwrap();
        assert_eq!(lookups.json("/v1/lookup/k?namespace=ns").0, 200, "{file}");
    }
}

#[test]
fn a_schema_that_says_cascade_says_so_with_true() {
    let entries = |values: &[&str]| {
        let entries = values.iter().enumerate().map(|(at, it)| format!("\"k{at}\": {{\"cascade\": {it}}}"));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
    };
    let values = ["true", "\"true\"", "false", "\"false\"", "null", "1", "\"yes\"", "[]"];
    let data = |value: &str| (0..values.len()).map(|at| format!("k{at}: [{value}]\n")).collect::<String>();
    let world = world(&[
        ("schema/ns.json", &entries(&values)),
        ("data/common/ns.yaml", &data("c")),
        ("data/env/dev/ns.yaml", &data("d")),
    ]);
    let lookups = Lookups::on(world.path());
    let path = |at: usize| format!("/v1/lookup/k{at}?namespace=ns&metadata_env=dev");
    let found: Vec<Value> = (0..5).map(|at| lookups.payload(&path(at))).collect();
    assert_eq!(json!(found), json!([["d", "c"], ["d", "c"], ["d"], ["d"], ["d"]]));
    for at in 5..values.len() {
        let said = message(&lookups, &path(at), 501);
        assert!(said.contains("ns.json") && said.contains("cascade must be true or false"), "{said}");
    }
}

/// 400 is for what the client has sent.
#[test]
fn two_dots_are_the_error_of_the_policy_or_of_the_client_that_has_them() {
    let policy = |entry: &str| format!("lookups: [{{ name: up, docroot: data, searchpath: [\"{entry}\"] }}]\n");
    for entry in ["../other", "%{env}/..", ".%{env}."] {
        let said = policy_fault(&policy(entry));
        assert!(said.contains("default.yaml") && said.contains("\"up\"") && said.contains(entry), "{said}");
    }
    let world = world(&[("policy.d/default.yaml", &policy("%{env}"))]);
    message(&Lookups::on(world.path()), "/v1/lookup/k?namespace=ns&metadata_env=..", 400);
}

#[test]
fn an_error_in_a_policy_says_how_lists_are_written() {
    let policy =
        |more: &str| format!("lookups:\n  - name: l\n    docroot: data\n    searchpath: [common]\n    {more}\n");
    for condition in ["confine", "exclude"] {
        let said = policy_fault(&policy(&format!("{condition}: {{scope.env: [dev, \"test.*\"]}}")));
        assert!(said.contains("dev|test.*") && said.contains("line 5"), "{said}");
    }
    for filters in ["strsub", "{dig: [a]}"] {
        let said = policy_fault(&policy(&format!("output_filters: {filters}")));
        assert!(said.contains("takes a list") && said.contains("[strsub]") && said.contains("line 5"), "{said}");
    }
    let said = policy_fault(&policy("output_filters: [{dig: [a]}]"));
    assert!(said.contains("dig needs a map"), "{said}");
    // Numbers are patterns as they are written.
    let numbers = policy("confine: {scope.a: 010, scope.b: 1.0}");
    let world = world(&[("policy.d/default.yaml", &numbers), ("data/common/ns.yaml", "k: 1\n")]);
    let lookups = Lookups::on(world.path());
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=ns&metadata_a=010&metadata_b=1.0"), 1);
    assert_eq!(lookups.json("/v1/lookup/k?namespace=ns&metadata_a=10&metadata_b=1").1["found"], false);
}

#[test]
fn messages_are_in_plain_words() {
    for (json, says) in [
        ("{\"k\": 1", "the text ends too early"),
        ("{\"k\": 1,}", "a comma before a closing bracket"),
        ("{\"k\": 1 \"l\": 2}", "a comma is missing"),
        ("{\"k\": trx}", "true, false and null"),
        ("{k: 1}", "a key in double quotes"),
        ("{\"k\": 01}", "a number"),
        ("{} {}", "more text after"),
    ] {
        let world = world(&[("policy.d/default.yaml", JSON), ("data/common/ns.json", json)]);
        let said = message(&Lookups::on(world.path()), "/v1/lookup/k?namespace=ns", 501);
        assert!(said.contains("ns.json") && said.contains("line 1 column") && said.contains(says), "{json}: {said}");
    }
    let world = world(&[("schema/ns.json", "{\"k\": {\"zz\": 1}}"), ("data/common/ns.yaml", "k: 1\n")]);
    let lookups = Lookups::on(world.path());
    let said = message(&lookups, "/v1/lookup/k?namespace=ns", 501);
    assert!(said.contains("has \"zz\": only alias"), "{said}");
    assert!(message(&lookups, "/v1/lookup/%ff?namespace=ns", 400).contains("UTF-8"));
}

#[test]
fn a_client_that_refuses_message_pack_gets_json() {
    let lookups = Lookups::on_fixtures();
    for (accept, first) in [
        ("application/x-msgpack;q=0", b'{'),
        ("application/x-msgpack; q=0.000, application/json", b'{'),
        ("application/x-msgpack;q=0.1", 0x83),
        ("application/json, application/x-msgpack", 0x83),
    ] {
        let headers = format!("X-Authentication: {}\r\nAccept: {accept}\r\n", lookups.token);
        let response = lookups.server.client().get("/v1/lookup/port?namespace=apache", &headers);
        assert_eq!((response.status, response.body[0]), (200, first), "{accept}");
    }
}

/// Both commands know the flag of Jerakia 3, and neither quotes a token.
#[test]
fn tokens_as_arguments_are_refused_and_a_file_of_them_is_named() {
    let world = World::new();
    for command in [&["server", "--port", "0"][..], &["lookup", "port"]] {
        let ran = world.run(&[command, &["-T", "my_app:secret"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{command:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("server.token_file") && !ran.stderr.contains("secret"), "{}", ran.stderr);
        assert!(ran.stderr.contains("every user of this machine"), "{}", ran.stderr);
    }
    let server = world.done(&["server", "--help"]);
    assert!(server.contains("server.token_file") && server.contains("--token-file"), "{server}");
    let lookup = world.done(&["lookup", "--help"]);
    let lookup = lookup.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(lookup.contains("neither -n nor a :: in the key, it is the empty one"), "{lookup}");
}
