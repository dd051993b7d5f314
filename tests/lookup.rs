//! Lookups over HTTP: Jerakia 3's API on data of our own (tests/fixtures/lookup).

use crate::harness::Lookups;
use serde_json::{Value, json};

#[test]
fn the_most_specific_file_that_has_the_key_wins() {
    let lookups = Lookups::on_fixtures();
    let name = |scope: &str| lookups.payload(&format!("/v1/lookup/name?namespace=a/b{scope}"));
    assert_eq!(name(""), "common");
    assert_eq!(name("&metadata_env=dev"), "dev");
    assert_eq!(name("&metadata_env=prod"), "common");
    assert_eq!(name("&metadata_env=dev&metadata_hostname=web-01"), "web-01");
    assert_eq!(name("&metadata_env=dev&scope=none"), "common");
}

#[test]
fn a_key_is_found_or_not_and_may_be_null() {
    let lookups = Lookups::on_fixtures();
    assert_eq!(lookups.payload("/v1/lookup/nothing?namespace=apache"), Value::Null);
    assert_eq!(lookups.payload("/v1/lookup/off_switch?namespace=apache"), false);
    let nowhere = json!({"status": "ok", "found": false, "payload": null});
    for path in ["/v1/lookup/nowhere?namespace=apache", "/v1/lookup/x?namespace=nowhere", "/v1/lookup?namespace=x/y"] {
        assert_eq!(lookups.json(path), (200, nowhere.clone()), "{path}");
    }
    assert_eq!(lookups.json("/v1/lookup/x?namespace=nowhere&lookup_type=cascade"), (200, nowhere));
}

#[test]
fn a_cascade_merges_most_specific_first() {
    let lookups = Lookups::on_fixtures();
    let cascade = |key: &str, merge: &str| {
        let scope = "metadata_env=dev&metadata_hostname=web-01&use_schema=false";
        lookups.payload(&format!("/v1/lookup/{key}?namespace=a/b&lookup_type=cascade&merge={merge}&{scope}"))
    };
    assert_eq!(cascade("users", "array"), json!(["web", "dev", "root", "daemon"]));
    assert_eq!(cascade("limits", "hash"), json!({"files": 4096, "time": {"soft": 99}}));
    assert_eq!(cascade("limits", "deep_hash"), json!({"files": 4096, "time": {"soft": 99, "hard": 20}}));
}

#[test]
fn a_schema_says_how_a_key_is_looked_up() {
    let lookups = Lookups::on_fixtures();
    let dev = "namespace=a/b&metadata_env=dev";
    assert_eq!(lookups.payload(&format!("/v1/lookup/users?{dev}")), json!(["dev", "root", "daemon"]));
    assert_eq!(lookups.payload(&format!("/v1/lookup/limits?{dev}"))["time"], json!({"soft": 99, "hard": 20}));
    assert_eq!(lookups.payload(&format!("/v1/lookup/http_port?{dev}")), 80);
    assert_eq!(lookups.payload(&format!("/v1/lookup/users?{dev}&use_schema=false")), "dev");
}

#[test]
fn fragments_are_read_after_their_file_in_the_order_of_their_names() {
    let lookups = Lookups::on_fixtures();
    assert_eq!(lookups.payload("/v1/lookup/logdir?namespace=apache"), "/srv/log");
    assert_eq!(lookups.payload("/v1/lookup/modules?namespace=apache"), json!(["from_10"]));
    let all = lookups.payload("/v1/lookup?namespace=apache");
    assert_eq!(
        (&all["port"], &all["logdir"], &all["vhosts"]["8080"]),
        (&json!(80), &json!("/srv/log"), &json!("intern"))
    );
}

