//! `/v1/authorize` behind a proxy: whose description of a request counts, and which
//! descriptions are accepted.

use crate::harness::{Server, World};
use rusqlite::Connection;
use rustix::process::Signal;

/// A server for a family of proxies, a token with `grants`, and one without.
struct Behind {
    world: World,
    server: Server,
    limited: String,
    unlimited: String,
}

impl Behind {
    fn proxies(arguments: &[&str], grants: &[&str]) -> Self {
        let world = World::new();
        let (limited, unlimited) = (world.create("limited"), world.create("unlimited"));
        world.set_grants("limited", grants);
        Self { server: world.server_with(arguments), world, limited, unlimited }
    }

    fn family(family: &str, grants: &[&str]) -> Self {
        Self::proxies(&["--forward-auth", family], grants)
    }

    /// Answers to the token with grants and to the one without.
    fn ask(&self, line: &str, headers: &str) -> (u16, u16) {
        let ask = |token: &str| {
            let head = format!("{line} HTTP/1.1\r\n{headers}X-Authentication: {token}\r\n\r\n");
            let response = self.server.client().send(head);
            assert_eq!(response.header("content-length"), Some("0"), "{line} {headers}");
            response.status
        };
        (ask(&self.limited), ask(&self.unlimited))
    }

    fn described(&self, [method, host, uri]: [&str; 3]) -> (u16, u16) {
        self.ask("GET /v1/authorize", &original(method, host, uri))
    }
}

const ALLOWED: (u16, u16) = (200, 200);
const FORBIDDEN: (u16, u16) = (403, 200);

fn original(method: &str, host: &str, uri: &str) -> String {
    format!("Host: jerakia\r\nX-Original-Method: {method}\r\nX-Original-Host: {host}\r\nX-Original-URI: {uri}\r\n")
}

fn forwarded(method: &str, host: &str, uri: &str) -> String {
    let names = format!("Host: jerakia\r\nX-Forwarded-Method: {method}\r\nX-Forwarded-Host: {host}\r\n");
    format!("{names}X-Forwarded-Uri: {uri}\r\nX-Forwarded-Proto: https\r\n")
}

const GRANTS: [&str; 2] = ["http:GET:shop.example/public/**", "http:*:shop.example:8443/*"];

#[test]
fn nginx_and_haproxy_describe_a_request_in_x_original_headers() {
    for family in ["nginx", "haproxy"] {
        let behind = Behind::family(family, &GRANTS);
        for (described, expected) in [
            (["GET", "shop.example", "/public/a/b?c=d"], ALLOWED),
            (["GET", "SHOP.example:443", "/p%75blic/a"], ALLOWED),
            (["PUT", "shop.example", "/public/a"], FORBIDDEN),
            (["GET", "other.example", "/public/a"], FORBIDDEN),
            (["GET", "shop.example", "/admin"], FORBIDDEN),
            (["GET", "shop.example", "/public?/public/a"], FORBIDDEN),
            (["DELETE", "shop.example:8443", "/a"], ALLOWED),
            (["DELETE", "shop.example:8443", "/a/b"], FORBIDDEN),
        ] {
            assert_eq!(behind.described(described), expected, "{family} {described:?}");
        }
        // Headers that a client adds for another family don't count.
        let theirs = "X-Forwarded-Method: GET\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Uri: /public/a\r\n\
            X-Forwarded-Proto: https\r\nX-Rewrite-URL: /public/a\r\n";
        let headers = original("GET", "shop.example", "/admin") + theirs;
        assert_eq!(behind.ask("GET /v1/authorize/public/a", &headers), FORBIDDEN, "{family}");
        let alone = format!("Host: shop.example\r\n{theirs}");
        assert_eq!(behind.ask("GET /v1/authorize/public/a", &alone), FORBIDDEN, "{family}");
    }
}

