//! What a client sees: the ways to present a token, refusals that all look alike, and the
//! requests that are refused for their form.

use crate::harness::{Lookups, Response, World};
use base64ct::{Base64, Encoding as _};
use std::collections::HashSet;

const REFUSED: &str = r#"{"status":"failed","message":"unauthorized"}"#;

#[test]
fn a_good_token_is_accepted_in_each_of_the_three_forms() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    for header in [
        format!("X-Authentication: {token}"),
        format!("x-authentication:{token}  "),
        format!("Authorization: Bearer {token}"),
        format!("Authorization: bearer  {token}"),
        format!("Authorization: Basic {}", Base64::encode_string(token.as_bytes())),
    ] {
        let response = server.client().get("/v1/authorize", &format!("{header}\r\n"));
        assert_eq!(response.status, 200, "{header}");
        assert_eq!(
            response.head,
            "HTTP/1.1 200 OK\r\nx-jerakia-api-id: my_app\r\nx-jerakia-expires: \r\ncache-control: no-store\r\ncontent-length: 0\r\n",
            "{header}"
        );
    }
}

#[test]
fn any_method_and_any_path_below_authorize_will_do() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    let mut client = server.client();
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
        for path in ["/v1/authorize", "/v1/authorize/x/y?z=1", "/v1/authorize/%2e%2e"] {
            let head = format!("{method} {path} HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n");
            assert_eq!(client.send(format!("{head}X-Authentication: {token}\r\n\r\n")).status, 200, "{method} {path}");
            assert_eq!(client.send(format!("{head}\r\n")).status, 401, "{method} {path}");
        }
    }
}

/// One request for each way in which a credential can be bad.
fn bad_headers(token: &str, other: &str, disabled: &str) -> Vec<String> {
    let hex = token.split_once(':').unwrap().1;
    let own = |it: &str| format!("X-Authentication: {it}\r\n");
    vec![
        String::new(),
        own(""),
        own("x"),
        own(hex),
        own(&token.to_uppercase()),
        own(&format!("my_app:{}", hex.to_uppercase())),
        own(&token[..token.len() - 1]),
        own(&format!("{token}0")),
        own(&format!("{token}:x")),
        own(&format!("nobody:{hex}")),
        own(&format!("my_app:{}", other.split_once(':').unwrap().1)),
        own(disabled),
        own(&"x".repeat(512)),
        own(&"x".repeat(513)),
        own(&"x".repeat(5000)),
        own(&format!("{token}é")),
        own(token) + &own(token),
        own("x") + &format!("Authorization: Bearer {token}\r\n"),
        own("") + &format!("Authorization: Bearer {token}\r\n"),
        format!("Authorization: Bearer {disabled}\r\n"),
        format!("Authorization: {token}\r\n"),
        format!("Authorization: Digest {token}\r\n"),
        "Authorization: Basic !!!\r\n".into(),
        format!("Authorization: Basic {}\r\n", Base64::encode_string(disabled.as_bytes())),
        format!("Authorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n"),
    ]
}

