//! Tokens with grants may do what these include; tokens without grants may do everything.

use crate::harness::{Lookups, Response, World};

const FORBIDDEN: &str = r#"{"status":"failed","message":"forbidden"}"#;

/// A server with lookup data, and a token that has `grants`.
fn limited(grants: &[&str]) -> Lookups {
    let served = Lookups::on_fixtures();
    served.world.set_grants("my_app", grants);
    served
}

fn ask(served: &Lookups, method: &str, path: &str, headers: &str) -> Response {
    let token = &served.token;
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Authentication: {token}\r\nContent-Length: 2\r\n");
    served.server.client().send(format!("{head}{headers}\r\n{{}}"))
}

/// Forbidden differs from refused: the token is good.
fn allows(served: &Lookups, method: &str, path: &str) -> bool {
    let response = ask(served, method, path, "");
    if response.status == 403 {
        assert_eq!((response.text(), response.header("www-authenticate")), (FORBIDDEN, None), "{method} {path}");
    }
    assert_ne!(response.status, 401, "{method} {path}");
    response.status != 403
}

#[test]
fn a_lookup_needs_its_namespace() {
    let served = limited(&["lookup:apache", "lookup:a/*"]);
    for (query, allowed) in [
        ("namespace=apache", true),
        ("namespace=%61pache", true),
        ("namespace=apache/", true),
        ("namespace=nowhere", false),
        ("namespace=apache&namespace=nowhere", false),
        ("namespace=nowhere&namespace=apache", true),
        ("namespace=apache&n%61mespace=nowhere", false),
        ("namespace=Apache", false),
        ("namespace=apache/x", false),
        ("namespace=a/b", true),
        ("namespace=a%2Fb", true),
        ("namespace=a//b", true),
        ("namespace=a/b/c", false),
        ("namespace=a/b%253Ac", true),
        ("namespace=a/..", true),
        ("namespace=", false),
        ("", false),
    ] {
        for path in ["/v1/lookup", "/v1/lookup/port"] {
            assert_eq!(allows(&served, "GET", &format!("{path}?{query}")), allowed, "{path}?{query}");
        }
    }
    let outside = served.get("/v1/lookup?namespace=a/..");
    assert_eq!(outside.status, 400, "what is permitted is still looked at: {outside:?}");
    assert!(!allows(&served, "POST", "/v1/lookup"), "405 is for those who may look up");
    assert_eq!(ask(&served, "POST", "/v1/lookup?namespace=apache", "").status, 405);
    let packed = ask(&served, "GET", "/v1/lookup?namespace=x", "Accept: application/x-msgpack\r\n");
    assert_eq!(packed.body, b"\x82\xa6status\xa6failed\xa7message\xa9forbidden");
}

/// A client chooses its scope, but not by that another namespace.
#[test]
fn a_scope_value_does_not_lead_to_another_namespace() {
    let free = Lookups::on_fixtures();
    let served = limited(&["lookup:b", "lookup:dev/a/b"]);
    for (query, leads_to) in [
        ("namespace=b&metadata_env=dev/a", "a/b in the environment dev"),
        ("namespace=dev/a/b", "the same, without an environment"),
        ("namespace=dev/a/b&metadata_env=", "the same"),
        ("namespace=dev/a/b&metadata_env=.", "the same"),
    ] {
        let path = format!("/v1/lookup?{query}");
        let found = |served: &Lookups| served.json(&path).1["found"].clone();
        assert_eq!(found(&free), true, "{query}: {leads_to}");
        assert_eq!(found(&served), false, "{query}: {leads_to}");
        assert_eq!(found(&free), true, "{query}: kept for tokens without grants alone");
    }
}

#[test]
fn separators_in_a_level_are_encoded() {
    let served = limited(&["lookup:a%3Ab/100%25"]);
    assert!(allows(&served, "GET", "/v1/lookup?namespace=a:b/100%25"));
    assert!(!allows(&served, "GET", "/v1/lookup?namespace=a:b/100%2525"));
    served.world.set_grants("my_app", &["lookup:*"]);
    assert!(allows(&served, "GET", "/v1/lookup?namespace=a:b"), "a colon in a level is not a separator");
}

#[test]
fn scope_data_needs_its_realm_and_identifier() {
    let served = limited(&["scope:puppet/*", "scope:a%2Fb/c%3Ad"]);
    for (path, allowed) in [
        ("puppet/web-01", true),
        ("puppet/web%2D01", true),
        ("puppet/web%2F01", true),
        ("puppet/%2E%2E", true),
        ("puppet/\u{e9}", true),
        ("chef/web-01", false),
        ("Puppet/web-01", false),
        ("a%2fb/c:d", true),
        ("a%2fb/c%3Ad", true),
        ("a/b", false),
        ("puppet/%ff", false),
    ] {
        for (method, path) in [
            ("PUT", format!("/v1/scope/{path}")),
            ("GET", format!("/v1/scope/{path}")),
            ("GET", format!("/v1/scope/{path}/uuid")),
            ("DELETE", format!("/v1/scope/{path}")),
            ("POST", format!("/v1/scope/{path}")),
        ] {
            assert_eq!(allows(&served, method, &path), allowed, "{method} {path}");
        }
    }
    assert!(!allows(&served, "GET", "/v1/lookup?namespace=apache"));
}

#[test]
fn a_token_without_grants_may_ask_for_all() {
    let served = limited(&[]);
    for path in ["/v1/lookup/port?namespace=apache", "/v1/lookup?namespace=a/..", "/v1/scope/a/b", "/v1/scope/a/%ff"] {
        assert!(allows(&served, "GET", path), "{path}");
    }
    assert_eq!(served.server.authorize(&served.token).status, 200);
}

#[test]
fn authorize_itself_needs_the_permission_of_the_request() {
    let served = limited(&["http:GET:localhost/v1/authorize"]);
    assert_eq!(served.server.authorize(&served.token).status, 200);
    let other = ask(&served, "POST", "/v1/authorize", "");
    assert_eq!((other.status, other.header("content-length")), (403, Some("0")));
    assert_eq!(ask(&served, "GET", "/v1/authorize/x", "").status, 403);
    assert!(!allows(&served, "GET", "/v1/lookup?namespace=apache"));
}

#[test]
fn a_forbidden_request_is_logged_with_its_permission() {
    let world = World::new();
    let token = world.create("my_app");
    world.set_grants("my_app", &["lookup:apache"]);
    let server = world.server_with(&["--log-format", "json"]);
    server.client().get("/v1/lookup/key?namespace=a/b&metadata_x=secret", &format!("X-Authentication: {token}\r\n"));
    let line: serde_json::Value = serde_json::from_str(&server.wait_for_log("refused")).unwrap();
    assert_eq!((&line["reason"], &line["api_id"]), (&"forbidden".into(), &"my_app".into()));
    assert_eq!((&line["permission"], &line["path"]), (&"lookup:a/b".into(), &"/v1/lookup/key".into()));
    assert!(!server.log().contains("secret"));
}

#[test]
fn a_change_of_grants_is_in_force_at_the_next_request() {
    let served = limited(&["lookup:apache"]);
    assert!(!allows(&served, "GET", "/v1/lookup?namespace=nowhere"));
    served.world.set_grants("my_app", &["lookup:nowhere"]);
    assert!(allows(&served, "GET", "/v1/lookup?namespace=nowhere"));
    assert!(!allows(&served, "GET", "/v1/lookup?namespace=apache"));
}
