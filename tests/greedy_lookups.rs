//! Large data and greedy clients: memory is bounded, and others are still served.

use crate::harness::{self, Lookups, Server, World, report, torture};
use serde_json::json;
use std::fs;
use std::io::Read as _;
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

const LARGE: &str = "/v1/lookup/list?namespace=large";

/// A list of 10 MB, and a small file.
fn large() -> World {
    let data = World::new();
    let common = data.path().join("data/common");
    fs::create_dir_all(&common).unwrap();
    let item = format!("- {}\n", "x".repeat(10_000));
    fs::write(common.join("large.yaml"), format!("list:\n{}", item.repeat(1_000))).unwrap();
    fs::write(common.join("small.yaml"), "k: 1").unwrap();
    thread::sleep(Duration::from_millis(200)); // files are kept parsed that were left alone for a while
    data
}

/// Sends a request for `path`, and doesn't read the answer.
fn asked(server: &Server, token: &str, path: &str) -> TcpStream {
    let mut client = server.client();
    client.write(harness::get(path, &format!("Connection: close\r\nX-Authentication: {token}\r\n")));
    client.into_stream()
}

fn peak_of(data: &Path, together: usize) -> u64 {
    let lookups = Lookups::with(data, &["--lookup-wait", "60"]);
    assert_eq!(lookups.get(LARGE).status, 200, "read and parsed");
    let streams: Vec<_> = (0..together).map(|_| asked(&lookups.server, &lookups.token, LARGE)).collect();
    let readers = streams.into_iter().map(|mut stream| {
        thread::spawn(move || {
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..200]));
            assert!(answer.len() > 10_000_000, "{}", answer.len());
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.join().unwrap();
    }
    lookups.server.peak_memory()
}

#[test]
fn twelve_lookups_of_a_large_list_share_its_memory() {
    let data = large();
    let (one, twelve) = (peak_of(data.path(), 1), peak_of(data.path(), 12));
    println!("one: {one} KiB, twelve: {twelve} KiB");
    assert!(twelve < one * 3 / 2, "one takes {one} KiB, twelve {twelve} KiB");
}