#[test]
fn all_refusals_are_the_same_bytes() {
    let (world, token) = World::with_token("my_app");
    let (other, disabled) = (world.create("other"), world.create("disabled"));
    world.done(&["token", "disable", "disabled"]);
    let server = world.server();
    for (path, body) in [("/v1/authorize", ""), ("/v1/lookup?namespace=a", REFUSED)] {
        let ask = |headers: &String| server.client().get(path, headers);
        let responses: Vec<Response> = bad_headers(&token, &other, &disabled).iter().map(ask).collect();
        let distinct: HashSet<_> = responses.iter().map(|it| (&it.head, it.text())).collect();
        assert_eq!(distinct.len(), 1, "{distinct:#?}");
        assert_eq!((responses[0].status, responses[0].text()), (401, body));
        assert_eq!(responses[0].header("www-authenticate"), Some(r#"Bearer realm="jerakia""#));
    }
    assert_eq!(server.authorize(&token).status, 200, "and the good one still is");
}

/// nginx closes its connection to us after an answer with a body.
#[test]
fn no_answer_of_authorize_has_a_body() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    let mut client = server.client();
    let longest = "x".repeat(4096);
    for (line, token, status) in [
        ("GET /v1/authorize", &*token, 200),
        ("HEAD /v1/authorize/", &token, 200),
        ("POST /v1/authorize/a/b", &token, 200),
        ("GET /v1/authorize", "", 401),
        ("HEAD /v1/authorize/a", "", 401),
        (&format!("GET /v1/authorize/{longest}"), &token, 414),
        (&format!("{} /v1/authorize", &longest[..65]), &token, 501),
    ] {
        for format in ["application/json", "application/x-msgpack"] {
            let headers = format!("Host: h\r\nX-Authentication: {token}\r\nAccept: {format}\r\n");
            let response = client.send(format!("{line} HTTP/1.1\r\n{headers}\r\n"));
            assert_eq!((response.status, response.header("content-length")), (status, Some("0")), "{line}");
            assert_eq!(response.header("content-type"), None, "{line}");
        }
    }
    let above = client.get("/v1/authorizer", "");
    assert_eq!((above.status, above.text()), (404, r#"{"status":"failed","message":"not found"}"#));
}

#[test]
fn answers_are_message_pack_on_request() {
    let served = Lookups::on_fixtures();
    let path = "/v1/lookup/port?namespace=apache";
    for header in ["Accept: application/x-msgpack\r\n", "Content-Type: application/x-msgpack\r\n"] {
        let good = served.server.client().get(path, &format!("X-Authentication: {}\r\n{header}", served.token));
        assert_eq!(good.header("content-type"), Some("application/x-msgpack"));
        assert_eq!(good.body, b"\x83\xa6status\xa2ok\xa5found\xc3\xa7payload\x50");
        let bad = served.server.client().get(path, header);
        assert_eq!(bad.body, b"\x82\xa6status\xa6failed\xa7message\xacunauthorized");
        assert_eq!(bad.status, 401);
    }
}

#[test]
fn health_needs_no_token_and_says_nothing_about_tokens() {
    let (world, _) = World::with_token("my_app");
    let server = world.server();
    for path in ["/livez", "/readyz"] {
        let response = server.client().get(path, "");
        assert_eq!((response.status, response.text()), (200, r#"{"status":"ok"}"#));
    }
    let nowhere = server.client().get("/nowhere", "");
    assert_eq!((nowhere.status, nowhere.text()), (404, r#"{"status":"failed","message":"not found"}"#));
}

#[test]
fn a_path_too_long_to_decide_on_is_refused() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    let ask = |length: usize| {
        let path = format!("/v1/authorize/{}", "x".repeat(length - "/v1/authorize/".len()));
        server.client().get(&path, &format!("X-Authentication: {token}\r\n")).status
    };
    assert_eq!((ask(4096), ask(4097)), (200, 414));
}

#[test]
fn a_method_too_long_to_decide_on_is_refused() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    let ask = |length: usize| {
        let method = "M".repeat(length);
        let request = format!("{method} /v1/authorize HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\n\r\n");
        server.client().send(request).status
    };
    assert_eq!((ask(64), ask(65), ask(60_000)), (200, 501, 501));
    server.client().get("/v1/authorize/later", "");
    server.wait_for_log("/v1/authorize/later");
    assert!(!server.log().contains("MMM"), "a log line of any length that a client likes");
}

#[test]
fn a_refused_request_is_logged_with_reason_and_api_id() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&["--log-format", "json"]);
    server.authorize(&format!("nobody:{}", &token[7..]));
    let line: serde_json::Value = serde_json::from_str(&server.wait_for_log("refused")).unwrap();
    assert_eq!((&line["reason"], &line["api_id"]), (&"unknown".into(), &"nobody".into()));
    assert_eq!((&line["method"], &line["path"]), (&"GET".into(), &"/v1/authorize".into()));
}

#[test]
fn a_request_names_one_host() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    let ask = |line: &str, hosts: &str| {
        let mut client = server.client();
        let response = client.send(format!("{line}\r\n{hosts}X-Authentication: {token}\r\n\r\n"));
        if response.status == 400 {
            let has_body = !line.contains("/v1/authorize");
            assert_eq!(response.text().contains("Host header"), has_body, "{response:?}");
            assert!(response.body.is_empty() != has_body && client.is_closed(), "{response:?}");
        }
        response.status
    };
    for path in ["/v1/authorize", "/livez", "/nowhere"] {
        let (old, new) = (format!("GET {path} HTTP/1.0"), format!("GET {path} HTTP/1.1"));
        let good = if path == "/nowhere" { 404 } else { 200 };
        assert_eq!(ask(&new, "Host: a\r\n"), good);
        assert_eq!(ask(&new, "Host:\r\n"), good);
        assert_eq!(ask(&new, ""), 400);
        assert_eq!(ask(&new, "Host: a\r\nHost: a\r\n"), 400);
        assert_eq!(ask(&old, ""), good);
        assert_eq!(ask(&old, "Host: a\r\n"), good);
        assert_eq!(ask(&old, "Host: a\r\nHost: b\r\n"), 400);
    }
    assert_eq!(ask("GET http://a/v1/authorize HTTP/1.1", "Host: a\r\n"), 200);
    assert_eq!(ask("GET http://a/v1/authorize HTTP/1.1", ""), 400);
}

#[test]
fn only_clients_with_a_token_learn_the_methods() {
    let served = Lookups::on_fixtures();
    for (path, allowed) in [
        ("/v1/lookup", "GET, HEAD"),
        ("/v1/lookup/port", "GET, HEAD"),
        ("/v1/scope/a/b", "GET, HEAD, PUT, DELETE"),
        ("/v1/scope/a/b/uuid", "GET, HEAD"),
    ] {
        let ask = |method: &str, headers: &str| {
            served.server.client().send(format!("{method} {path} HTTP/1.1\r\nHost: h\r\n{headers}\r\n"))
        };
        let known = ask("GET", "");
        for method in ["POST", "TRACE", "PATCH", "OPTIONS", "PROPFIND"] {
            let refused = ask(method, "");
            assert_eq!(
                (refused.status, &refused.head, &refused.body),
                (401, &known.head, &known.body),
                "{method} {path}"
            );
            let response = ask(method, &format!("X-Authentication: {}\r\n", served.token));
            assert_eq!((response.status, response.header("allow")), (405, Some(allowed)), "{method} {path}");
        }
    }
}