#[test]
fn conditions_decide_which_lookups_take_part_and_stop_ends_them() {
    let lookups = Lookups::on_fixtures();
    let get = |key: &str, env: &str| lookups.json(&format!("/v1/lookup/{key}?namespace=apps&metadata_env={env}")).1;
    assert_eq!(get("port", "dev")["payload"], 3000);
    assert_eq!(get("only_here", "dev")["found"], false, "stopped");
    assert_eq!(get("secret_key", "dev")["payload"], "from data", "excluded");
    for env in ["prod", "development", "xdev", ""] {
        assert_eq!(get("port", env)["payload"], 1, "{env}");
    }
    assert_eq!(lookups.payload("/v1/lookup/name?namespace=a/b&policy=flat"), "common");
}

#[test]
fn integer_keys_survive_in_message_pack() {
    let lookups = Lookups::on_fixtures();
    let headers = format!("X-Authentication: {}\r\nContent-Type: application/x-msgpack\r\n", lookups.token);
    let response = lookups.server.client().get("/v1/lookup/vhosts?namespace=apache", &headers);
    let expected = b"\x83\xa6status\xa2ok\xa5found\xc3\xa7payload\x82\xcd\x1f\x90\xa6intern\x50\xa6public";
    assert_eq!(response.body, expected);
}

#[test]
fn bad_requests_are_answered_400() {
    let lookups = Lookups::on_fixtures();
    let failed = |path: &str, status: u16, part: &str| {
        let (got, body) = lookups.json(path);
        assert_eq!((got, &body["status"]), (status, &json!("failed")), "{path}: {body}");
        assert!(body["message"].as_str().unwrap().contains(part), "{path}: {body}");
    };
    failed("/v1/lookup/port", 400, "Must include parameter namespace in request");
    failed("/v1/lookup", 400, "Must include parameter namespace in request");
    failed("/v1/lookup/port?namespace=apache&lookup_type=all", 400, "lookup_type must be");
    failed("/v1/lookup/port?namespace=apache&scope=facts", 400, "scope must be");
    for scope in ["yaml", "puppetdb"] {
        let path = format!("/v1/lookup/port?namespace=apache&scope={scope}&scope_file=/etc/passwd");
        failed(&path, 400, &format!("scope={scope} is not supported: send the values as parameters metadata_<key>"));
    }
    failed("/v1/lookup/port?namespace=apache&scope=server", 400, "scope_realm");
    failed("/v1/lookup/port?namespace=apache&policy=nope", 501, "No such policy nope");
    failed("/v1/lookup/port?namespace=apache&policy=misspelt", 501, "line 3, column 5");
    for namespace in ["..", "a/../b", "%2e%2e", "a%00b", "../data/common"] {
        failed(&format!("/v1/lookup/x?namespace={namespace}"), 400, "out of the data directory");
    }
    for scope in ["..", "../../x", "x/../../y", "a%00"] {
        failed(&format!("/v1/lookup/x?namespace=apache&metadata_env={scope}"), 400, "out of the data directory");
    }
    failed("/v1/lookup/x?namespace=apache&policy=../policy.d/flat", 400, "policy");
    lookups.server.wait_for_log("lead out of the data directory");
}

#[test]
fn another_content_type_is_refused_and_so_is_no_token() {
    let lookups = Lookups::on_fixtures();
    let path = "/v1/lookup/port?namespace=apache";
    let headers = format!("X-Authentication: {}\r\nContent-Type: text/xml\r\n", lookups.token);
    let response = lookups.server.client().get(path, &headers);
    assert_eq!((response.status, response.text()), (415, "Content type text/xml not supported"));
    for path in [path, "/v1/lookup", "/v1/scope/a/b", "/v1/scope/a/b/uuid"] {
        assert_eq!(lookups.server.client().get(path, "").status, 401, "{path}");
    }
}

