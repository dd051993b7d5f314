//! Data, schemas and policies as users of Jerakia 3 have them. recorded.rs compares with
//! recorded answers of Jerakia 3.

use crate::harness::{Lookups, Ran, World};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Files in a data directory.
fn with(files: &[(&str, &str)]) -> World {
    let data = World::new();
    for (path, text) in files {
        write(data.path(), path, text);
    }
    data
}

fn write(data: &Path, path: &str, text: &str) {
    let path = data.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The message of a failed lookup.
fn failure(lookups: &Lookups, path: &str) -> (u16, String) {
    let (status, body) = lookups.json(path);
    assert_eq!(body["status"], "failed", "{path}: {body}");
    (status, body["message"].as_str().unwrap().to_owned())
}

fn found(lookups: &Lookups, path: &str) -> Value {
    let (status, body) = lookups.json(path);
    assert_eq!(status, 200, "{path}: {body}");
    body["found"].clone()
}

#[test]
fn integers_of_any_size_are_exact_in_json_and_fail_their_key_in_message_pack() {
    let numbers = "[18446744073709551615, 18446744073709551616, -123456789012345678901234567890123456789012345678]";
    let data = with(&[
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
    let world = with(&[(
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
fn what_cannot_be_expressed_fails_its_key_and_not_the_file() {
    let data = with(&[(
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
        let (status, message) = failure(&lookups, &format!("/v1/lookup/{key}?namespace=ns"));
        assert!(status == 501 && message.contains("ns.yaml") && message.contains(part), "{key}: {status} {message}");
    }
    let get = |key: &str| lookups.payload(&format!("/v1/lookup/{key}?namespace=ns"));
    assert_eq!((get("text"), get("twice"), get("ok")), (json!("hi"), json!(2), json!(1)));
    let (status, message) = failure(&lookups, "/v1/lookup?namespace=ns");
    assert!(status == 501 && message.contains("line 1"), "all keys have one that is broken: {message}");
}

#[test]
fn one_document_is_read_and_an_empty_one_has_nothing() {
    let data = with(&[
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
        assert_eq!(found(&lookups, &format!("/v1/lookup/k?namespace={namespace}")), false, "{namespace}");
        assert_eq!(found(&lookups, &format!("/v1/lookup?namespace={namespace}")), false, "{namespace}");
    }
    let (status, message) = failure(&lookups, "/v1/lookup/k?namespace=list");
    assert!(status == 501 && message.contains("must be a map"), "{message}");
}

#[test]
fn fragments_are_one_document_with_their_file() {
    let data = with(&[
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
    write(data.path(), "data/common/ns.d/20.yaml", "m: 1\nk: [1\n");
    let (status, message) = failure(&lookups, "/v1/lookup/l?namespace=ns");
    assert!(status == 501 && message.contains("in common/ns.d/20.yaml, line 2 column 4"), "{message}");
    write(data.path(), "data/common/j.d/10.json", "{\n\"k\": ]");
    let (status, message) = failure(&lookups, "/v1/lookup/l?namespace=j&policy=json");
    assert!(status == 501 && message.contains("in common/j.d/10.json, line 2 column 6"), "{message}");
    fs::remove_file(data.path().join("data/common/ns.d/20.yaml")).unwrap();
    assert_eq!(get("k", "ns"), "first");
    write(data.path(), "data/common/ns.d/90.yaml", "k: last");
    assert_eq!(get("k", "ns"), "last");
}

#[test]
fn an_empty_namespace_is_the_files_that_the_search_path_names() {
    let data = with(&[
        ("data/common.yaml", "k: common\nboth: 1"),
        ("data/env/dev.yaml", "k: dev"),
        ("schema.json", r#"{"both": {"cascade": true}}"#),
    ]);
    let lookups = Lookups::on(data.path());
    for namespace in ["", "/", "//"] {
        assert_eq!(lookups.payload(&format!("/v1/lookup/k?namespace={namespace}")), "common");
        assert_eq!(lookups.payload(&format!("/v1/lookup/k?namespace={namespace}&metadata_env=dev")), "dev");
    }
    assert_eq!(lookups.payload("/v1/lookup/both?namespace="), 1, "and has no schema");
    assert_eq!(lookups.payload("/v1/lookup?namespace=&metadata_env=dev"), json!({"k": "dev", "both": 1}));
}

#[test]
fn without_a_key_each_key_is_answered_as_if_it_were_asked_for_alone() {
    let data = with(&[
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
    let data = with(&[
        ("data/env/dev/ns.yaml", "k: ~\nall: ~\noff_switch: false"),
        ("data/common/ns.yaml", "k: 1\nall: ~\noff_switch: true"),
    ]);
    let lookups = Lookups::on(data.path());
    let get = |key: &str| lookups.payload(&format!("/v1/lookup/{key}?namespace=ns&metadata_env=dev"));
    assert_eq!((get("k"), get("all"), get("off_switch")), (json!(1), Value::Null, json!(false)));
}

#[test]
fn an_alias_uses_the_schema_of_its_target_and_a_broken_entry_fails_its_key() {
    let data = with(&[
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
    assert_eq!(found(&lookups, &path("twice")), false, "an alias of an alias is not followed");
    assert_eq!(lookups.payload(&format!("{}&lookup_type=cascade", path("k"))), json!(["dev", "common"]));
    for (key, part) in [
        ("bad", "wrong"),
        ("badmerge", "array, hash or deep_hash"),
        ("badalias", "alias must be"),
        ("no", "must be a map"),
    ] {
        let (status, message) = failure(&lookups, &path(key));
        assert!(status == 501 && message.contains("schema/ns.json") && message.contains(part), "{key}: {message}");
    }
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=empty"), 3);
    assert_eq!(failure(&lookups, "/v1/lookup/k?namespace=broken").0, 501);
}

#[test]
fn an_absolute_search_path_stays_in_allowed_roots() {
    let (data, elsewhere) =
        (with(&[("data/in/ns.yaml", "k: in")]), with(&[("a/dev/ns.yaml", "k: out"), ("b/ns.yaml", "k: b")]));
    let (root, out) = (data.path().display(), elsewhere.path().display());
    let policy = |name: &str, entry: &str, allowed: &str| {
        let text =
            format!("lookups: [{{ name: l, docroot: data, searchpath: ['{entry}'], allowed_roots: [{allowed}] }}]");
        write(data.path(), &format!("policy.d/{name}.yaml"), &text);
    };
    policy("inside", &format!("{root}/data/in"), "");
    policy("allowed", &format!("{out}/a/%{{env}}"), &format!("'{out}/a'"));
    policy("refused", &format!("{out}/b"), &format!("'{out}/a'"));
    policy("beside", &format!("{out}/ab"), &format!("'{out}/a'"));
    policy("value", "%{env}", "");
    let lookups = Lookups::on(data.path());
    let path = |policy: &str, env: &str| format!("/v1/lookup/k?namespace=ns&policy={policy}&metadata_env={env}");
    assert_eq!(lookups.payload(&path("inside", "")), "in");
    assert_eq!(lookups.payload(&path("allowed", "dev")), "out");
    assert_eq!(failure(&lookups, &path("allowed", "../b")).0, 400, "the client's doing");
    for name in ["refused", "beside"] {
        let (status, message) = failure(&lookups, &path(name, ""));
        assert!(
            status == 501 && message.contains(&format!("{name}.yaml")) && message.contains("allowed_roots"),
            "{message}"
        );
    }
    assert_eq!(lookups.payload(&path("value", "in")), "in");
    assert_eq!(failure(&lookups, &path("value", &format!("{root}/data/in"))).0, 400, "a value is never absolute");
    std::os::unix::fs::symlink("../b/ns.yaml", elsewhere.path().join("a/ns.yaml")).unwrap();
    assert_eq!(failure(&lookups, &path("allowed", "")).0, 400, "a link out of the root");
}

#[test]
fn conditions_on_what_is_not_set_fail_or_do_nothing_and_slow_ones_are_stopped() {
    let data = with(&[
        ("one/ns.yaml", "k: one"),
        ("data/ns.yaml", "k: data"),
        (
            "policy.d/confine.yaml",
            "lookups: [{ name: a, docroot: one, searchpath: [''], confine: { scope.env: '.*' } }]",
        ),
        (
            "policy.d/exclude.yaml",
            "lookups: [{ name: a, docroot: one, searchpath: [''], exclude: { scope.env: '.*' } }]",
        ),
        (
            "policy.d/look.yaml",
            "lookups: [{ name: a, docroot: one, searchpath: [''], confine: { scope.env: '(?!prod).*' } }]",
        ),
        (
            "policy.d/slow.yaml",
            "lookups: [{ name: slow, docroot: one, searchpath: [''], confine: { scope.env: '(?=a)(a|aa|aaa)+(?<!c)b' } }]",
        ),
    ]);
    let lookups = Lookups::on(data.path());
    let path = |policy: &str, scope: &str| format!("/v1/lookup/k?namespace=ns&policy={policy}{scope}");
    for (policy, scope, takes_part) in [
        ("confine", "", false),
        ("confine", "&metadata_env=", true),
        ("exclude", "", true),
        ("exclude", "&metadata_env=", false),
        ("look", "&metadata_env=dev", true),
        ("look", "&metadata_env=prod", false),
    ] {
        assert_eq!(found(&lookups, &path(policy, scope)), takes_part, "{policy} {scope}");
    }
    let (status, message) = failure(&lookups, &path("slow", &format!("&metadata_env={}", "a".repeat(300))));
    assert!(status == 501 && message.contains("slow.yaml") && message.contains("too long"), "{message}");
    assert_eq!(found(&lookups, &path("slow", "&metadata_env=aab")), true);
}

#[test]
fn values_in_maps_of_the_scope_are_reachable() {
    let data = with(&[
        ("data/env/dev/ns.yaml", "k: dev"),
        ("data/common/ns.yaml", "k: common"),
        ("policy.d/default.yaml", "lookups: [{ name: a, docroot: data, searchpath: ['env/%{trusted.env}', common] }]"),
    ]);
    let lookups = Lookups::on(data.path());
    let stored = lookups.put("/v1/scope/r/i", "Content-Type: application/json\r\n", br#"{"trusted": {"env": "dev"}}"#);
    assert_eq!(stored.status, 200);
    let server = "&scope=server&scope_realm=r&scope_identifier=i";
    assert_eq!(lookups.payload(&format!("/v1/lookup/k?namespace=ns{server}")), "dev");
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=ns&metadata_trusted.env=dev"), "dev");
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=ns&metadata_trusted=dev"), "common");
}

#[test]
fn output_filters_replace_names_and_dig() {
    let data = with(&[
        (
            "data/ns.yaml",
            "k: 'I am %{env} on %{::host} %{unset}| %{open'\nm: {l: ['%{env}', 1, [plain]], n: {deep: '%{env}!'}}\n\
             '%{env}': key\nlist: [a]\n",
        ),
        ("policy.d/default.yaml", "lookups: [{ name: a, docroot: data, searchpath: [''], output_filters: [strsub] }]"),
        (
            "policy.d/dig.yaml",
            "lookups: [{ name: a, docroot: data, searchpath: [''], output_filters: [{ dig: [n, deep] }, strsub] }]",
        ),
        ("policy.d/plain.yaml", "lookups: [{ name: a, docroot: data, searchpath: [''] }]"),
    ]);
    let lookups = Lookups::on(data.path());
    let path = |key: &str, policy: &str| {
        format!("/v1/lookup/{key}?namespace=ns&metadata_env=dev&metadata_host=h&policy={policy}")
    };
    let get = |key: &str, policy: &str| lookups.payload(&path(key, policy));
    assert_eq!(get("k", "default"), "I am dev on h | %{open");
    assert_eq!(get("m", "default"), json!({"l": ["dev", 1, ["plain"]], "n": {"deep": "dev!"}}));
    assert_eq!(get("m", "plain")["n"]["deep"], "%{env}!");
    assert_eq!(lookups.payload("/v1/lookup?namespace=ns&metadata_env=dev")["%{env}"], "key", "keys stay");
    assert_eq!(
        lookups.payload(&format!("{}&lookup_type=cascade", path("m", "default"))),
        json!([{"l": ["dev", 1, ["plain"]], "n": {"deep": "dev!"}}])
    );
    assert_eq!(get("m", "dig"), "dev!");
    let (status, message) = failure(&lookups, &path("list", "dig"));
    assert!(status == 501 && message.contains("key list: dig needs a map"), "{message}");
    write(
        data.path(),
        "policy.d/dig.yaml",
        "lookups: [{ name: a, docroot: data, searchpath: [''], output_filters: [{ dig: [n, nowhere] }] }]",
    );
    assert_eq!(found(&lookups, &path("m", "dig")), false);
    write(
        data.path(),
        "policy.d/dig.yaml",
        "lookups: [{ name: a, docroot: data, searchpath: [''], output_filters: [hiera] }]",
    );
    assert_eq!(failure(&lookups, &path("m", "dig")).0, 501);
}

/// A short file and a long scope: the output of `strsub` is bounded.
#[test]
fn what_strsub_makes_is_bounded() {
    let data = with(&[
        ("data/ns.yaml", &format!("k: '{}'\nok: '%{{x}}'\n", "%{x}".repeat(10_000))),
        ("policy.d/default.yaml", "lookups: [{ name: a, docroot: data, searchpath: [''], output_filters: [strsub] }]"),
    ]);
    let lookups = Lookups::on(data.path());
    let scope = format!(r#"{{"x": "{}"}}"#, "x".repeat(200_000));
    assert_eq!(lookups.put("/v1/scope/r/i", "Content-Type: application/json\r\n", scope.as_bytes()).status, 200);
    let server = "&scope=server&scope_realm=r&scope_identifier=i";
    let (status, message) = failure(&lookups, &format!("/v1/lookup/k?namespace=ns{server}"));
    assert!(status == 501 && message.contains("16 MiB"), "{message}");
    assert_eq!(lookups.payload(&format!("/v1/lookup/ok?namespace=ns{server}")).as_str().unwrap().len(), 200_000);
}

#[test]
fn any_merge_and_slashes_beside_each_other_are_tolerated() {
    let data = with(&[("data/common/ns.yaml", "k: {a: [1]}")]);
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
