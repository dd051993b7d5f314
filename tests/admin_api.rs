//! Administration over HTTP: what it answers.

use crate::harness::{Api, World};
use serde_json::{Value, json};
use std::fs;

const FIELDS: [&str; 11] = [
    "api_id",
    "created_at",
    "description",
    "expires_at",
    "grants",
    "issued_at",
    "labels",
    "last_address",
    "last_seen",
    "previous",
    "status",
];

#[test]
fn it_is_off_unless_the_settings_say_so() {
    let api = Api::with(&[]);
    let not_found = (404, json!({"status": "failed", "message": "not found"}));
    for (method, path) in [
        ("GET", "/v1/tokens"),
        ("POST", "/v1/tokens"),
        ("GET", "/v1/tokens/admin"),
        ("DELETE", "/v1/tokens/admin"),
        ("POST", "/v1/tokens/admin/disable"),
        ("GET", "/v1/audit"),
    ] {
        assert_eq!(api.call(method, path, ""), not_found, "{method} {path}");
    }
    assert_eq!(api.call("GET", "/v1/whoami", "").0, 200);
    let described = api.call("GET", "/v1/openapi.json", "").1;
    assert_eq!(described["paths"].as_object().unwrap().keys().collect::<Vec<_>>(), ["/v1/openapi.json", "/v1/whoami"]);
    assert_refers_to_what_it_has(&described);
}

#[test]
fn each_route_needs_its_grant() {
    let api = Api::new();
    let (plain, reader, writer) = (
        api.world.create("plain"),
        api.token("reader", &["**", "tokens:read"]),
        api.token("writer", &["**", "tokens:write"]),
    );
    for (method, path, right) in [
        ("GET", "/v1/tokens", "reader"),
        ("GET", "/v1/tokens/plain", "reader"),
        ("GET", "/v1/audit", "reader"),
        ("POST", "/v1/tokens", "writer"),
        ("PATCH", "/v1/tokens/plain", "writer"),
        ("DELETE", "/v1/tokens/nobody", "writer"),
        ("POST", "/v1/tokens/nobody/enable", "writer"),
        ("POST", "/v1/tokens/nobody/disable", "writer"),
        ("POST", "/v1/tokens/nobody/rotate", "writer"),
        ("POST", "/v1/tokens/nobody/regenerate", "writer"),
    ] {
        assert_eq!(api.call_as("bad", method, path, "").0, 401, "{method} {path}");
        for (name, token) in [("plain", &plain), ("reader", &reader), ("writer", &writer)] {
            let (status, body) = api.call_as(token, method, path, "");
            let forbidden = (status, &body["message"]) == (403, &json!("forbidden"));
            assert_eq!(forbidden, name != right, "{method} {path} of {name}: {status} {body}");
        }
    }
    for path in ["/v1/openapi.json", "/v1/whoami"] {
        assert_eq!(api.call_as("bad", "GET", path, "").0, 401);
        assert_eq!(api.call_as(&plain, "GET", path, "").0, 200);
    }
    assert_eq!(api.call_as(&plain, "PUT", "/v1/tokens", "").0, 403);
    assert_eq!(api.call_as(&reader, "PUT", "/v1/tokens", "").0, 405);
}

#[test]
fn a_token_is_created_shown_and_listed() {
    let api = Api::new();
    let new = json!({"api_id": "app", "grants": ["http:**"], "labels": {"team": "web"}, "description": "the shop",
        "expires": "2100-01-31T00:00:00Z"});
    let response = api.send(&api.admin, "POST", "/v1/tokens", "", &new.to_string());
    assert_eq!((response.status, response.header("cache-control")), (201, Some("no-store")));
    let made: Value = serde_json::from_slice(&response.body).unwrap();
    let token = made["token"].as_str().unwrap();
    assert_eq!(api.server.authorize(token).status, 200);

    let response = api.send(&api.admin, "GET", "/v1/tokens/app", "", "");
    assert!(!response.text().contains(token) && response.header("etag").is_some());
    let shown: Value = serde_json::from_slice(&response.body).unwrap();
    let shown = &shown["payload"];
    assert_eq!(shown.as_object().unwrap().keys().collect::<Vec<_>>(), FIELDS);
    for (field, value) in [
        ("api_id", json!("app")),
        ("status", json!("active")),
        ("description", json!("the shop")),
        ("labels", json!({"team": "web"})),
        ("grants", json!(["http:**"])),
        ("expires_at", json!("2100-01-31T00:00:00Z")),
        ("last_seen", Value::Null),
        ("previous", Value::Null),
    ] {
        assert_eq!((&shown[field], &made["payload"][field]), (&value, &value), "{field}");
    }
    let listed = api.done("GET", "/v1/tokens", "");
    assert_eq!((&listed["payload"][1], &listed["next"]), (shown, &Value::Null));
    let by_command: Value = serde_json::from_str(&api.world.done(&["token", "list", "-o", "json"])).unwrap();
    assert_eq!(by_command[1], *shown, "the command line has the same shape");

    let secret = token.split_once(':').unwrap().1.as_bytes();
    let has_secret = |bytes: &[u8]| bytes.windows(secret.len()).any(|it| it == secret);
    for file in fs::read_dir(api.world.databasedir()).unwrap() {
        let file = file.unwrap().path();
        assert!(!has_secret(&fs::read(&file).unwrap()), "{file:?}");
    }
    assert!(!has_secret(api.server.log().as_bytes()));
}