#[test]
fn traefik_and_caddy_describe_a_request_in_x_forwarded_headers() {
    for family in ["traefik", "caddy"] {
        let behind = Behind::family(family, &GRANTS);
        let ask = |headers: &str| behind.ask("GET /v1/authorize", headers);
        assert_eq!(ask(&forwarded("GET", "shop.example", "/public/a?b")), ALLOWED, "{family}");
        assert_eq!(ask(&forwarded("GET", "shop.example:443", "/public/a?b")), ALLOWED, "{family}");
        assert_eq!(ask(&forwarded("GET", "shop.example:80", "/public/a?b")), FORBIDDEN, "{family}");
        assert_eq!(ask(&forwarded("POST", "shop.example", "/public/a?b")), FORBIDDEN, "{family}");
        let both = forwarded("GET", "shop.example", "/admin") + &original("GET", "shop.example", "/public/a")[15..];
        assert_eq!(ask(&both), FORBIDDEN, "{family}");
        let without = forwarded("GET", "shop.example", "/public/a").replace("X-Forwarded-Proto", "X-Proto");
        assert_eq!(ask(&without), FORBIDDEN, "{family}");
    }
}

#[test]
fn envoy_asks_with_the_request_itself_below_authorize() {
    let behind = Behind::family("envoy", &GRANTS);
    let host = "Host: shop.example\r\n";
    assert_eq!(behind.ask("GET /v1/authorize/public/a?b", host), ALLOWED);
    assert_eq!(behind.ask("PUT /v1/authorize/public/a?b", host), FORBIDDEN);
    assert_eq!(behind.ask("GET /v1/authorize/admin", host), FORBIDDEN);
    assert_eq!(behind.ask("GET /v1/authorize/public/../admin", host), FORBIDDEN);
    assert_eq!(behind.ask("GET /v1/authorize", host), FORBIDDEN);
    assert_eq!(behind.ask("GET /v1/authorize/public/a", "Host: other.example\r\n"), FORBIDDEN);
    let theirs = original("GET", "shop.example", "/public/a").replace("Host: jerakia", "Host: shop.example");
    assert_eq!(behind.ask("GET /v1/authorize/admin", &theirs), FORBIDDEN);
}

/// Proxies and services read these differently, so no grant is enough.
#[test]
fn a_path_with_two_readings_is_for_tokens_without_grants() {
    let behind = Behind::family("nginx", &["**"]);
    for path in ["/a", "/a/", "/", "/a%20b", "/%61", "/a?b=//..;%zz", "/a%3Bb", "/...", "/a:b"] {
        assert_eq!(behind.described(["GET", "h", path]), ALLOWED, "{path}");
    }
    for path in [
        "/public//../admin",
        "/a/../b",
        "/a/%2e%2e/b",
        "/a/.",
        "/..",
        "/a//b",
        "//",
        "/a;b",
        "/a#b",
        "/a\\b",
        "/a%5Cb",
        "/a%2fb",
        "/a%00",
        "/a%",
        "/a%4",
        "/a%zz",
        "/a b",
        "/\u{e9}",
        "a",
        "",
        "*",
        "http://h/a",
    ] {
        assert_eq!(behind.described(["GET", "h", path]), FORBIDDEN, "{path}");
    }
    for (method, host) in
        [("", "h"), ("G T", "h"), ("GET:", "h"), ("GET", ""), ("GET", "a,b"), ("GET", "a/b"), ("GET", "u@h")]
    {
        assert_eq!(behind.described([method, host, "/a"]), FORBIDDEN, "{method} {host}");
    }
    assert_eq!(behind.described(["GET", "h", &format!("/{}", "a".repeat(4000))]), ALLOWED);
    assert_eq!(behind.described(["GET", "h", &format!("/{}", "a".repeat(4095))]), FORBIDDEN, "with method and host");
    assert_eq!(behind.described(["GET", "h", &format!("/{}", "a".repeat(60_000))]), FORBIDDEN);
}

#[test]
fn a_description_with_a_missing_or_repeated_header_is_ambiguous() {
    let behind = Behind::family("nginx", &["**"]);
    let headers = original("GET", "shop.example", "/public/a");
    assert_eq!(behind.ask("GET /v1/authorize", &headers), ALLOWED);
    for line in headers.lines().skip(1) {
        let without = headers.replace(&format!("{line}\r\n"), "");
        assert_eq!(behind.ask("GET /v1/authorize", &without), FORBIDDEN, "{line}");
        assert_eq!(behind.ask("GET /v1/authorize", &format!("{headers}{line}\r\n")), FORBIDDEN, "{line}");
    }
    let log = behind.server.stop(Signal::TERM).1;
    assert!(log.contains("X-Original-URI is missing") && log.contains("X-Original-URI occurs twice"), "{log}");
}