/// One token can have half of all places; further requests of it are answered 503. A client
/// that doesn't read its answer keeps a place, but no turn.
#[test]
fn a_client_that_does_not_read_its_answers_takes_no_turn_of_other_tokens() {
    let (data, world) = (large(), World::new());
    let (greedy, other) = (world.create("greedy"), world.create("other"));
    let mut command = world.command(&["server", "--port", "0"]);
    command.env("JERAKIA_VARDIR", data.path());
    let server = Server::start(command);
    let before = server.peak_memory();
    let mut unread: Vec<_> = (0..200).map(|_| asked(&server, &greedy, LARGE)).collect();
    // Until all have been decided.
    let answered = unread.iter_mut().filter_map(|stream| {
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert!([b"HTTP/1.1 200", b"HTTP/1.1 503"].contains(&&status));
        status.ends_with(b"200").then_some(())
    });
    let answered = answered.count();
    assert!((1..100).contains(&answered), "{answered} at once");
    let small =
        |token: &str| server.client().get("/v1/lookup/k?namespace=small", &format!("X-Authentication: {token}\r\n"));
    let busy = server.wait_for_status("/v1/lookup/k?namespace=small", &format!("X-Authentication: {greedy}\r\n"), 503);
    assert_eq!(busy.text(), r#"{"status":"failed","message":"busy: try again later"}"#);
    assert_eq!(busy.header("retry-after"), Some("1"));
    let times = if torture() { 2_000 } else { 20 };
    let served = (0..times).filter(|_| small(&other).text() == r#"{"status":"ok","found":true,"payload":1}"#).count();
    report("200 unread answers of 10 MB to one token", times, times - served);
    assert_eq!(served, times);
    let grown = server.peak_memory() - before;
    println!("{answered} unread answers: grown by {grown} KiB");
    assert!(grown < 200 << 10, "{grown} KiB for 200 answers of 10 MB");
    drop(unread);
    server.wait_for_status("/v1/lookup/k?namespace=small", &format!("X-Authentication: {greedy}\r\n"), 200);
}

/// A few lines that stand for much are refused before they are unfolded.
#[test]
fn a_small_file_cannot_become_a_large_value() {
    let data = World::new();
    let common = data.path().join("data/common");
    fs::create_dir_all(&common).unwrap();
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, of) in ["b", "c", "d", "e", "f"].iter().zip(["a", "b", "c", "d", "e"]) {
        bomb += &format!("{name}: &{name} [{}]\n", vec![format!("*{of}"); 9].join(","));
    }
    assert!(bomb.len() < 250);
    fs::write(common.join("bomb.yaml"), bomb).unwrap();
    fs::write(common.join("wide.json"), "").unwrap();
    let lookups = Lookups::on(data.path());
    assert_eq!(lookups.json("/v1/lookup/a?namespace=nowhere").0, 200);
    let before = lookups.server.peak_memory();
    let (status, body) = lookups.json("/v1/lookup/a?namespace=bomb");
    assert_eq!((status, &body["status"]), (501, &json!("failed")), "{body}");
    let grown = lookups.server.peak_memory() - before;
    println!("grown by {grown} KiB");
    assert!(grown < 64 << 10, "{grown} KiB");
}

/// During a rename, the kernel doesn't resolve a link that goes up.
#[test]
fn a_file_behind_a_link_is_found_while_directories_are_renamed() {
    let data = World::new();
    let (common, elsewhere) = (data.path().join("data/common"), World::new());
    fs::create_dir_all(&common).unwrap();
    fs::create_dir_all(data.path().join("data/shared/a/b")).unwrap();
    fs::write(data.path().join("data/shared/a/b/real.yaml"), "k: 1").unwrap();
    std::os::unix::fs::symlink("../shared/a/../a/b/../b/real.yaml", common.join("linked.yaml")).unwrap();
    let lookups = Lookups::on(data.path());
    let (from, to, done) = (elsewhere.path().join("one"), elsewhere.path().join("two"), AtomicBool::new(false));
    fs::create_dir(&from).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                fs::rename(&from, &to).unwrap();
                fs::rename(&to, &from).unwrap();
            }
        });
        let mut client = lookups.server.client();
        let header = format!("X-Authentication: {}\r\n", lookups.token);
        let answers: Vec<_> = (0..2_000).map(|_| client.get("/v1/lookup/k?namespace=linked", &header).status).collect();
        done.store(true, Relaxed);
        let failed = answers.iter().filter(|it| **it != 200).count();
        assert_eq!(failed, 0, "of {}", answers.len());
    });
}

/// One anchor may be used any number of times: the nodes that it unfolds to are bounded.
#[test]
fn an_anchor_can_be_used_often() {
    let data = World::new();
    let common = data.path().join("data/common");
    fs::create_dir_all(&common).unwrap();
    let keys: String = (0..1_000).map(|it| format!("k{it}: {{<<: *d, b: {it}}}\n")).collect();
    fs::write(common.join("often.yaml"), format!("d: &d {{a: 1}}\n{keys}")).unwrap();
    let lookups = Lookups::on(data.path());
    assert_eq!(lookups.payload("/v1/lookup/k999?namespace=often"), json!({"a": 1, "b": 999}));
}

/// A place is freed before the answer arrives, so a client that sends one request after the
/// other needs only one.
#[test]
fn a_token_is_served_while_two_others_hold_all_places() {
    let data = World::new();
    let common = data.path().join("data/common");
    fs::create_dir_all(&common).unwrap();
    fs::write(common.join("small.yaml"), "k: 1").unwrap();
    let world = World::new();
    let tokens = ["a", "b", "c"].map(|it| world.create(it));
    let mut command = world.command(&["server", "--port", "0"]);
    command.env("JERAKIA_VARDIR", data.path());
    let server = Server::start(command);
    let slow_body = |token: &str| {
        let mut client = server.client();
        let head = format!(
            "PUT /v1/scope/x/y HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\nContent-Type: application/json\r\n\
             Content-Length: 50\r\nExpect: 100-continue\r\n\r\n"
        );
        assert_eq!(client.send(head).status, 100);
        client
    };
    let _held: Vec<_> = (0..72).map(|it| slow_body(&tokens[it % 2])).collect();
    let header = format!("X-Authentication: {}\r\n", tokens[2]);
    for number in 0..50 {
        // Each is another question, so that no answer is kept.
        let answer = server.client().get(&format!("/v1/lookup/k?namespace=small&x={number}"), &header);
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}
