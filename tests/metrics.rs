//! Metrics: what a scrape shows of decisions, tokens, lookups and the log, and who can ask.

use crate::harness::{Authority, Identity, Lookups, METRICS, Metrics, Server, World, metrics_address, report, size};
use serde_json::{Value, json};
use std::fs;
use std::net::{TcpListener, TcpStream};

const PAGE: &str = include_str!("../docs/METRICS.md");

fn decisions(metrics: &Metrics, result: &str, reason: &str) -> f64 {
    metrics.value(&format!(r#"jerakia_decisions_total{{result="{result}",reason="{reason}"}}"#))
}

#[test]
fn decisions_are_counted_by_result_and_reason() {
    let (world, token) = World::with_token("my_app");
    let (disabled, limited) = (world.create("disabled"), world.create("limited"));
    world.done(&["token", "disable", "disabled"]);
    world.set_grants("limited", &["lookup:nothing"]);
    let server = world.server_with(METRICS);
    let mut client = server.client();
    let digits = token.rsplit(':').next().unwrap().to_owned();
    let wrong = format!("my_app:{}", "0".repeat(80));
    for (token, times, status) in [
        (&token, 5, 200),
        (&"junk".to_owned(), 4, 401),
        (&"x".repeat(600), 1, 401),
        (&format!("nobody:{digits}"), 3, 401),
        (&wrong, 2, 401),
        (&disabled, 6, 401),
        (&limited, 7, 403),
    ] {
        (0..times).for_each(|_| assert_eq!(client.authorize(token).status, status));
    }
    let metrics = Metrics::of(&server);
    assert_eq!(decisions(&metrics, "granted", ""), 5.0);
    assert_eq!(decisions(&metrics, "refused", "malformed"), 5.0, "one is too long to be read");
    assert_eq!(decisions(&metrics, "refused", "unknown"), 3.0);
    assert_eq!(decisions(&metrics, "refused", "wrong"), 2.0);
    assert_eq!(decisions(&metrics, "refused", "disabled"), 6.0);
    assert_eq!(decisions(&metrics, "forbidden", "forbidden"), 7.0);
    assert_eq!(decisions(&metrics, "unavailable", "database"), 0.0);
    assert_eq!(metrics.value("jerakia_decision_duration_seconds_count"), 28.0);
    assert_eq!(metrics.value(r#"jerakia_decision_duration_seconds_bucket{le="+Inf"}"#), 28.0);
    let mean = metrics.value("jerakia_decision_duration_seconds_sum") / 28.0;
    assert!((1e-6..1.0).contains(&mean), "{mean} seconds");
    assert_eq!(metrics.value(r#"jerakia_tokens{status="disabled"}"#), 1.0);
    assert_eq!(metrics.value(r#"jerakia_tokens{status="active"}"#), 2.0);
    assert_eq!(metrics.value("jerakia_connections"), 1.0);
}

/// G3 in numbers: whatever is presented, requests read no row unless somebody commits.
#[test]
fn requests_read_the_database_only_after_a_commit() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(METRICS);
    assert_eq!(server.authorize(&token).status, 200);
    let before = Metrics::of(&server);
    let reads = |metrics: &Metrics| metrics.value("jerakia_request_reads_total");
    let requests = size(1_000, 20_000);
    let mut client = server.client();
    for number in 0..requests {
        let junk = format!("app_{}:{number:080x}", number % 50);
        client.authorize(if number % 2 == 0 { &token } else { &junk });
    }
    let after = Metrics::of(&server);
    report("requests that read rows", requests, (reads(&after) - reads(&before)) as usize);
    assert_eq!(reads(&after), reads(&before));
    let all: f64 = decisions(&after, "granted", "") + decisions(&after, "refused", "unknown");
    assert_eq!(all, requests as f64 + 1.0);

    let revision = "jerakia_cache_revision";
    world.done(&["token", "disable", "my_app"]);
    assert_eq!(server.authorize(&token).status, 401);
    let changed = Metrics::of(&server);
    assert_eq!(reads(&changed), reads(&after) + 1.0);
    assert_eq!(changed.value(revision), after.value(revision) + 1.0);
}

#[test]
fn lookups_are_counted_by_where_their_answer_comes_from() {
    let lookups = Lookups::on_fixtures_with(METRICS);
    let count =
        |result: &str| Metrics::of(&lookups.server).value(&format!(r#"jerakia_lookups_total{{result="{result}"}}"#));
    assert_eq!(lookups.get("/v1/lookup/port?namespace=..").status, 400);
    (0..3).for_each(|_| assert_eq!(lookups.payload("/v1/lookup/port?namespace=apache"), 80));
    assert_eq!(count("failed"), 1.0);
    assert_eq!(count("kept") + count("read"), 3.0);
    assert!(count("read") >= 1.0);
    let metrics = Metrics::of(&lookups.server);
    for queue in ["lookups", "administration"] {
        assert_eq!(metrics.value(&format!(r#"jerakia_requests_running{{queue="{queue}"}}"#)), 0.0);
        assert_eq!(metrics.value(&format!(r#"jerakia_requests_waiting{{queue="{queue}"}}"#)), 0.0);
    }
}

#[test]
fn lost_log_lines_and_stored_last_seen_times_are_counted() {
    let (world, token) = World::with_token("my_app");
    let mut command = world.command(&["server", "--port", "0"]);
    command.args(METRICS).env("JERAKIA_LOGFILE", "/dev/full");
    let server = Server::start(command);
    let lost = "jerakia_log_lines_lost_total";
    let before = Metrics::wait(&server, lost, |it| it == 1.0); // others can write that file, it warns
    (0..3).for_each(|_| assert_eq!(server.authorize("junk").status, 401));
    Metrics::wait(&server, lost, |it| it == before.value(lost) + 3.0);
    assert_eq!(server.authorize(&token).status, 200);
    Metrics::wait(&server, r#"jerakia_last_seen_flushes_total{result="done"}"#, |it| it == 1.0);
}

#[test]
fn the_page_lists_each_metric_with_its_type_and_unit() {
    let world = World::new();
    let metrics = Metrics::of(&encrypted(&world, &Authority::new().issue("localhost")));
    assert!(metrics.text.ends_with("# EOF\n"));
    let mut listed = 0;
    for line in metrics.text.lines().filter_map(|it| it.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        let name = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
        let unit = ["seconds", "bytes"].into_iter().find(|it| name.contains(&format!("_{it}")));
        let row = format!("| `{name}` | {kind} | {} |", unit.unwrap_or("1"));
        assert!(PAGE.contains(&row), "docs/METRICS.md lacks a line that begins with\n{row}");
        listed += 1;
    }
    let rows = PAGE.lines().filter(|it| it.starts_with("| `jerakia_") || it.starts_with("| `process_")).count();
    assert_eq!(rows, listed, "docs/METRICS.md lists others");
}

/// The page on which metrics are shown is open, so it must not help a thief.
#[test]
fn metrics_name_no_token() {
    let world = World::new();
    let tokens = ["grocery", "bakery"].map(|it| world.create(it));
    let server = world.server_with(METRICS);
    for token in &tokens {
        assert_eq!(server.authorize(token).status, 200);
        assert_eq!(server.authorize(&format!("{token}0")).status, 401);
    }
    let text = Metrics::of(&server).text;
    for secret in tokens.iter().flat_map(|it| it.split(':')) {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
    assert!(!text.contains("127.0.0.1") && !text.contains(world.path().to_str().unwrap()));
}

#[test]
fn the_listener_for_metrics_has_one_route_and_few_connections() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(METRICS);
    let address = metrics_address(&server);
    let headers = format!("X-Authentication: {token}\r\n");
    let client = || crate::harness::Client::connect(&address);
    for path in ["/", "/v1/authorize", "/v1/lookup", "/readyz", "/metrics/", "/v1/tokens"] {
        assert_eq!(client().get(path, &headers).status, 404, "{path}");
    }
    assert_eq!(client().send("POST /metrics HTTP/1.1\r\nHost: h\r\n\r\n").status, 405);
    assert_eq!(server.client().get("/metrics", &headers).status, 404, "not where clients are");
    // As many as it admits, and then some: the longest idle ones are closed.
    let mut idle: Vec<_> = (0..20).map(|_| client()).collect();
    assert_eq!(client().get("/metrics", "").status, 200);
    assert!(idle[0].is_closed());
    assert_eq!(idle.pop().unwrap().get("/metrics", "").status, 200);
}

#[test]
fn metrics_are_off_unless_their_address_is_set_and_that_must_be_free() {
    let world = World::new();
    let server = world.server();
    assert!(!server.log().contains("metrics"), "{}", server.log());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listener = TcpListener::bind(taken).unwrap();
    let ran = world.run(&["server", "--port", "0", "--metrics", &taken.to_string()]);
    let words = format!("can't serve metrics on {taken}");
    assert!(ran.code == Some(1) && ran.stderr.contains(&words) && ran.stderr.contains("--metrics"), "{}", ran.stderr);
    drop(listener);
    let ran = world.run(&["server", "--metrics", "9845"]);
    let words = ["server.metrics can't be \"9845\"", "127.0.0.1:9845"];
    assert!(ran.code == Some(2) && words.iter().all(|it| ran.stderr.contains(it)), "{}", ran.stderr);
    let open = world.server_with(&["--metrics", "0.0.0.0:0"]);
    open.wait_for_log("everybody who reaches this address can read metrics");
    assert!(TcpStream::connect(open.address()).is_ok());
}

/// A server with TLS that shows its metrics.
pub fn encrypted(world: &World, identity: &Identity) -> Server {
    let [cert, key] = identity.write(world.path(), "server").map(|it| it.display().to_string());
    let tls = ["--listen", "http://127.0.0.1:0,https://127.0.0.1:0", "--tls-cert", &cert, "--tls-key", &key];
    let mut command = world.command(&["server"]);
    command.args(METRICS).args(tls);
    Server::start(command)
}

#[test]
fn the_end_of_the_certificate_and_one_that_cannot_be_used_are_shown() {
    let (world, authority) = (World::new(), Authority::new());
    let identity = authority.issue("localhost");
    let server = encrypted(&world, &identity);
    let certificate = || {
        let body = server.client().get("/readyz?verbose", "").body;
        serde_json::from_slice::<Value>(&body).unwrap()["payload"]["certificate"].clone()
    };
    let metrics = Metrics::of(&server);
    let year_4096 = 67_090_118_400.0; // rcgen's default
    assert_eq!(metrics.value("jerakia_certificate_expiry_timestamp_seconds"), year_4096);
    assert_eq!(metrics.value("jerakia_certificate_failed_reloads_total"), 0.0);
    assert_eq!(certificate(), json!({"status": "ok"}));
    fs::write(world.path().join("server.crt"), &authority.issue("localhost").cert).unwrap();
    let works = r#"jerakia_part_works{part="certificate"}"#;
    let metrics = Metrics::wait(&server, works, |it| it == 0.0);
    assert_eq!(metrics.value("jerakia_certificate_failed_reloads_total"), 1.0);
    assert_eq!(certificate(), json!({"status": "degraded", "message": "the new certificate can't be used"}));
    assert_eq!(server.client().get("/readyz", "").status, 200);
    authority.issue("localhost").write(world.path(), "server");
    Metrics::wait(&server, works, |it| it == 1.0);
}

/// `/readyz?verbose` of a server without faults.
#[test]
fn each_part_of_a_server_without_faults_works() {
    let (world, _) = World::with_token("my_app");
    let server = world.server_with(METRICS);
    assert_eq!(server.client().get("/readyz", "").text(), r#"{"status":"ok"}"#);
    let verbose: Value = serde_json::from_slice(&server.client().get("/readyz?verbose", "").body).unwrap();
    let metrics = Metrics::of(&server);
    assert_eq!(metrics.value("jerakia_ready"), 1.0);
    let parts = verbose["payload"].as_object().unwrap();
    assert_eq!(parts.keys().collect::<Vec<_>>(), ["acts", "last_seen", "maintenance", "sandbox", "tokens"]);
    for (part, state) in parts {
        assert_eq!(state.to_string(), r#"{"status":"ok"}"#, "{part}");
        assert_eq!(metrics.value(&format!(r#"jerakia_part_works{{part="{part}"}}"#)), 1.0);
    }
}
