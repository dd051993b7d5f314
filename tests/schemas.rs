//! Schemas, and how values of several files become one, as users of Jerakia 3 have them.

use crate::harness::{Lookups, World};
use serde_json::{Value, json};

#[test]
fn without_a_key_each_key_is_answered_as_if_it_were_asked_for_alone() {
    let data = World::with_files(&[
        ("data/env/dev/ns.yaml", "list: [dev]\nname: dev\nmap: {b: 2}\nnothing: ~\nonly: 1"),
        ("data/common/ns.yaml", "name: common\nlist: [common]\nmap: {a: 1}\nnothing: 5\ngeneral: 2"),
        (
            "schema/ns.json",
            r#"{"list": {"cascade": true}, "map": {"cascade": true, "merge": "deep_hash"}, "al": {"alias": {"key": "name"}}}"#,
        ),
    ]);
    let lookups = Lookups::on(data.path());
    let all = lookups.get("/v1/lookup?namespace=ns&metadata_env=dev");
    let expected = r#"{"list":["dev","common"],"name":"dev","map":{"a":1,"b":2},"nothing":5,"only":1,"general":2}"#;
    assert_eq!(
        all.text(),
        format!(r#"{{"status":"ok","found":true,"payload":{expected}}}"#),
        "in the order of the files"
    );
    let map: serde_json::Map<String, Value> = serde_json::from_str(expected).unwrap();
    for (key, value) in &map {
        assert_eq!(&lookups.payload(&format!("/v1/lookup/{key}?namespace=ns&metadata_env=dev")), value, "{key}");
    }
    let plain = lookups.payload("/v1/lookup?namespace=ns&metadata_env=dev&use_schema=false");
    assert_eq!((&plain["list"], &plain["map"]), (&json!(["dev"]), &json!({"b": 2})));
    let cascade = lookups.payload("/v1/lookup?namespace=ns&metadata_env=dev&lookup_type=cascade&use_schema=false");
    assert_eq!((&cascade["name"], &cascade["nothing"]), (&json!(["dev", "common"]), &json!([null, 5])));
}

#[test]
fn a_more_specific_null_falls_through_unless_all_are_null() {
    let data = World::with_files(&[
        ("data/env/dev/ns.yaml", "k: ~\nall: ~\noff_switch: false"),
        ("data/common/ns.yaml", "k: 1\nall: ~\noff_switch: true"),
    ]);
    let lookups = Lookups::on(data.path());
    let get = |key: &str| lookups.payload(&format!("/v1/lookup/{key}?namespace=ns&metadata_env=dev"));
    assert_eq!((get("k"), get("all"), get("off_switch")), (json!(1), Value::Null, json!(false)));
}

#[test]
fn an_alias_uses_the_schema_of_its_target_and_a_broken_entry_fails_its_key() {
    let data = World::with_files(&[
        ("data/env/dev/ns.yaml", "list: [dev]\nk: dev"),
        ("data/common/ns.yaml", "list: [common]\nk: common\nother: 1\nbad: 1\ntrue_text: 2"),
        ("data/common/sub/deep.yaml", "k: deep\nlist: [deep]"),
        ("schema/sub/deep.json", r#"{"list": {"cascade": true}}"#),
        ("data/common/empty.yaml", "k: 3"),
        (
            "schema/ns.json",
            r#"{"list": {"cascade": true}, "al": {"alias": {"key": "list"}, "merge": "hash"},
                "own": {"alias": {"key": "k"}, "cascade": true}, "far": {"alias": {"namespace": "sub/deep", "key": "k"}},
                "far_list": {"alias": {"namespace": "sub/deep", "key": "list"}, "merge": "hash"},
                "listed": {"alias": {"namespace": ["sub", "deep"], "key": "k"}}, "twice": {"alias": {"key": "al"}},
                "other": {"alias": "text"}, "true_text": {"cascade": "true"}, "k": {"cascade": false},
                "bad": {"cascade": true, "wrong": 1}, "badmerge": {"merge": "both"}, "badalias": {"alias": [1]}, "no": 1}"#,
        ),
        ("schema/empty.json", ""),
        ("schema/broken.json", "{broken"),
        ("data/common/broken.yaml", "k: 1"),
    ]);
    let lookups = Lookups::on(data.path());
    let path = |key: &str| format!("/v1/lookup/{key}?namespace=ns&metadata_env=dev");
    let get = |key: &str| lookups.payload(&path(key));
    assert_eq!((get("al"), get("own")), (json!(["dev", "common"]), json!("dev")));
    assert_eq!((get("far"), get("listed"), get("far_list")), (json!("deep"), json!("deep"), json!(["deep"])));
    assert_eq!((get("other"), get("true_text")), (json!(1), json!([2])));
    assert!(!lookups.found(&path("twice")), "an alias of an alias is not followed");
    assert_eq!(lookups.payload(&format!("{}&lookup_type=cascade", path("k"))), json!(["dev", "common"]));
    for (key, part) in [
        ("bad", "wrong"),
        ("badmerge", "array, hash or deep_hash"),
        ("badalias", "alias must be"),
        ("no", "must be a map"),
    ] {
        let (status, message) = lookups.failure(&path(key));
        assert!(status == 501 && message.contains("schema/ns.json") && message.contains(part), "{key}: {message}");
    }
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=empty"), 3);
    assert_eq!(lookups.failure("/v1/lookup/k?namespace=broken").0, 501);
}

#[test]
fn unknown_merges_and_double_slashes_are_tolerated() {
    let data = World::with_files(&[("data/common/ns.yaml", "k: {a: [1]}")]);
    let lookups = Lookups::on(data.path());
    for merge in ["none", "", "all", "array"] {
        assert_eq!(lookups.payload(&format!("/v1/lookup/k?namespace=ns&merge={merge}")), json!({"a": [1]}), "{merge}");
        let cascade = format!("/v1/lookup/k?namespace=ns&merge={merge}&lookup_type=cascade");
        assert_eq!(lookups.payload(&cascade), json!([{"a": [1]}]), "{merge}");
    }
    assert_eq!(lookups.payload("//v1//lookup///k?namespace=ns&scope="), json!({"a": [1]}));
    assert_eq!(lookups.server.client().get("//v1//lookup/k?namespace=ns", "").status, 401);
    assert_eq!(lookups.json("//v1//nothing//k").0, 404);
}
