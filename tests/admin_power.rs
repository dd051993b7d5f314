//! Administration over HTTP: a token hands out no more power than it has.

use crate::harness::Api;
use serde_json::{Value, json};

/// A token that administers, and may look up below `a`.
const LIMITED: &[&str] = &["lookup:a/**", "tokens:read", "tokens:write"];

fn refused(api: &Api, token: &str, method: &str, path: &str, body: Value, part: &str) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (status, answer) = api.call_as(token, method, path, &body);
    assert_eq!(status, 403, "{method} {path} {body}: {answer}");
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains(part), "{method} {path} {body}: {message}");
}

#[test]
fn a_limited_token_makes_none_that_may_do_more() {
    let api = Api::new();
    let limited = api.token("limited", LIMITED);
    let new = |grants: Value| json!({"api_id": "new", "grants": grants});
    for grants in [
        json!([]),
        json!(["**"]),
        json!(["lookup:*"]),
        json!(["lookup:**"]),
        json!(["lookup:ab"]),
        json!(["lookup:a/b", "lookup:b"]),
        json!(["tokens:*"]),
        json!(["tokens:**"]),
        json!(["http:GET:example.org/**"]),
    ] {
        refused(&api, &limited, "POST", "/v1/tokens", new(grants), "not within its own");
    }
    refused(&api, &limited, "POST", "/v1/tokens", json!({"api_id": "new"}), "not within its own");
    assert_eq!(api.call("GET", "/v1/tokens/new", "").0, 404);
    for (number, grants) in
        [json!(["lookup:a/*"]), json!(["lookup:a/**", "tokens:read"]), json!(["tokens:write"])].iter().enumerate()
    {
        let new = json!({"api_id": format!("new{number}"), "grants": grants});
        assert_eq!(api.call_as(&limited, "POST", "/v1/tokens", new).0, 201, "{grants}");
    }
}

#[test]
fn a_limited_token_hands_out_nothing_of_one_that_may_do_more() {
    let api = Api::new();
    let limited = api.token("limited", LIMITED);
    api.token("plain", &[]);
    api.token("wide", &["lookup:**"]);
    api.token("within", &["lookup:a/b"]);
    for id in ["plain", "wide", "admin"] {
        let path = format!("/v1/tokens/{id}");
        let part = "not within its own";
        refused(&api, &limited, "POST", &format!("{path}/rotate"), Value::Null, part);
        refused(&api, &limited, "POST", &format!("{path}/regenerate"), Value::Null, part);
        refused(&api, &limited, "POST", &format!("{path}/enable"), Value::Null, part);
        refused(&api, &limited, "DELETE", &path, Value::Null, part);
        refused(&api, &limited, "PATCH", &path, json!({"expires": "never"}), part);
        refused(&api, &limited, "PATCH", &path, json!({"grants": ["lookup:a/b"]}), part);
        refused(&api, &limited, "PATCH", &path, json!({"labels": {"a": "1"}}), part);
        assert_eq!(api.call_as(&limited, "PATCH", &path, json!({"description": "d"})).0, 200);
    }
    refused(&api, &limited, "PATCH", "/v1/tokens/within", json!({"grants": ["lookup:**"]}), "not within its own");
    refused(&api, &limited, "PATCH", "/v1/tokens/limited", json!({"grants": []}), "not within its own");
    refused(&api, &limited, "PATCH", "/v1/tokens/limited", json!({"grants": ["tokens:**"]}), "not within its own");
    assert_eq!(api.call_as(&limited, "POST", "/v1/tokens/within/rotate", "").0, 200);
    // Disabling takes power away from whomever, and needs no more than tokens:write.
    assert_eq!(api.call_as(&limited, "POST", "/v1/tokens/plain/disable", "").0, 200);
    let entries = api.done("GET", "/v1/audit?api_id=plain", "");
    assert_eq!(entries["payload"][1]["outcome"], "not permitted");
}

#[test]
fn a_token_that_ends_makes_none_that_ends_later() {
    let api = Api::new();
    let grants = json!(["lookup:**", "tokens:write"]);
    let new = json!({"api_id": "short", "grants": grants, "expires": "1h"});
    let short = api.done("POST", "/v1/tokens", new)["token"].as_str().unwrap().to_owned();
    for expires in ["2h", "never"] {
        let new = json!({"api_id": "new", "grants": ["lookup:a"], "expires": expires});
        refused(&api, &short, "POST", "/v1/tokens", new, "ends later");
    }
    refused(&api, &short, "POST", "/v1/tokens", json!({"api_id": "new", "grants": ["lookup:a"]}), "ends later");
    refused(&api, &short, "PATCH", "/v1/tokens/short", json!({"expires": "2h"}), "ends later");
    let new = json!({"api_id": "new", "grants": ["lookup:a"], "expires": "30m"});
    assert_eq!(api.call_as(&short, "POST", "/v1/tokens", new).0, 201);
}

#[test]
fn a_former_secret_hands_out_no_power() {
    let api = Api::new();
    let old = api.token("limited", LIMITED);
    api.token("within", &["lookup:a/b"]);
    let (status, rotated) = api.call_as(&old, "POST", "/v1/tokens/limited/rotate", "");
    let new = rotated["token"].as_str().unwrap();
    assert_eq!(status, 200, "a token may rotate itself");
    let made = json!({"api_id": "made", "grants": ["lookup:a/b"]});
    let part = "use its new secret";
    refused(&api, &old, "POST", "/v1/tokens", made.clone(), part);
    refused(&api, &old, "POST", "/v1/tokens/limited/rotate", json!({"force": true}), part);
    refused(&api, &old, "POST", "/v1/tokens/within/regenerate", Value::Null, part);
    refused(&api, &old, "PATCH", "/v1/tokens/within", json!({"expires": "never"}), part);
    assert_eq!(api.call_as(&old, "GET", "/v1/tokens", "").0, 200);
    assert_eq!(api.call_as(&old, "POST", "/v1/tokens/within/disable", "").0, 200);
    assert_eq!(api.call_as(new, "POST", "/v1/tokens", made).0, 201);
}

#[test]
fn a_token_without_grants_for_it_only_deletes_itself() {
    let api = Api::new();
    let plain = api.world.create("plain");
    assert_eq!(api.call_as(&plain, "DELETE", "/v1/tokens/plain", "").0, 403);
    assert_eq!(api.call_as(&plain, "DELETE", "/v1/whoami", "").0, 200);
    assert_eq!(api.call("GET", "/v1/tokens/plain", "").0, 404);
    assert_eq!(api.call_as(&plain, "GET", "/v1/whoami", "").0, 401);
}