#[test]
fn scope_data_is_stored_and_looked_up_with() {
    let lookups = Lookups::on_fixtures();
    let path = "/v1/scope/puppet/web-01.example.org";
    assert_eq!(lookups.json(path), (404, json!({"status": "failed", "message": "No scope data found"})));
    let stored = |body: &str| {
        let response = lookups.put(path, "Content-Type: application/json\r\n", body.as_bytes());
        assert_eq!(response.status, 200, "{}", response.text());
        serde_json::from_slice::<Value>(&response.body).unwrap()["uuid"].clone()
    };
    let first = stored(r#"{"env": "dev", "hostname": "web-01"}"#);
    assert_eq!(lookups.json(path), (200, json!({"status": "ok", "payload": {"env": "dev", "hostname": "web-01"}})));
    assert_eq!(lookups.json(&format!("{path}/uuid")), (200, json!({"status": "ok", "uuid": first})));
    let server = "scope=server&scope_realm=puppet&scope_identifier=web-01.example.org";
    assert_eq!(lookups.payload(&format!("/v1/lookup/name?namespace=a/b&{server}")), "web-01");

    assert_eq!(stored(r#"{"env": "dev", "hostname": "web-01"}"#), first, "the same data");
    assert_ne!(stored(r#"{"env": "dev"}"#), first);
    assert_eq!(lookups.payload(&format!("/v1/lookup/name?namespace=a/b&{server}")), "dev");
    let packed = lookups.put(path, "Content-Type: application/x-msgpack\r\n", b"\x81\xa3env\xa4prod");
    assert_eq!(packed.status, 200);
    assert_eq!(lookups.payload(&format!("/v1/lookup/name?namespace=a/b&{server}")), "common");
    for bad in ["", "[1]", "{", "null"] {
        assert_eq!(lookups.put(path, "Content-Type: application/json\r\n", bad.as_bytes()).status, 400, "{bad}");
    }
    let unknown = "scope=server&scope_realm=puppet&scope_identifier=nobody";
    assert_eq!(lookups.json(&format!("/v1/lookup/name?namespace=a/b&{unknown}")).0, 501);
}

/// Hiera sends `none`; Ruby's clients send nil without a value.
#[test]
fn unknown_merge_types_and_parameters_without_a_value_are_ignored() {
    let lookups = Lookups::on_fixtures();
    let cascade = "lookup_type=cascade&namespace=a/b&metadata_env=dev&use_schema=false";
    for merge in ["merge=none", "merge=", "merge", "merge=all", "merge=Hash", "merge=hash&merge=none"] {
        let users = lookups.payload(&format!("/v1/lookup/users?{cascade}&{merge}"));
        assert_eq!(users, json!(["dev", "root", "daemon"]), "{merge}");
    }
    assert_eq!(lookups.payload(&format!("/v1/lookup/limits?{cascade}&merge=hash"))["files"], 4096);
    for nil in ["scope", "scope=", "policy=", "lookup_type=", "use_schema", "scope&policy&lookup_type&merge"] {
        let path = format!("/v1/lookup/name?namespace=a/b&metadata_env=dev&{nil}");
        assert_eq!(lookups.payload(&path), "dev", "{nil}");
    }
}

#[test]
fn two_slashes_in_a_path_of_the_lookup_api_are_one() {
    let lookups = Lookups::on_fixtures();
    for path in ["//v1/lookup/port", "/v1//lookup/port", "/v1/lookup///port", "http://h//v1/lookup//port"] {
        assert_eq!(lookups.payload(&format!("{path}?namespace=apache")), 80, "{path}");
    }
    assert_eq!(lookups.payload("//v1/lookup?namespace=a//b")["name"], "common");
    let stored = lookups.put("/v1//scope/puppet//web-01", "Content-Type: application/json\r\n", br#"{"env":"dev"}"#);
    assert_eq!(stored.status, 200);
    assert_eq!(lookups.json("/v1/scope//puppet/web-01").1["payload"]["env"], "dev");
    assert_eq!(lookups.server.client().get("//v1/lookup/port?namespace=apache", "").status, 401);
    assert_eq!(lookups.get("/v1/lookup/a%2F%2Fb?namespace=apache").status, 200, "a key may have slashes of its own");
}
