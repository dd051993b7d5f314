//! The id of a request: in each answer, in the log, in the access log and in the audit trail.

use crate::harness::{Api, Client, Lookups, Response, Server, World, get};
use crate::import::jerakia_3;
use rustix::process::Signal;
use serde_json::Value;
use std::collections::HashSet;

/// The value of a field in a line of the log, without quotes.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let value = line.split_once(&format!(" {name}="))?.1;
    let quoted = value.strip_prefix('"').map(|it| it.split('"').next());
    quoted.unwrap_or_else(|| value.split(' ').next())
}

fn id(response: &Response) -> &str {
    response.request_id.as_deref().unwrap_or_else(|| panic!("no X-Request-Id in {response:?}"))
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<_> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|it| it == b'-' || it.is_ascii_hexdigit())
}

/// A request on a connection of its own, as text.
fn ask(client: &mut Client, line: &str, headers: &str) -> Response {
    client.send(format!("{line} HTTP/1.1\r\n{headers}\r\n"))
}

#[test]
fn each_answer_has_an_id_of_its_own_and_is_not_stored() {
    let lookups = Lookups::on_fixtures();
    let token = format!("Host: h\r\nX-Authentication: {}\r\n", lookups.token);
    let longest = format!("GET /v1/authorize/{}", "x".repeat(5000));
    let mut ids = HashSet::new();
    for (line, headers, status) in [
        ("GET /v1/authorize", &*token, 200),
        ("GET /v1/authorize", "Host: h\r\n", 401),
        ("GET /v1/lookup/port?namespace=apache", &token, 200),
        ("GET /v1/lookup/port?namespace=apache", &token, 200),
        ("GET /v1/lookup/port?namespace=..", &token, 400),
        ("GET /v1/lookup", "Host: h\r\n", 401),
        ("POST /v1/lookup", &token, 405),
        ("GET /v1/scope/a/b", &token, 404),
        ("GET /v1/whoami", &token, 200),
        ("GET /livez", "Host: h\r\n", 200),
        ("POST /livez", "Host: h\r\n", 405),
        ("GET /nowhere", "Host: h\r\n", 404),
        (&longest, &token, 414),
        ("GET /v1/authorize", "", 400),
    ] {
        let answer = ask(&mut lookups.server.client(), line, headers);
        assert_eq!(answer.status, status, "{line}");
        assert!(is_uuid(id(&answer)), "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{line}");
        assert!(ids.insert(id(&answer).to_owned()), "twice: {answer:?}");
    }
}

#[test]
fn a_trusted_proxy_names_the_id_if_it_is_well_formed() {
    let (world, token) = World::with_token("my_app");
    for (trusted, is_taken) in [("127.0.0.1", true), ("", false)] {
        let server = world.server_with(&["--trusted-proxies", trusted]);
        let longest = "x".repeat(128);
        for own in ["6f1d", "Root=1-67891233:a/b+c@d~_.", &longest] {
            let headers = format!("X-Authentication: {token}\r\nX-Request-Id: {own}\r\n");
            let answer = server.client().get("/v1/authorize", &headers);
            assert_eq!(id(&answer) == own, is_taken, "{own}");
            assert_eq!(answer.head.matches("x-request-id").count(), 0, "once: {answer:?}");
        }
        for bad in [
            "X-Request-Id: \r\n",
            "X-Request-Id: a b\r\n",
            "X-Request-Id: é\r\n",
            "X-Request-Id: a\r\nX-Request-Id: a\r\n",
        ] {
            assert!(is_uuid(id(&server.client().get("/v1/authorize", bad))), "{bad}");
        }
        let longer = format!("X-Request-Id: {longest}x\r\n");
        assert!(is_uuid(id(&server.client().get("/v1/authorize", &longer))));
    }
}

