//! Output filters of policies: strsub and dig.

use crate::harness::{Lookups, World};
use serde_json::{Value, json};
use std::fs;
use tempfile::TempDir;

const DATA: &str = "\
url: \"http://%{host}/%{::env}?%{nowhere}%{list}%\"
plain: 100%
open: \"%{host\"
port: 80
nested: {list: [\"%{env}\", {\"%{env}\": \"%{env}\"}], size: 1}
";

fn lookups(filters: &str, data: &str) -> (TempDir, Lookups) {
    let directory = tempfile::tempdir().unwrap();
    for name in ["policy.d", "data/common", "data/env/dev"] {
        fs::create_dir_all(directory.path().join(name)).unwrap();
    }
    let policy = format!(
        "lookups:\n  - name: app\n    docroot: data\n    searchpath: [\"env/%{{env}}\", common]\n    output_filters: {filters}\n"
    );
    fs::write(directory.path().join("policy.d/default.yaml"), policy).unwrap();
    fs::write(directory.path().join("data/common/app.yaml"), data).unwrap();
    let lookups = Lookups::on(directory.path());
    (directory, lookups)
}

fn message((status, body): (u16, Value)) -> String {
    assert_eq!(status, 501, "{body}");
    body["message"].as_str().unwrap().into()
}

#[test]
fn strsub_fills_in_the_scope() {
    let (_directory, lookups) = lookups("[strsub]", DATA);
    let get =
        |key: &str| lookups.payload(&format!("/v1/lookup/{key}?namespace=app&metadata_host=web-01&metadata_env=dev"));
    assert_eq!(get("url"), "http://web-01/dev?%");
    assert_eq!((get("plain"), get("open"), get("port")), (json!("100%"), json!("%{host"), json!(80)));
    assert_eq!(get("nested"), json!({"list": ["dev", {"%{env}": "dev"}], "size": 1}), "in values, not in keys");
    let all = lookups.payload("/v1/lookup?namespace=app&metadata_host=web-01&metadata_env=dev");
    assert_eq!((&all["url"], &all["port"]), (&json!("http://web-01/dev?%"), &json!(80)));
    assert_eq!(lookups.payload("/v1/lookup/url?namespace=app"), "http:///?%", "of a scope that is empty");
    assert_eq!(lookups.payload("/v1/lookup/url?namespace=app&metadata_host=%25%7Benv%7D"), "http://%{env}/?%", "once");
}

#[test]
fn without_the_filter_values_stay_as_they_are() {
    let (_directory, lookups) = lookups("[]", DATA);
    assert_eq!(
        lookups.payload("/v1/lookup/url?namespace=app&metadata_env=dev"),
        "http://%{host}/%{::env}?%{nowhere}%{list}%"
    );
}

#[test]
fn filtered_values_merge() {
    let (directory, lookups) = lookups("[strsub]", "m: {a: \"%{env}\", b: 1}\n");
    fs::write(directory.path().join("data/env/dev/app.yaml"), "m: {c: \"%{env}\", b: 2}\n").unwrap();
    let merged = lookups.payload("/v1/lookup/m?namespace=app&metadata_env=dev&lookup_type=cascade&merge=hash");
    assert_eq!(merged, json!({"c": "dev", "b": 2, "a": "dev"}));
}

#[test]
fn dig_follows_a_path_into_maps() {
    let data = "server: {tls: {443: \"%{env}\", key: null}}\nother: {tls: 1}\n";
    let (_directory, lookups) = lookups("[strsub, {dig: [tls, 443]}]", data);
    assert_eq!(lookups.payload("/v1/lookup/server?namespace=app&metadata_env=dev"), "dev");
    assert_eq!(lookups.json("/v1/lookup/other?namespace=app").1["found"], false);
    assert_eq!(lookups.json("/v1/lookup/nowhere?namespace=app").1["found"], false);
    assert_eq!(lookups.payload("/v1/lookup?namespace=app&metadata_env=dev"), json!({"server": "dev"}));
}

#[test]
fn a_value_that_cannot_be_filtered_is_an_error() {
    let (_directory, digging) = lookups("[{dig: [tls]}]", "port: 80\nserver: {tls: null}\n");
    let said = message(digging.json("/v1/lookup/port?namespace=app"));
    assert!(said.contains("dig") && said.contains("map"), "{said}");
    assert_eq!(digging.payload("/v1/lookup/server?namespace=app"), Value::Null, "set to null");

    let (_directory, unknown) = lookups("[strsub, jinja]", "port: 80\n");
    let said = message(unknown.json("/v1/lookup/port?namespace=app"));
    assert!(said.contains("jinja") && said.contains("line 5"), "{said}");
}

/// A few bytes of data insert a client's value many times.
#[test]
fn the_memory_of_filtered_values_is_bounded() {
    let data = format!("large: [{}]\nsmall: \"%{{env}}\"\n", vec!["\"%{env}\""; 20_000].join(", "));
    let (_directory, lookups) = lookups("[strsub]", &data);
    let get = |key: &str, length: usize| {
        lookups.json(&format!("/v1/lookup/{key}?namespace=app&metadata_env={}", "x".repeat(length)))
    };
    assert_eq!(get("large", 10).1["payload"].as_array().unwrap().len(), 20_000);
    let said = message(get("large", 2_000));
    assert!(said.contains("16 MiB"), "{said}");
    assert_eq!(get("small", 2_000).1["payload"].as_str().unwrap().len(), 2_000);
}

#[test]
fn output_filters_replace_names_and_dig() {
    let data = World::with_files(&[
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
    let (status, message) = lookups.failure(&path("list", "dig"));
    assert!(status == 501 && message.contains("key list: dig needs a map"), "{message}");
    data.write(
        "policy.d/dig.yaml",
        "lookups: [{ name: a, docroot: data, searchpath: [''], output_filters: [{ dig: [n, nowhere] }] }]",
    );
    assert!(!lookups.found(&path("m", "dig")));
    data.write("policy.d/dig.yaml", "lookups: [{ name: a, docroot: data, searchpath: [''], output_filters: [hiera] }]");
    assert_eq!(lookups.failure(&path("m", "dig")).0, 501);
}

/// A short file and a long scope: the output of `strsub` is bounded.
#[test]
fn the_output_of_strsub_is_bounded() {
    let data = World::with_files(&[
        ("data/ns.yaml", &format!("k: '{}'\nok: '%{{x}}'\n", "%{x}".repeat(10_000))),
        ("policy.d/default.yaml", "lookups: [{ name: a, docroot: data, searchpath: [''], output_filters: [strsub] }]"),
    ]);
    let lookups = Lookups::on(data.path());
    let scope = format!(r#"{{"x": "{}"}}"#, "x".repeat(200_000));
    assert_eq!(lookups.put("/v1/scope/r/i", "Content-Type: application/json\r\n", scope.as_bytes()).status, 200);
    let server = "&scope=server&scope_realm=r&scope_identifier=i";
    let (status, message) = lookups.failure(&format!("/v1/lookup/k?namespace=ns{server}"));
    assert!(status == 501 && message.contains("16 MiB"), "{message}");
    assert_eq!(lookups.payload(&format!("/v1/lookup/ok?namespace=ns{server}")).as_str().unwrap().len(), 200_000);
}
