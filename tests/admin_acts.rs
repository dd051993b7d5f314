//! Administration over HTTP: what acts do, when they hold, and what they leave behind.

use crate::harness::{Api, Response, size};
use serde_json::{Value, json};
use std::fs;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

fn make(api: &Api, api_id: &str) -> String {
    let made = api.done("POST", "/v1/tokens", json!({"api_id": api_id, "grants": ["http:**", "lookup:**"]}));
    made["token"].as_str().unwrap().to_owned()
}

fn etag(response: &Response) -> String {
    response.header("etag").unwrap().to_owned()
}

#[test]
fn acts_hold_when_they_are_answered_on_every_server() {
    let api = Api::new();
    let other = api.world.server();
    let mut token = make(&api, "app");
    let granted = |token: &str, expected: bool| {
        let status = if expected { 200 } else { 401 };
        assert_eq!([other.authorize(token).status, api.server.authorize(token).status], [status; 2]);
    };
    for _ in 0..size(3, 200) {
        granted(&token, true);
        api.done("POST", "/v1/tokens/app/disable", "");
        granted(&token, false);
        api.done("POST", "/v1/tokens/app/enable", "");
        granted(&token, true);
        api.done("PATCH", "/v1/tokens/app", json!({"grants": ["lookup:**"]}));
        assert_eq!([other.authorize(&token).status, api.server.authorize(&token).status], [403; 2]);
        api.done("PATCH", "/v1/tokens/app", json!({"grants": ["http:**"]}));
        granted(&token, true);
        let new = api.done("POST", "/v1/tokens/app/rotate", json!({"grace": "0s"}));
        granted(&token, false);
        token = new["token"].as_str().unwrap().into();
        granted(&token, true);
        let new = api.done("POST", "/v1/tokens/app/regenerate", "");
        granted(&token, false);
        token = new["token"].as_str().unwrap().into();
        granted(&token, true);
        api.done("DELETE", "/v1/tokens/app", "");
        granted(&token, false);
        token = make(&api, "app");
    }
}

#[test]
fn no_request_that_starts_after_the_answer_is_granted_under_load() {
    let api = Api::new();
    let other = api.world.server();
    let token = make(&api, "app");
    for _ in 0..size(5, 500) {
        let (revoked, granted) = (AtomicBool::new(false), Barrier::new(3));
        thread::scope(|scope| {
            for server in [&api.server, &other] {
                let (revoked, granted, token) = (&revoked, &granted, &token);
                scope.spawn(move || {
                    let mut client = server.client();
                    let before = client.authorize(token).status;
                    granted.wait();
                    assert_eq!(before, 200);
                    loop {
                        let was_revoked = revoked.load(SeqCst);
                        let status = client.authorize(token).status;
                        assert!(!was_revoked || status == 401, "granted after the answer");
                        if was_revoked {
                            return;
                        }
                    }
                });
            }
            granted.wait();
            api.done("POST", "/v1/tokens/app/disable", "");
            revoked.store(true, SeqCst);
        });
        api.done("POST", "/v1/tokens/app/enable", "");
    }
}

#[test]
fn a_token_is_rotated_and_the_rotation_finished() {
    let api = Api::new();
    let old = make(&api, "app");
    let rotated = api.done("POST", "/v1/tokens/app/rotate", "");
    let new = rotated["token"].as_str().unwrap();
    assert!(rotated["payload"]["previous"]["ends_at"].is_string());
    assert_eq!([&*old, new].map(|it| api.server.authorize(it).status), [200; 2]);
    let (status, again) = api.call("POST", "/v1/tokens/app/rotate", "");
    assert_eq!(status, 409);
    assert!(again["message"].as_str().unwrap().contains("rotated already"), "{again}");
    let finished = api.done("POST", "/v1/tokens/app/rotate", json!({"finish": true, "force": true}));
    assert_eq!(finished.get("token"), None);
    assert_eq!([&*old, new].map(|it| api.server.authorize(it).status), [401, 200]);
    assert_eq!(api.call("POST", "/v1/tokens/app/rotate", json!({"finish": true})).0, 409);
}

#[test]
fn finish_sees_a_use_of_the_former_token_at_once() {
    let api = Api::new();
    let old = make(&api, "app");
    let rotated = api.done("POST", "/v1/tokens/app/rotate", "");
    let new = rotated["token"].as_str().unwrap();
    assert_eq!(api.server.authorize(&old).status, 200);
    let (status, refused) = api.call("POST", "/v1/tokens/app/rotate", json!({"finish": true}));
    let message = refused["message"].as_str().unwrap_or_default();
    assert!(status == 409 && message.contains("less than 15 minutes ago"), "{status} {refused}");
    assert_eq!([&*old, new].map(|it| api.server.authorize(it).status), [200; 2], "nothing was changed");
    api.done("POST", "/v1/tokens/app/rotate", json!({"finish": true, "force": true}));
    assert_eq!([&*old, new].map(|it| api.server.authorize(it).status), [401, 200]);
}

#[test]
fn of_two_administrators_at_one_version_one_wins() {
    let api = Api::new();
    make(&api, "app");
    for round in 0..size(5, 300) {
        let tag = etag(&api.send(&api.admin, "GET", "/v1/tokens/app", "", ""));
        let headers = format!("If-Match: {tag}\r\n");
        let update = |name: &str| {
            let body = json!({"description": format!("{name} {round}")}).to_string();
            let response = api.send(&api.admin, "PATCH", "/v1/tokens/app", &headers, &body);
            (response.status, name.to_owned())
        };
        let mut both = thread::scope(|scope| {
            let (one, other) = (scope.spawn(|| update("one")), scope.spawn(|| update("other")));
            [one.join().unwrap(), other.join().unwrap()]
        });
        both.sort();
        assert_eq!(both.clone().map(|it| it.0), [200, 412]);
        let shown = api.done("GET", "/v1/tokens/app", "");
        assert_eq!(shown["payload"]["description"], format!("{} {round}", both[0].1));
    }
}

