//! Data files as users of Jerakia 3 have them. recorded.rs compares with recorded answers of
//! Jerakia 3.

use crate::harness::{Lookups, Ran, World};
use serde_json::json;
use std::fs;

#[test]
fn integers_of_any_size_are_exact_in_json_and_fail_their_key_in_message_pack() {
    let numbers = "[18446744073709551615, 18446744073709551616, -123456789012345678901234567890123456789012345678]";
    let data = World::with_files(&[
        ("data/common/y.yaml", &format!("k: {numbers}\nx: 0x1_0000_0000_0000_0000\nok: 1\n")),
        ("data/common/j.json", &format!("{{\"k\": {numbers}, \"ok\": 1, \"zero\": -0, \"e\": 1e3}}")),
        ("policy.d/json.yaml", "lookups: [{ name: j, docroot: data, format: json, searchpath: [common] }]"),
    ]);
    let lookups = Lookups::on(data.path());
    let packed = format!("X-Authentication: {}\r\nContent-Type: application/x-msgpack\r\n", lookups.token);
    for namespace in ["y", "j&policy=json"] {
        let path = format!("/v1/lookup/k?namespace={namespace}");
        let expected = format!(r#"{{"status":"ok","found":true,"payload":{}}}"#, numbers.replace(' ', ""));
        assert_eq!(lookups.get(&path).text(), expected);
        let refused = lookups.server.client().get(&path, &packed);
        let text = String::from_utf8_lossy(&refused.body).into_owned();
        assert!(refused.status == 501 && text.contains("line 1") && text.contains("64 bits"), "{text}");
        let other = lookups.server.client().get(&format!("/v1/lookup/ok?namespace={namespace}"), &packed);
        assert_eq!(other.status, 200);
        assert_eq!(lookups.server.client().get(&format!("/v1/lookup?namespace={namespace}"), &packed).status, 501);
    }
    assert_eq!(
        lookups.get("/v1/lookup/x?namespace=y").text(),
        r#"{"status":"ok","found":true,"payload":18446744073709551616}"#
    );
    assert_eq!(
        lookups.get("/v1/lookup/zero?namespace=j&policy=json").text(),
        r#"{"status":"ok","found":true,"payload":0}"#
    );
    assert_eq!(lookups.payload("/v1/lookup/e?namespace=j&policy=json"), json!(1000.0));
}

#[test]
fn integers_of_any_size_are_exact_in_the_shell() {
    let world = World::with_files(&[(
        "data/common/ns.yaml",
        "a: 18446744073709551616\nb: 123456789012345678901234567890123456789012345678\n",
    )]);
    for (key, number) in [("a", "18446744073709551616"), ("b", "123456789012345678901234567890123456789012345678")] {
        for output in ["text", "json", "yaml"] {
            let mut command = world.command(&["lookup", &format!("ns::{key}"), "-o", output]);
            let ran = Ran::of(command.env("JERAKIA_VARDIR", world.path()).output().unwrap());
            assert_eq!(ran.stdout, format!("{number}\n"), "{key} as {output}");
        }
    }
}

#[test]
fn a_value_that_cannot_be_expressed_fails_its_key_and_not_the_file() {
    let data = World::with_files(&[(
        "data/common/ns.yaml",
        "inf: [1, .inf]\nbin: !!binary /w==\ntext: !!binary aGk=\nmap:\n  ? {a: 1}\n  : 1\nloop: &a [*a]\n\
         d: &d {x: .nan}\nused: *d\nmerged: {<<: *d}\n? [a]\n: 1\ntwice: .inf\ntwice: 2\nok: 1\n",
    )]);
    let lookups = Lookups::on(data.path());
    for (key, part) in [
        ("inf", "line 1: infinity and NaN"),
        ("bin", "line 2: !!binary"),
        ("map", "line 5: a list or a map can't be a key"),
        ("loop", "line 7: an alias"),
        ("used", "line 8: infinity"),
        ("merged", "line 8: infinity"),
    ] {
        let (status, message) = lookups.failure(&format!("/v1/lookup/{key}?namespace=ns"));
        assert!(status == 501 && message.contains("ns.yaml") && message.contains(part), "{key}: {status} {message}");
    }
    let get = |key: &str| lookups.payload(&format!("/v1/lookup/{key}?namespace=ns"));
    assert_eq!((get("text"), get("twice"), get("ok")), (json!("hi"), json!(2), json!(1)));
    let (status, message) = lookups.failure("/v1/lookup?namespace=ns");
    assert!(status == 501 && message.contains("line 1"), "all keys have one that is broken: {message}");
}

#[test]
fn one_document_is_read_and_an_empty_one_has_nothing() {
    let data = World::with_files(&[
        ("data/common/two.yaml", "k: 1\n---\nk: 2\n...\n{ no yaml"),
        ("data/common/ended.yaml", "---\nk: 1\n---\n"),
        ("data/common/comment.yaml", "# nothing\n"),
        ("data/common/null.yaml", "--- ~\n"),
        ("data/common/zero.yaml", ""),
        ("data/common/zero.json", ""),
        ("data/common/none.json", "{}"),
        ("data/common/commented.json", "// one\n{\"k\": /* two */ \"// no comment\"} // three"),
        ("data/common/list.yaml", "- 1\n"),
        ("policy.d/json.yaml", "lookups: [{ name: j, docroot: data, format: json, searchpath: [common] }]"),
    ]);
    let lookups = Lookups::on(data.path());
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=two"), 1);
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=ended"), 1);
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=commented&policy=json"), "// no comment");
    for namespace in ["comment", "null", "zero", "zero&policy=json", "none&policy=json"] {
        assert!(!lookups.found(&format!("/v1/lookup/k?namespace={namespace}")), "{namespace}");
        assert!(!lookups.found(&format!("/v1/lookup?namespace={namespace}")), "{namespace}");
    }
    let (status, message) = lookups.failure("/v1/lookup/k?namespace=list");
    assert!(status == 501 && message.contains("must be a map"), "{message}");
}

#[test]
fn fragments_are_one_document_with_their_file() {
    let data = World::with_files(&[
        ("data/common/ns.yaml", "base: &b {q: 1}\nk: main\nl: main"), // no line end
        ("data/common/ns.d/10.yaml", "k: first\nuse: *b\n"),
        ("data/common/ns.d/20.yaml", "k: second"),
        ("data/common/ns.d/.30.yaml", "k: hidden"),
        ("data/common/alone.d/10.yaml", "k: alone"),
        ("data/common/parted.yaml", "k: main\n---\n"),
        ("data/common/parted.d/10.yaml", "k: first"),
        ("data/common/j.json", r#"{"k": 1, "l": 1}"#),
        ("data/common/j.d/10.json", r#"{"k": 2}"#),
        ("policy.d/json.yaml", "lookups: [{ name: j, docroot: data, format: json, searchpath: [common] }]"),
    ]);
    let lookups = Lookups::on(data.path());
    let get = |key: &str, namespace: &str| lookups.payload(&format!("/v1/lookup/{key}?namespace={namespace}"));
    assert_eq!((get("k", "ns"), get("l", "ns"), get("use", "ns")), (json!("second"), json!("main"), json!({"q": 1})));
    assert_eq!((get("k", "alone"), get("k", "parted")), (json!("alone"), json!("main")));
    assert_eq!((get("k", "j&policy=json"), get("l", "j&policy=json")), (json!(2), json!(1)));
    // The error is in the fragment, and its line is counted from the fragment's start.
    data.write("data/common/ns.d/20.yaml", "m: 1\nk: [1\n");
    let (status, message) = lookups.failure("/v1/lookup/l?namespace=ns");
    assert!(status == 501 && message.contains("in common/ns.d/20.yaml, line 2 column 4"), "{message}");
    data.write("data/common/j.d/10.json", "{\n\"k\": ]");
    let (status, message) = lookups.failure("/v1/lookup/l?namespace=j&policy=json");
    assert!(status == 501 && message.contains("in common/j.d/10.json, line 2 column 6"), "{message}");
    fs::remove_file(data.path().join("data/common/ns.d/20.yaml")).unwrap();
    assert_eq!(get("k", "ns"), "first");
    data.write("data/common/ns.d/90.yaml", "k: last");
    assert_eq!(get("k", "ns"), "last");
}
