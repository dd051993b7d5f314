//! Clients can't flood the log, forge lines in it, or make it repeat their queries.

use crate::harness::{Lookups, Server, World};
use rustix::process::Signal;
use std::fs;
use std::time::{Duration, Instant};

/// The sum of a field over all lines of a kind.
fn sum(log: &str, kind: &str, field: &str) -> usize {
    let lines = log.lines().filter(|it| it.contains(kind));
    lines.filter_map(|it| it.split_once(field)?.1.split_whitespace().next()?.parse::<usize>().ok()).sum()
}

/// Waits until the written and the left-out lines add up to all. Sends no request meanwhile:
/// the count must be logged without one.
fn wait_for_the_count(read: impl Fn() -> String, line: &str, kind: &str, all: usize) -> String {
    let start = Instant::now();
    loop {
        let log = read();
        let written = log.lines().filter(|it| it.contains(line)).count();
        let left_out = sum(&log, kind, "left_out=");
        if written + left_out == all {
            return log;
        }
        let late = start.elapsed() > Duration::from_secs(20);
        assert!(!late, "{written} written and {left_out} left out of {all}:\n{log}");
        std::thread::yield_now();
    }
}

#[test]
fn a_flood_of_refusals_fills_no_disk_and_is_counted() {
    let (world, token) = World::with_token("my_app");
    let path = world.path().join("jerakia.log");
    let mut command = world.command(&["server", "--port", "0"]);
    command.env("JERAKIA_LOGFILE", &path);
    let server = Server::start(command);
    let (start, all) = (Instant::now(), 2000);
    let mut client = server.client();
    for _ in 0..all {
        assert_eq!(client.get(&format!("/v1/authorize/{}", "x".repeat(4000)), "").status, 401);
    }
    let log = wait_for_the_count(|| fs::read_to_string(&path).unwrap(), " refused ", "\"refusals\"", all);
    let seconds = start.elapsed().as_secs() as usize + 2;
    assert!(log.len() < seconds * 50 * 420, "{} bytes in {seconds} s", log.len());
    let refusals = log.lines().filter(|it| it.contains(" refused "));
    let paths: Vec<_> = refusals.map(|it| it.split_once("path=").unwrap().1.trim_matches('"')).collect();
    let cut = format!("/v1/authorize/{}…", "x".repeat(256 - "/v1/authorize/".len()));
    assert!(paths.len() <= seconds * 50 && paths.iter().all(|it| *it == cut), "{} of {paths:.1?}", paths.len());
    assert_eq!(server.authorize(&token).status, 200);
}

#[test]
fn log_lines_about_undecided_requests_are_counted_even_at_a_stop() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    fs::rename(world.databasedir(), world.path().join("elsewhere")).unwrap();
    server.wait_for_status("/readyz", "", 503);
    let before = server.log().lines().filter(|it| it.contains("not ready")).count();
    let (mut client, all) = (server.client(), 500);
    for _ in 0..all / 2 {
        assert_eq!(client.authorize(&token).status, 503);
        assert_eq!(client.get("/readyz", "").status, 503);
    }
    let (_, log) = server.stop(Signal::TERM);
    let written = log.lines().filter(|it| it.contains("not ready") || it.contains("can't decide")).count() - before;
    let left_out = sum(&log, "\"failures\"", "left_out=");
    assert!(written < all && written + left_out >= all, "{written} written, {left_out} left out");
}

/// Queries that have an error in each of their parts, or none, with `evil` in it.
fn ask_with(evil: &str, lookups: &Lookups) {
    for path in [
        format!("/v1/lookup/k?namespace=ns&policy={evil}"),
        format!("/v1/lookup/k?namespace=ns&policy=default{evil}"),
        format!("/v1/lookup/k?namespace={evil}"),
        format!("/v1/lookup/k?namespace=../{evil}"),
        format!("/v1/lookup/k?namespace=ns&metadata_env=../{evil}"),
        format!("/v1/lookup/k?namespace=ns&lookup_type={evil}"),
        format!("/v1/lookup/k?namespace=ns&merge={evil}"),
        format!("/v1/lookup/k?namespace=ns&scope={evil}"),
        format!("/v1/lookup/k?namespace=ns&scope=server&scope_realm={evil}&scope_identifier={evil}"),
        format!("/v1/lookup?{evil}"),
        format!("/v1/authorize?{evil}"),
        format!("/nowhere?{evil}"),
    ] {
        lookups.get(&path);
        lookups.server.client().get(&path, "");
    }
    lookups.put("/v1/scope/r/i", "Content-Type: application/json\r\n", format!("{{{evil}").as_bytes());
}

#[test]
fn no_part_of_a_query_or_body_is_logged() {
    for format in ["text", "json"] {
        let lookups = Lookups::with(&crate::harness::fixtures(), &["-D", "--log-format", format]);
        ask_with("c0ffee%0Ac0ffee", &lookups);
        let log = lookups.stop();
        assert!(log.contains("no answer to a lookup") && log.contains("/v1/lookup/k") && log.contains("my_app"));
        assert!(log.contains("data directory"), "what is wrong is said:\n{log}");
        let line = log.lines().find(|it| it.to_lowercase().contains("c0ffee"));
        assert_eq!(line, None);
    }
}

/// Whether a line is an event: text begins with a timestamp, JSON is an object.
fn is_an_event(line: &str, format: &str) -> bool {
    match format {
        "json" => serde_json::from_str::<serde_json::Value>(line).is_ok_and(|it| it["level"].is_string()),
        _ => line.get(10..11) == Some("T") && line.get(26..27) == Some("Z"),
    }
}

#[test]
fn a_client_forges_no_line_and_colours_no_terminal() {
    for format in ["text", "json"] {
        let lookups = Lookups::with(&crate::harness::fixtures(), &["-D", "--log-format", format]);
        let evil = "foo%0A2026-01-01T00:00:00.000000Z%20%20INFO%20forged%0D%1b[31m%E2%80%AE%C2%9B";
        ask_with(evil, &lookups);
        lookups.get(&format!("/v1/lookup/{evil}?namespace=ns")); // the key is logged at -D
        // Bytes that are not ASCII in a path, in a method, and in credentials.
        let head = "Host: h\r\nConnection: close\r\n\r\n";
        for line in ["GET /v1/authorize/\u{202e}\u{9b} HTTP/1.1", "G\u{1b}ET /v1/authorize HTTP/1.1"] {
            drop(lookups.server.client().exchange(&format!("{line}\r\n{head}")));
        }
        let basic = "Authorization: Basic Zm9vCmZvcmdlZBtbMzFtOjAw\r\n"; // foo, a line feed, an escape, ...
        assert_eq!(lookups.server.client().get("/v1/authorize/last", basic).status, 401);
        let log = lookups.stop();
        assert!(log.contains("/last"), "{log}");
        for line in log.lines().filter(|it| !it.starts_with("listening on")) {
            assert!(is_an_event(line, format), "{line:?}");
        }
        let acts =
            |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{e0000}'..='\u{e007f}');
        assert_eq!(log.lines().find(|it| it.contains(acts)), None);
    }
}
