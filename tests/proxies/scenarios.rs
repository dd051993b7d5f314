//! What every proxy must do in front of a service.

use super::service::Seen;
use super::{ProtectedService, Proxy, running};
use crate::harness::Server;
use rusqlite::Connection;
use rustix::process::Signal;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use std::{fs, thread};

/// The headers in which one proxy or another describes a request, for one that would be granted.
const DESCRIPTION: [(&str, &str); 10] = [
    ("X-Original-Method", "GET"),
    ("X-Original-Host", "shop.example"),
    ("X-Original-URI", "/public/a"),
    ("X-Original-URL", "/public/a"),
    ("X-Rewrite-URL", "/public/a"),
    ("X-Forwarded-Method", "GET"),
    ("X-Forwarded-Host", "shop.example"),
    ("X-Forwarded-Uri", "/public/a"),
    ("X-Forwarded-Proto", "http"),
    ("X-Forwarded-For", "6.6.6.6"),
];

fn forged_description() -> String {
    DESCRIPTION.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
}

/// Each spelling of the identity with hyphens and underscores.
fn forged_identity() -> String {
    let mut lines = String::new();
    for separators in 0..8 {
        let at = |bit: u8| if separators & (1 << bit) == 0 { '-' } else { '_' };
        lines += &format!("X{}Jerakia{}Api{}Id: forged\r\n", at(0), at(1), at(2));
        lines += &format!("X{}JERAKIA{}Expires: forged\r\n", at(0), at(1));
    }
    lines
}

/// The service gets the API ID, and nothing that the client claims about its identity or the request.
pub fn identity(proxy: &'static Proxy) {
    let it = ProtectedService::behind(proxy);
    let nonsense: String = DESCRIPTION.iter().map(|(name, _)| format!("{name}: forged\r\n")).collect();
    let forged = forged_identity() + &nonsense;
    let ends = it.world.create("ending");
    it.world.sqlite().execute("UPDATE token SET ends_at = 4102542245 WHERE api_id = 'ending'", []).unwrap();
    for (token, api_id, expires) in [(&it.token, "my_app", ""), (&ends, "ending", "2100-01-02T03:04:05Z")] {
        for credential in [format!("X-Authentication: {token}\r\n"), format!("Authorization: Bearer {token}\r\n")] {
            // The last is for proxies that do not pass on what Connection names.
            for more in ["", "Connection: keep-alive, X-Jerakia-Api-Id, X-Jerakia-Expires\r\n"] {
                let answer = it.running.post("/a?b", &format!("{credential}{more}{forged}"), "content");
                assert_eq!(answer.status, 200, "{answer:?}");
                let (text, seen) = (answer.text(), Seen::of(answer.text()));
                assert!(text.starts_with("POST /a?b HTTP/1.") && text.ends_with("\r\ncontent"), "{text}");
                assert_eq!(seen.all("x-jerakia-api-id"), [api_id], "{text}");
                assert_eq!(seen.all("x-jerakia-expires").concat(), expires, "{text}");
                assert_eq!(seen.all("host"), ["shop.example"], "{text}");
                assert_eq!(seen.all("x-forwarded-for"), [running::CLIENT.to_string()], "{text}");
                assert!(!text.contains("forged"), "{text}");
                assert!(!text.contains(&token[7..]), "the service has the token: {text}");
                assert!(!seen.all("connection").concat().to_lowercase().contains("jerakia"), "{text}");
            }
        }
    }
    drop(it.server.stop(Signal::TERM));
    let state = Connection::open(it.world.databasedir().join("state.db")).unwrap();
    let address: String = state.query_row("SELECT address FROM last_seen LIMIT 1", [], |row| row.get(0)).unwrap();
    assert_eq!(address, running::CLIENT.to_string(), "recorded as the client's");
}

/// Only a good token gets to the service.
pub fn tokens(proxy: &'static Proxy) {
    let it = ProtectedService::behind(proxy);
    assert_eq!(it.outcome("GET /a", ""), (1, 200));
    it.world.done(&["token", "disable", "my_app"]);
    assert_eq!(it.outcome("GET /a", ""), (0, 401), "from the next request on");
    it.world.done(&["token", "enable", "my_app"]);
    assert_eq!(it.outcome("GET /a", ""), (1, 200));
    it.world.done(&["token", "delete", "my_app"]);
    assert_eq!(it.outcome("GET /a", ""), (0, 401));
    let wrong = format!("X-Authentication: my_app:{}\r\n", "0".repeat(80));
    for headers in ["", &wrong, "Authorization: Bearer my_app\r\n", &forged_identity()] {
        let answer = it.running.send("GET /a", headers);
        assert_eq!(answer.status, 401, "{headers}");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="jerakia""#), "{headers}");
    }
    assert_eq!(it.service.count(), 2);
}