#[test]
fn lists_are_filtered_and_paged() {
    let api = Api::new();
    for number in 0..5 {
        let labels = json!({"even": (number % 2 == 0).to_string(), "all": "1"});
        let expires = if number == 4 { "13d" } else { "never" };
        let new = json!({"api_id": format!("app{number}"), "grants": ["a"], "labels": labels, "expires": expires});
        api.done("POST", "/v1/tokens", new);
    }
    api.done("POST", "/v1/tokens/app1/disable", "");
    let ids = |query: &str| -> Vec<String> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = api.done("GET", &format!("/v1/tokens?limit=2{query}{cursor}"), "");
            let payload = page["payload"].as_array().unwrap();
            assert!(payload.len() <= 2);
            all.extend(payload.iter().map(|it| it["api_id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { return all };
            assert_eq!(payload.len(), 2);
            cursor = format!("&cursor={next}");
        }
    };
    assert_eq!(ids(""), ["admin", "app0", "app1", "app2", "app3", "app4"]);
    assert_eq!(ids("&label=even%3Dtrue"), ["app0", "app2", "app4"]);
    assert_eq!(ids("&label=even%3Dtrue&label=all=2"), [""; 0]);
    assert_eq!(ids("&status=disabled"), ["app1"]);
    assert_eq!(ids("&status=disabled&status=active").len(), 6);
    assert_eq!(ids("&expiring=14d"), ["app4"]);
    assert_eq!(ids("&expiring=12d"), [""; 0]);
    assert_eq!(ids("&unused=1d"), [""; 0]);
    api.world.sqlite().execute("UPDATE token SET issued_at = 1 WHERE api_id = 'app3'", []).unwrap();
    assert_eq!(ids("&unused=1d"), ["app3"]);
}

#[test]
fn answers_are_message_pack_where_the_client_asks_for_it() {
    let api = Api::new();
    let response = api.send(&api.admin, "GET", "/v1/tokens?label=no=1", "Accept: application/x-msgpack\r\n", "");
    assert_eq!(response.body, b"\x83\xa6status\xa2ok\xa7payload\x90\xa4next\xc0");
}

#[test]
fn a_token_learns_what_it_is_and_when_it_ends() {
    let api = Api::new();
    let plain = api.world.create("plain");
    let response = api.send(&plain, "GET", "/v1/whoami", "", "");
    assert_eq!(response.header("x-jerakia-expires"), None);
    let who = json!({"api_id": "plain", "grants": [], "expires_at": null, "secret": "current"});
    assert_eq!(serde_json::from_slice::<Value>(&response.body).unwrap(), json!({"status": "ok", "payload": who}));

    let new = json!({"api_id": "app", "grants": ["a", "b"], "expires": "2100-01-31T00:00:00Z"});
    let old = api.done("POST", "/v1/tokens", new)["token"].as_str().unwrap().to_owned();
    let response = api.send(&old, "GET", "/v1/whoami", "", "");
    assert_eq!(response.header("x-jerakia-expires"), Some("2100-01-31T00:00:00Z"));
    api.done("POST", "/v1/tokens/app/rotate", json!({"grace": "1h"}));
    let (status, who) = api.call_as(&old, "GET", "/v1/whoami", "");
    assert_eq!(
        (status, &who["payload"]["secret"], &who["payload"]["grants"]),
        (200, &json!("former"), &json!(["a", "b"]))
    );
    assert_ne!(who["payload"]["expires_at"], "2100-01-31T00:00:00Z", "the end of its grace");
}

#[test]
fn a_token_revokes_itself_also_where_administration_is_off() {
    let (world, token) = World::with_token("leaked");
    let server = world.server();
    let request = format!("DELETE /v1/whoami HTTP/1.1\r\nHost: localhost\r\nX-Authentication: {token}\r\n\r\n");
    assert_eq!(server.client().send(&request).text(), r#"{"status":"ok"}"#);
    assert_eq!((server.authorize(&token).status, server.client().send(&request).status), (401, 401));
    assert_eq!(world.run(&["token", "disable", "leaked"]).stderr.trim(), "No such API ID leaked");
}

#[test]
fn the_api_describes_itself() {
    let api = Api::new();
    let described = api.call("GET", "/v1/openapi.json", "").1;
    assert!(described["openapi"].as_str().unwrap().starts_with("3.1"), "{}", described["openapi"]);
    let methods = |path: &str| described["paths"][path].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(methods("/v1/tokens"), ["get", "post"]);
    assert_eq!(methods("/v1/tokens/{api_id}"), ["delete", "get", "patch"]);
    assert_eq!(described["paths"].as_object().unwrap().len(), 9);
    let token = &described["components"]["schemas"]["Token"]["properties"];
    assert_eq!(token.as_object().unwrap().keys().collect::<Vec<_>>(), FIELDS);
    assert_refers_to_what_it_has(&described);
}

/// Each `$ref` of the description leads to a schema in it.
fn assert_refers_to_what_it_has(described: &Value) {
    let text = described.to_string();
    let names: Vec<_> = text.split("\"#/components/schemas/").skip(1).filter_map(|it| it.split('"').next()).collect();
    assert!(names.contains(&"Failed"), "{names:?}");
    for name in names {
        assert!(described["components"]["schemas"][name].is_object(), "{name} is missing");
    }
}
