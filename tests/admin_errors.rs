//! Administration over HTTP: errors say what is wrong with a request, and what is accepted.

use crate::harness::Api;
use serde_json::{Value, json};

#[test]
fn bad_input_is_answered_with_the_field_and_what_is_accepted() {
    let api = Api::new();
    let bad = |method: &str, path: &str, body: &str, status: u16, part: &str| {
        let (got, answer) = api.call(method, path, body);
        assert_eq!((got, &answer["status"]), (status, &json!("failed")), "{method} {path} {body}: {answer}");
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains(part), "{method} {path} {body}: {message}");
    };
    for (query, part) in [
        ("limit=0", "limit: use 1 to 1000"),
        ("limit=1001", "limit: use 1 to 1000"),
        ("limit=1&limit=2", "limit: it occurs twice"),
        ("labels=a%3D1", "no such parameter \"labels\": use label"),
        ("label=a", "write it as key=value"),
        ("status=gone", "use disabled, expired, imported"),
        ("unused=90", "unused: \"90\" is not a length of time"),
        ("expiring=never", "expiring: \"never\" is not a length of time"),
    ] {
        bad("GET", &format!("/v1/tokens?{query}"), "", 400, part);
    }
    for (body, part) in [
        (r#"{"api_id": "a:b"}"#, "api_id: a:b can't be an API ID"),
        (r#"{"api_id": "a", "expires": "soon"}"#, "expires: \"soon\" is not an end"),
        (r#"{"api_id": "a", "expires": "2020-01-01T00:00:00Z"}"#, "is in the past"),
        (r#"{"api_id": "a", "expires": "0d"}"#, "expires: 0s is in the past"),
        (r#"{"api_id": "a", "expires": "36501d"}"#, "expires: 36501d is too long: at most 36500d fit"),
        (
            r#"{"api_id": "a", "expires": "2999-01-01T00:00:00Z"}"#,
            "expires: 2999-01-01T00:00:00Z is too late: at most 36500d",
        ),
        (r#"{"api_id": "a", "grants": [""]}"#, "grants: \"\" can't be a grant"),
        (r#"{"api_id": "a", "labels": {"-": ""}}"#, "labels: \"-\" can't be the key"),
    ] {
        bad("POST", "/v1/tokens", body, 400, part);
    }
    bad(
        "POST",
        "/v1/tokens",
        &json!({"api_id": "a", "description": "d".repeat(1025)}).to_string(),
        400,
        "at most 1024 fit",
    );
    bad("POST", "/v1/tokens", &" ".repeat(32_769), 413, "32768 bytes");
    bad("POST", "/v1/tokens", r#"{"api_id": "admin", "grants": ["a"]}"#, 409, "API ID admin already exists");
    bad("PATCH", "/v1/tokens/admin", "{}", 400, "nothing is to change");
    bad("POST", "/v1/tokens/admin/rotate", r#"{"grace": "1"}"#, 400, "grace: \"1\" is not a length of time");
    bad("POST", "/v1/tokens/admin/rotate", r#"{"grace": "1h", "finish": true}"#, 400, "leave one of the two out");
    bad("POST", "/v1/tokens/admin/rotate", r#"{"finish": true}"#, 409, "no former token");
    for path in ["/v1/tokens/nobody", "/v1/tokens/a%2Fb", "/v1/tokens/%20"] {
        bad("GET", path, "", 404, "No such API ID");
        bad("PATCH", path, r#"{"description": ""}"#, 404, "No such API ID");
        bad("DELETE", path, "", 404, "No such API ID");
        bad("POST", &format!("{path}/rotate"), "", 404, "No such API ID");
    }
    bad("GET", "/v1/tokens/%ff", "", 400, "not UTF-8");
    bad("GET", "/v1/audit?since=yesterday", "", 400, "since: \"yesterday\" is not a moment");
    let xml = api.send(&api.admin, "POST", "/v1/tokens", "Content-Type: text/xml\r\n", "<a/>");
    assert_eq!((xml.status, xml.header("content-type")), (415, Some("application/json")));
    assert_eq!(api.done("GET", "/v1/tokens", "")["payload"].as_array().unwrap().len(), 1, "none was made");
}

#[test]
fn a_body_of_other_types_is_answered_with_the_field_and_its_type() {
    let api = Api::new();
    let bad = |method: &str, path: &str, body: &str, message: &str| {
        let answer = json!({"status": "failed", "message": message});
        assert_eq!(api.call(method, path, body), (400, answer), "{method} {path} {body}");
    };
    const EXPIRES: &str = "expires: a length of time such as 90d, a time, or never is expected";
    const FIELDS: &str = "use api_id, expires, grants, description, labels";
    for (body, message) in [
        ("", "api_id: it is missing"),
        ("{", "body: malformed JSON at line 1 column 1"),
        ("{} {}", "body: malformed JSON at line 1 column 4"),
        ("[]", "body: a JSON object is expected"),
        ("null", "body: a JSON object is expected"),
        (r#""api_id""#, "body: a JSON object is expected"),
        (r#"{"api_id": 5}"#, "api_id: a text is expected"),
        (r#"{"api_id": null}"#, "api_id: a text is expected"),
        (r#"{"api_id": "a", "grant": ["x"]}"#, &format!("no such field \"grant\": {FIELDS}")),
        (r#"{"api_id": "a", "expires": null}"#, EXPIRES),
        (r#"{"api_id": "a", "expires": 90}"#, EXPIRES),
        (r#"{"api_id": "a", "grants": "x"}"#, "grants: a list of texts is expected"),
        (r#"{"api_id": "a", "grants": null}"#, "grants: a list of texts is expected"),
        (r#"{"api_id": "a", "grants": ["x", 1.5]}"#, "grants: a list of texts is expected"),
        (r#"{"api_id": "a", "description": ["d"]}"#, "description: a text is expected"),
        (r#"{"api_id": "a", "labels": ["a"]}"#, "labels: an object of texts is expected"),
        (r#"{"api_id": "a", "labels": {"a": true}}"#, "labels: an object of texts is expected"),
        (r#"{"api_id": "a", "api_id": "b"}"#, "body: the field \"api_id\" occurs twice, at line 1 column 24"),
        (
            r#"{"api_id": "a", "labels": {"b": "1", "b": "2"}}"#,
            "body: the field \"b\" occurs twice, at line 1 column 40",
        ),
    ] {
        bad("POST", "/v1/tokens", body, message);
    }
    bad("PATCH", "/v1/tokens/admin", r#"{"expires": null}"#, EXPIRES);
    bad("PATCH", "/v1/tokens/admin", r#"{"description": null}"#, "description: a text is expected");
    let rotate = "/v1/tokens/admin/rotate";
    bad("POST", rotate, r#"{"force": "yes"}"#, "force: true or false is expected");
    bad("POST", rotate, r#"{"finish": null}"#, "finish: true or false is expected");
    bad("POST", rotate, r#"{"grace": 24}"#, "grace: a length of time such as 24h is expected");
    bad("POST", "/v1/tokens", &"[".repeat(5_000), "body: malformed JSON at line 1 column 128");
    assert_eq!(api.done("GET", "/v1/tokens", "")["payload"].as_array().unwrap().len(), 1, "none was made");
}

#[test]
fn a_cursor_is_an_api_id_of_the_list() {
    let api = Api::new();
    for (path, message) in [
        ("/v1/audit?api_id=a%20b", "api_id: a b can't be an API ID"),
        ("/v1/audit?cursor=a", "cursor: use `next` of the page before"),
        ("/v1/audit?cursor=", "cursor: use `next` of the page before"),
        ("/v1/audit?cursor=-1", "cursor: use `next` of the page before"),
        ("/v1/tokens?cursor=a%20b", "cursor: use `next` of the page before"),
        ("/v1/tokens?cursor=", "cursor: use `next` of the page before"),
    ] {
        let (status, answer) = api.call("GET", path, "");
        assert_eq!(status, 400, "{path}: {answer}");
        assert!(answer["message"].as_str().unwrap().starts_with(message), "{path}: {answer}");
    }
    assert_eq!(api.done("GET", "/v1/audit?cursor=0", "")["payload"][0]["number"], 1);
    // Other programs can have made a token whose name is no API ID: a page may end there.
    let sql = "INSERT INTO token (api_id, digest, created_at, issued_at) VALUES ('a b', zeroblob(32), 1, 1)";
    api.world.sqlite().execute(sql, []).unwrap();
    let page = api.done("GET", "/v1/tokens?limit=1", "");
    assert_eq!(page["next"], "a b");
    assert_eq!(api.done("GET", "/v1/tokens?cursor=a%20b", "")["payload"][0]["api_id"], "admin");
}

#[test]
fn a_conflict_names_the_fields_of_the_api() {
    let api = Api::new();
    let old = api.world.create("a--b");
    api.world.set_grants("a--b", &["http:**"]);
    api.done("POST", "/v1/tokens/a--b/rotate", "");
    assert_eq!(api.server.authorize(&old).status, 200);
    let message = |body: Value| {
        let (status, answer) = api.call("POST", "/v1/tokens/a--b/rotate", body);
        assert_eq!(status, 409, "{answer}");
        answer["message"].as_str().unwrap().to_owned()
    };
    let again = message(json!({}));
    assert!(
        again.starts_with("a--b was rotated") && again.ends_with(": wait, end it with finish, or use force"),
        "{again}"
    );
    let finish = message(json!({"finish": true}));
    assert!(finish.contains("a--b") && finish.ends_with("the new one first, or use force"), "{finish}");
}