/// Grants are judged by the request as the client made it, whatever else it says.
pub fn grants(proxy: &'static Proxy) {
    let it = ProtectedService::behind(proxy);
    let grants = ["http:GET:shop.example/public/**", "http:PUT:shop.example/*", "http:*:other.example/**"];
    it.world.set_grants("my_app", &[&grants[..], &["http:*:shop.example:1234/**"]].concat());
    let forged = forged_description();
    for headers in ["", &forged] {
        for line in ["GET /public/a?b", "GET /p%75blic/a", "PUT /a"] {
            assert_eq!(it.outcome(line, headers), (1, 200), "{line} {headers}");
        }
        for line in [
            "POST /public/a",
            "GET /admin",
            "GET /admin?/public/a",
            "GET /public/../admin",
            "GET /public//../admin",
            "GET /public/%2e%2e/admin",
            "GET /public/a%2fb",
            "GET /public/a;b",
        ] {
            assert_eq!(it.outcome(line, headers), (0, 403), "{line} {headers}");
        }
    }
    for named in ["X-Forwarded-Uri", "X-Forwarded-Method", "X-Original-URI", "X-Original-Method"] {
        let headers = format!("Connection: keep-alive, {named}\r\n{forged}");
        assert_eq!(it.outcome("GET /admin", &headers), (0, 403), "{named}");
    }
    // The host is the configuration's, also for the service. Not all proxies take these for another site.
    let credential = format!("X-Authentication: {}\r\n", it.token);
    let own = it.running.host();
    for host in ["other.example", "shop.example:1234", &own] {
        drop(it.running.send_to(host, "GET /admin", &credential));
        assert_eq!(it.service.count(), 6, "{host}");
    }
    assert_eq!(it.running.send_to(&own, "GET /public/a", &credential).status, 200);
    for host in ["other.example", "shop.example:1234", &own] {
        let answer = it.running.send_to(host, "GET /public/a", &credential);
        let seen = Seen::of(answer.text());
        let is_reached = !seen.all("x-jerakia-api-id").is_empty();
        assert!(!is_reached || seen.all("host") == ["shop.example"], "{answer:?}");
        assert!(seen.all("x-forwarded-host").iter().all(|it| *it == "shop.example"), "{answer:?}");
    }
}

/// The id of a request, in the server's log and for the service, is not of the client's making.
pub fn request_ids(proxy: &'static Proxy) {
    let it = ProtectedService::behind(proxy);
    let answer = it.send("GET /a", "X-Request-Id: forged\r\n");
    let line = it.server.wait_for_log("status=200");
    let id = line.split("request_id=").nth(1).unwrap().split(' ').next().unwrap();
    assert!(id.len() >= 32, "{line}");
    if proxy.names_requests {
        assert_eq!(Seen::of(answer.text()).all("x-request-id"), [id], "{line}");
    }
}

/// A client whose credentials were refused too often gets an answer that says so. To the server,
/// each client of the proxy is one of its own.
pub fn floods(proxy: &'static Proxy) {
    const MOST: usize = 2000;
    let it = ProtectedService::behind(proxy);
    let flooded = (0..MOST).map(|_| it.running.send("GET /a", "")).find(|it| it.status != 401);
    let refused = flooded.expect("a limit");
    assert_eq!(refused.status, proxy.flood);
    let retry_after = if proxy.flood == 429 { Some("1") } else { None };
    assert_eq!(refused.header("retry-after"), retry_after);
    let token = format!("X-Authentication: {}\r\n", it.token);
    let other = it.running.send_from(Ipv4Addr::new(127, 0, 0, 3), "GET /a", &token);
    assert_eq!((other.status, it.service.count()), (200, 1));
}

/// While the server does not answer, or is down, requests are refused.
pub fn outages(proxy: &'static Proxy) {
    let it = ProtectedService::behind(proxy);
    assert_eq!(it.outcome("GET /a", ""), (1, 200));
    suspend(&it.server);
    let start = Instant::now();
    assert_eq!(it.outcome("GET /a", ""), (0, it.proxy.stuck));
    assert!(start.elapsed() < Duration::from_secs(it.proxy.patience), "after {:?}", start.elapsed());
    it.server.signal(Signal::CONT);
    assert_eq!(it.outcome("GET /a", ""), (1, 200));
    let ProtectedService { server, running, service, token, .. } = it;
    drop(server.stop(Signal::KILL));
    let start = Instant::now();
    let status = running.send("GET /a", &format!("X-Authentication: {token}\r\n")).status;
    assert_eq!((service.count(), status), (2, proxy.down));
    assert!(start.elapsed() < Duration::from_secs(15), "after {:?}", start.elapsed());
    assert!(!running.log().contains(&token[7..]), "the proxy has logged the token: {}", running.log());
}

/// The server gets only those headers of a client that can carry a token: it would refuse a head
/// with more than 100.
pub fn many_headers(proxy: &'static Proxy) {
    let it = ProtectedService::behind(proxy);
    let headers: String = (0..120).map(|number| format!("X-{number}: a\r\n")).collect();
    assert_eq!(it.outcome("GET /a", &headers), (1, 200));
}

/// Stops a server, and waits until each of its threads has stopped.
fn suspend(server: &Server) {
    server.signal(Signal::STOP);
    let is_stopped = |task: fs::DirEntry| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|it| it.starts_with('T'))
    };
    let tasks = || fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
    let start = Instant::now();
    while !tasks().all(|it| is_stopped(it.unwrap())) {
        assert!(start.elapsed() < Duration::from_secs(20), "it goes on");
        thread::yield_now();
    }
}