#[test]
fn a_stale_act_changes_nothing_and_a_use_makes_none_stale() {
    let api = Api::new();
    let token = make(&api, "app");
    let old = etag(&api.send(&api.admin, "GET", "/v1/tokens/app", "", ""));
    api.server.authorize(&token);
    let patched =
        api.send(&api.admin, "PATCH", "/v1/tokens/app", &format!("If-Match: {old}\r\n"), r#"{"labels":{"a":"1"}}"#);
    let new = etag(&patched);
    assert_eq!((patched.status, new == old), (200, false));
    let stale = format!("If-Match: {old}\r\n");
    for (method, path, body) in [
        ("PATCH", "/v1/tokens/app", r#"{"labels":{}}"#),
        ("DELETE", "/v1/tokens/app", ""),
        ("POST", "/v1/tokens/app/disable", ""),
        ("POST", "/v1/tokens/app/enable", ""),
        ("POST", "/v1/tokens/app/rotate", ""),
        ("POST", "/v1/tokens/app/regenerate", ""),
    ] {
        let response = api.send(&api.admin, method, path, &stale, body);
        assert_eq!((response.status, api.server.authorize(&token).status), (412, 200), "{method} {path}");
        assert!(response.text().contains("changed in the meantime"), "{}", response.text());
    }
    assert_eq!(
        api.send(&api.admin, "DELETE", "/v1/tokens/app", &format!("If-Match: {old}, {new}\r\n"), "").status,
        200
    );
    // The same API ID, but another token.
    make(&api, "app");
    assert_eq!(api.send(&api.admin, "DELETE", "/v1/tokens/app", &format!("If-Match: {new}\r\n"), "").status, 412);
    assert_eq!(api.send(&api.admin, "DELETE", "/v1/tokens/app", "If-Match: *\r\n", "").status, 200);
}

#[test]
fn each_act_is_in_the_audit_trail_with_its_request() {
    let api = Api::new();
    let token = make(&api, "app");
    let disabled = api.send(&api.admin, "POST", "/v1/tokens/app/disable", "", "");
    let refused = api.send(&api.admin, "POST", "/v1/tokens", "", r#"{"api_id": "app", "grants": ["a"]}"#);
    let answer = api.done("GET", "/v1/audit?api_id=app", "");
    let entries = answer["payload"].as_array().unwrap();
    let of = |field: &str| entries.iter().map(|it| it[field].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(of("act"), ["create", "disable", "create"]);
    assert_eq!(of("outcome"), ["done", "done", "exists already"]);
    assert_eq!(of("actor"), ["token admin"; 3]);
    assert_eq!(of("request_id")[1..], [&disabled, &refused].map(|it| it.request_id.as_deref().unwrap()));
    assert_eq!(entries[1]["changed"], json!({"active": [true, false]}));
    assert!(!answer.to_string().contains(token.split_once(':').unwrap().1));

    let page = api.done("GET", "/v1/audit?limit=2", "");
    assert_eq!(page["payload"].as_array().unwrap().len(), 2);
    let rest = api.done("GET", &format!("/v1/audit?cursor={}", page["next"].as_str().unwrap()), "");
    assert_eq!((rest["payload"].as_array().unwrap().len(), &rest["next"]), (2, &Value::Null));
    assert_eq!(rest["payload"][0]["number"], 3);
    assert_eq!(api.done("GET", "/v1/audit?since=2100-01-01T00:00:00Z", "")["payload"], json!([]));
    assert_eq!(api.done("GET", "/v1/audit?since=1d&limit=4", "")["payload"].as_array().unwrap().len(), 4);
}

#[test]
fn a_server_whose_files_were_replaced_writes_nothing() {
    let api = Api::new();
    make(&api, "app");
    let (place, away) = (api.world.databasedir(), api.world.path().join("away"));
    let backup = api.world.backup();
    fs::rename(&place, &away).unwrap();
    let (status, answer) = api.call("DELETE", "/v1/whoami", "");
    assert_eq!((status, &answer["message"]), (503, &json!("unavailable")));
    assert!(!place.exists(), "it makes no directory");
    fs::create_dir(&place).unwrap();
    fs::copy(&backup, api.world.database()).unwrap();
    assert_eq!(api.call("DELETE", "/v1/whoami", "").0, 503);
    assert_eq!(fs::read(&backup).unwrap(), fs::read(api.world.database()).unwrap(), "nor a change to another database");
}

#[test]
fn too_many_administrative_requests_are_answered_503_and_delay_no_decision() {
    let api = Api::new();
    let token = make(&api, "app");
    let statuses = thread::scope(|scope| {
        let acts: Vec<_> =
            (0..40).map(|_| scope.spawn(|| api.send(&api.admin, "POST", "/v1/tokens/app/disable", "", ""))).collect();
        let statuses: Vec<_> = acts.into_iter().map(|it| it.join().unwrap()).collect();
        assert_eq!(api.server.authorize(&token).status, 401);
        statuses
    });
    let busy: Vec<_> = statuses.iter().filter(|it| it.status != 200).collect();
    assert!(!busy.is_empty() && busy.len() < 40, "{} of 40", busy.len());
    for response in busy {
        assert_eq!((response.status, response.header("retry-after")), (503, Some("1")), "{}", response.text());
    }
    api.done("POST", "/v1/tokens/app/enable", "");
}