/// Its `auth_request` knows no other refusals: it answers 500 then, as if the server were down.
#[test]
fn nginx_gets_403_for_every_refusal_that_is_not_401() {
    let path = format!("GET /v1/authorize/{}", "a".repeat(5_000));
    let headers = original("GET", "shop.example", "/public/a");
    assert_eq!(Behind::family("nginx", &GRANTS).ask(&path, &headers), (403, 403));
    assert_eq!(Behind::family("haproxy", &GRANTS).ask(&path, &headers), (414, 414));
}

#[test]
fn only_trusted_proxies_describe_requests() {
    let grants = ["http:GET:shop.example/a", "http:GET:jerakia/v1/authorize"];
    let headers = original("GET", "shop.example", "/a");
    let admin = original("GET", "shop.example", "/admin");
    for trusted in ["", "10.0.0.0/8,unix"] {
        let behind = Behind::proxies(&["--forward-auth", "nginx", "--trusted-proxies", trusted], &grants);
        for _ in 0..20 {
            assert_eq!(behind.ask("GET /v1/authorize", &admin), ALLOWED, "the headers are ignored");
            assert_eq!(behind.ask("PUT /v1/authorize", &headers), FORBIDDEN, "the headers are ignored");
        }
        let log = behind.server.stop(Signal::TERM).1;
        assert_eq!(log.matches("headers that describe a request are ignored").count(), 1, "{log}");
        assert!(log.contains("127.0.0.1") && log.contains("server.trusted_proxies"), "{log}");
    }
    let behind = Behind::proxies(&["--forward-auth", "nginx", "--trusted-proxies", "127.0.0.1"], &grants);
    assert_eq!(behind.ask("GET /v1/authorize", &headers), ALLOWED);
    assert_eq!(behind.ask("GET /v1/authorize", &admin), FORBIDDEN);
    let log = behind.server.stop(Signal::TERM).1;
    assert!(!log.contains("are ignored"), "{log}");
}

#[test]
fn without_a_family_no_header_describes_a_request() {
    let behind = Behind::proxies(&[], &["http:GET:shop.example/a"]);
    let both = original("GET", "shop.example", "/a") + &forwarded("GET", "shop.example", "/a")[15..];
    assert_eq!(behind.ask("GET /v1/authorize/a", &both), FORBIDDEN);
    behind.world.set_grants("limited", &["http:GET:jerakia/v1/authorize/*"]);
    assert_eq!(behind.ask("GET /v1/authorize/a", &both), ALLOWED);
}

/// The address that is recorded for a token that was used with `headers`.
fn recorded(arguments: &[&str], headers: &str) -> String {
    let behind = Behind::proxies(arguments, &[]);
    assert_eq!(behind.ask("GET /v1/authorize", &format!("Host: h\r\n{headers}")), ALLOWED);
    drop(behind.server.stop(Signal::TERM));
    let state = Connection::open(behind.world.databasedir().join("state.db")).unwrap();
    state.query_row("SELECT address FROM last_seen WHERE api_id = 'limited'", [], |row| row.get(0)).unwrap()
}

#[test]
fn the_clients_address_is_the_rightmost_that_is_not_trusted() {
    let forged = "X-Forwarded-For: 6.6.6.6, 192.0.2.7, 127.0.0.9\r\n";
    assert_eq!(recorded(&[], ""), "127.0.0.1");
    assert_eq!(recorded(&[], forged), "192.0.2.7");
    assert_eq!(recorded(&[], "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 2001:DB8::1\r\n"), "2001:db8::1");
    assert_eq!(recorded(&[], "X-Forwarded-For: 192.0.2.7, unknown\r\n"), "");
    assert_eq!(recorded(&["--trusted-proxies", "10.0.0.0/8"], forged), "127.0.0.1");
    let both = ["--trusted-proxies", "127.0.0.0/8, 192.0.2.0/24"];
    assert_eq!(recorded(&both, forged), "6.6.6.6");
}