#[test]
fn lines_about_a_request_have_its_id() {
    let lookups = Lookups::on_fixtures_with(&["--max-failures", "1"]);
    let token = format!("X-Authentication: {}\r\n", lookups.token);
    let ask = |path: &str, headers: &str| lookups.server.client().get(path, headers);
    let refused = ask("/v1/authorize/refused", "X-Request-Id: given-by-a-proxy\r\n");
    assert_eq!(id(&refused), "given-by-a-proxy");
    let failed = ask("/v1/lookup/k?namespace=..", &token);
    lookups.world.set_grants("my_app", &["lookup:other"]);
    let forbidden = ask("/v1/authorize/forbidden", &token);
    let flood = (0..50).map(|_| ask("/v1/authorize", "X-Forwarded-For: 192.0.2.1\r\n")).find(|it| it.status == 429);
    let expected = [
        (r#"reason="malformed""#, &refused),
        ("no answer to a lookup", &failed),
        (r#"reason="forbidden""#, &forbidden),
        ("answered 429", &flood.unwrap()),
    ];
    for (part, answer) in expected {
        let line = lookups.server.wait_for_log(part);
        assert_eq!(field(&line, "request_id"), Some(id(answer)), "{line}");
    }
}

#[test]
fn the_audit_trail_has_the_id_of_the_request() {
    let api = Api::new();
    let headers = "X-Request-Id: given-by-a-proxy\r\n";
    let given = api.send(&api.admin, "POST", "/v1/tokens", headers, r#"{"api_id":"one","grants":["lookup:**"]}"#);
    let own = api.send(&api.admin, "DELETE", "/v1/tokens/one", "", "");
    assert_eq!((given.status, id(&given)), (201, "given-by-a-proxy"));
    let (_, page) = api.call("GET", "/v1/audit", "");
    let ids: Vec<_> = page["payload"].as_array().unwrap().iter().filter_map(|it| it["request_id"].as_str()).collect();
    assert!(ids.contains(&id(&given)) && ids.contains(&id(&own)), "{ids:?}");
}

/// The lines of the access log.
fn access(log: &str) -> Vec<&str> {
    log.lines().filter(|it| it.contains(" jerakia_host::access: request ")).collect()
}

#[test]
fn the_access_log_has_one_line_per_request_and_no_secret() {
    let (world, token) = World::with_token("my_app");
    for level in ["info", "error"] {
        let server = world.server_with(&["--access-log", "true", "--log-level", level]);
        let headers = format!("X-Authentication: {token}\r\nX-Forwarded-For: 192.0.2.1\r\n");
        let mut client = server.client();
        let good = client.get(&format!("/v1/authorize/{}?secret=c0ffee", "x".repeat(400)), &headers);
        let bad = client.get("/v1/authorize?secret=c0ffee", "X-Authentication: c0ffee:c0ffee\r\n");
        let nowhere = client.get("/nowhere?c0ffee", &format!("Authorization: Bearer {token}\r\n"));
        let no_host = server.client().send("GET /livez?c0ffee HTTP/1.1\r\n\r\n");
        let (_, log) = server.stop(Signal::TERM);
        let lines = access(&log);
        let answers = [(&good, "my_app"), (&bad, ""), (&nowhere, ""), (&no_host, "")];
        assert_eq!(lines.len(), answers.len(), "{log}");
        for (line, (answer, api_id)) in lines.iter().zip(answers) {
            let expected = [("request_id", id(answer)), ("status", &answer.status.to_string()), ("method", "GET")];
            for (name, value) in expected {
                assert_eq!(field(line, name), Some(value), "{line}");
            }
            assert_eq!(field(line, "api_id").unwrap_or_default(), api_id, "{line}");
            assert!(field(line, "duration_us").unwrap().parse::<u64>().is_ok(), "{line}");
        }
        assert_eq!((field(lines[0], "client"), field(lines[1], "client")), (Some("192.0.2.1"), Some("127.0.0.1")));
        let cut = format!("/v1/authorize/{}…", "x".repeat(256 - "/v1/authorize/".len()));
        assert_eq!((field(lines[0], "path"), field(lines[1], "path")), (Some(&*cut), Some("/v1/authorize")));
        assert!(!lines.concat().contains("c0ffee") && !log.contains(&token[7..]), "{log}");
    }
}

#[test]
fn the_access_log_is_off_unless_it_is_asked_for() {
    let (world, token) = World::with_token("my_app");
    for arguments in [&[][..], &["-D"]] {
        let server = world.server_with(arguments);
        assert_eq!(server.authorize(&token).status, 200);
        let (_, log) = server.stop(Signal::TERM);
        assert_eq!(access(&log), [""; 0], "{log}");
    }
}

#[test]
fn the_access_log_as_json_names_who_may_not() {
    let (world, token) = World::with_token("my_app");
    world.set_grants("my_app", &["lookup:**"]);
    let server = world.server_with(&["--access-log", "true", "--log-format", "json"]);
    let answer = server.authorize(&token);
    assert_eq!(answer.status, 403);
    let line: Value = serde_json::from_str(&server.wait_for_log("jerakia_host::access")).unwrap();
    assert_eq!((&line["api_id"], &line["status"]), (&"my_app".into(), &403.into()));
    assert_eq!(line["request_id"], id(&answer));
}

/// The first use of an imported token takes long enough.
#[test]
fn a_client_that_hangs_up_has_a_line_without_a_status() {
    let world = World::new();
    let hash = bcrypt::hash("0", 13).unwrap();
    world.done(&["token", "import", jerakia_3(&world, &[("slow", &hash, "t")]).to_str().unwrap()]);
    let server = world.server_with(&["--access-log", "true"]);
    let token = format!("slow:{}", "0".repeat(80));
    server.client().write(get("/v1/authorize", &format!("X-Authentication: {token}\r\n")));
    let line = server.wait_for_log("/v1/authorize");
    assert_eq!((field(&line, "status"), field(&line, "method")), (None, Some("GET")), "{line}");
}

/// Lines that the log can't take are lost and counted; answers don't wait.
#[test]
fn a_flood_of_access_lines_is_bounded() {
    let (world, token) = World::with_token("my_app");
    let mut command = world.command(&["server", "--port", "0", "--access-log", "true"]);
    command.env("JERAKIA_LOGLEVEL", "info");
    let (mut server, unread) = Server::start_unheard(command);
    let (mut client, times) = (server.client(), 4000); // 1.6 MB, of which 1 MiB may wait
    let path = format!("/v1/authorize/{}", "k".repeat(240));
    for _ in 0..times {
        assert_eq!(client.get(&path, &format!("X-Authentication: {token}\r\n")).status, 200);
    }
    server.hear(unread);
    server.wait_for_log("log lines were lost since the start");
    let (status, log) = server.stop(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    let lost: usize = field(log.lines().rfind(|it| it.contains("lost=")).unwrap(), "lost").unwrap().parse().unwrap();
    let written = access(&log).len();
    assert!((1..times).contains(&written) && written + lost >= times, "{written} written, {lost} lost");
}
