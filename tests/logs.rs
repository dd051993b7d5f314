//! A log that can't be written: all answers are as usual, the server still stops, and the
//! log says later how many lines it lost.

use crate::harness::{Ran, Server, World, fixtures};
use rustix::io::ioctl_fionbio;
use rustix::process::Signal;
use std::fs::{self, File};
use std::io::{BufRead, Write as _, pipe};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const MAX_WAIT: Duration = Duration::from_secs(20);

/// Waits until a file has `part`, and returns all of it.
fn wait_for_file(path: &Path, part: &str) -> String {
    let start = Instant::now();
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if text.contains(part) {
            return text;
        }
        assert!(start.elapsed() < MAX_WAIT, "no {part:?} in {}:\n{text}", path.display());
        thread::yield_now();
    }
}

/// Each kind of request that logs is answered as usual, for well over the `--token-ttl 1`
/// after which a server without its maintenance thread answers 503.
fn goes_on(server: &Server, token: &str) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(2500) {
        let mut client = server.client();
        assert_eq!(client.authorize(token).status, 200);
        assert_eq!(client.authorize(&format!("{token}0")).status, 401);
        let lookup = client.get("/v1/lookup/k?namespace=..", &format!("X-Authentication: {token}\r\n"));
        assert_eq!(lookup.status, 400, "{}", lookup.text());
        assert_eq!(client.get("/readyz", "").status, 200);
    }
}

fn ends(server: Server) -> String {
    let start = Instant::now();
    let (status, log) = server.stop(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
    log
}

const CHATTY: [&str; 4] = ["server", "-v", "--token-ttl", "1"];

#[test]
fn a_server_goes_on_with_standard_error_on_a_full_disk() {
    let (world, token) = World::with_token("my_app");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let server = Server::start_mute(world.command(&CHATTY), full);
    goes_on(&server, &token);
    ends(server);
}

#[test]
fn a_server_goes_on_when_nobody_is_left_to_read_its_standard_error() {
    let (world, token) = World::with_token("my_app");
    let mut command = world.command(&CHATTY);
    command.args(["--port", "0"]);
    let (server, reader) = Server::start_unheard(command);
    drop(reader);
    goes_on(&server, &token);
    ends(server);
}

#[test]
fn a_server_goes_on_with_its_log_file_on_a_full_disk_and_says_later_what_was_lost() {
    let (world, token) = World::with_token("my_app");
    let (path, room) = (world.path().join("jerakia.log"), world.path().join("room.log"));
    symlink("/dev/full", &path).unwrap();
    let mut command = world.command(&CHATTY);
    command.args(["--port", "0"]).env("JERAKIA_LOGFILE", &path);
    let server = Server::start(command);
    goes_on(&server, &token);
    fs::remove_file(&path).unwrap();
    symlink(&room, &path).unwrap();
    server.signal(Signal::HUP);
    let text = wait_for_file(&room, "log lines were lost");
    let lost = text.split("lost=").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(lost.parse::<u64>().unwrap() > 2, "{text}");
    ends(server);
}

/// Each lookup of such a key is a line of 4 kB at `-v`.
fn long_lookups(server: &Server, token: &str, times: usize) {
    let (mut client, path) = (server.client(), format!("/v1/lookup/{}?namespace=ns", "k".repeat(4000)));
    for _ in 0..times {
        let answer = client.get(&path, &format!("X-Authentication: {token}\r\n"));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn server_on_an_unread_pipe(world: &World) -> (Server, impl BufRead + Send + 'static) {
    let data = fixtures();
    let mut command = world.command(&CHATTY);
    command.args(["--port", "0"]).env("JERAKIA_VARDIR", &data).env("JERAKIA_POLICYDIR", data.join("policy.d"));
    Server::start_unheard(command)
}

#[test]
fn a_server_goes_on_and_ends_while_nobody_reads_its_standard_error() {
    let (world, token) = World::with_token("my_app");
    let (server, _unread) = server_on_an_unread_pipe(&world);
    long_lookups(&server, &token, 30); // a pipe holds 64 KiB
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(2500) {
        assert_eq!(server.authorize(&token).status, 200);
        assert_eq!(server.authorize("junk").status, 401);
    }
    ends(server);
}

#[test]
fn a_server_starts_on_a_pipe_that_is_full_already() {
    let (world, token) = World::with_token("my_app");
    let (_unread, mut writer) = pipe().unwrap();
    ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[b'x'; 512]).is_ok() {}
    ioctl_fionbio(&writer, false).unwrap();
    let server = Server::start_mute(world.command(&CHATTY), writer);
    assert_eq!(server.authorize(&token).status, 200);
    assert_eq!(server.authorize("junk").status, 401);
    ends(server);
}

#[test]
fn a_command_does_its_work_though_its_warning_cannot_be_written() {
    let (world, _) = World::with_token("my_app");
    let (file, full) = (world.path().join("jerakia.yaml"), File::options().write(true).open("/dev/full").unwrap());
    fs::write(&file, "plugindir: /x\n").unwrap();
    let mut command = world.command(&["token", "list"]);
    let ran = Ran::of(command.env("JERAKIA_CONFIG", &file).stderr(full).output().unwrap());
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("my_app"));
}

#[test]
fn a_log_that_is_too_slow_loses_lines_and_counts_them() {
    let (world, token) = World::with_token("my_app");
    let (mut server, unread) = server_on_an_unread_pipe(&world);
    let times = 400; // 1.6 MB, of which 1 MiB may wait
    long_lookups(&server, &token, times);
    server.hear(unread);
    server.wait_for_log("log lines were lost since the start");
    let log = ends(server);
    let lost: usize = log.rsplit("lost=").next().unwrap().split_whitespace().next().unwrap().parse().unwrap();
    let written = log.lines().filter(|it| it.contains("kkkk")).count();
    assert!((1..times).contains(&written) && written + lost >= times, "{written} written, {lost} lost");
}

#[test]
fn sighup_opens_the_log_file_again() {
    let (world, _) = World::with_token("my_app");
    let (path, rotated) = (world.path().join("jerakia.log"), world.path().join("jerakia.log.1"));
    let mut command = world.command(&["server", "--port", "0"]);
    command.env("JERAKIA_LOGFILE", &path);
    let server = Server::start(command);
    let refuse = |path: &str| assert_eq!(server.client().get(path, "").status, 401);
    refuse("/v1/authorize/first");
    wait_for_file(&path, "/first");
    fs::rename(&path, &rotated).unwrap();
    refuse("/v1/authorize/second");
    wait_for_file(&rotated, "/second");
    server.signal(Signal::HUP);
    wait_for_file(&path, "reopened the log file");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    refuse("/v1/authorize/third");
    wait_for_file(&path, "/third");
    ends(server);
    let (old, new) = (fs::read_to_string(&rotated).unwrap(), fs::read_to_string(&path).unwrap());
    assert!(old.contains("/first") && old.contains("/second") && !old.contains("/third"), "{old}");
    assert!(new.contains("stopping") && !new.contains("/second"), "{new}");
}

#[test]
fn sighup_without_a_log_file_ends_nothing() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    server.signal(Signal::HUP);
    server.wait_for_log("there is no log file to reopen");
    assert_eq!(server.authorize(&token).status, 200);
    ends(server);
}

#[test]
fn a_log_file_that_cannot_be_reopened_goes_on_and_a_name_forges_no_line() {
    let (world, _) = World::with_token("my_app");
    let (directory, elsewhere) = (world.path().join("log"), world.path().join("elsewhere"));
    fs::create_dir(&directory).unwrap();
    let name = "a\n2026-01-01T00:00:00Z  INFO forged\u{1b}[31m\u{202e}.log";
    let mut command = world.command(&["server", "--port", "0"]);
    command.env("JERAKIA_LOGFILE", directory.join(name));
    let server = Server::start(command);
    fs::rename(&directory, &elsewhere).unwrap();
    server.signal(Signal::HUP);
    let log = elsewhere.join(name);
    wait_for_file(&log, "writing to the old one");
    assert_eq!(server.client().get("/v1/authorize/after", "").status, 401);
    let text = wait_for_file(&log, "/after");
    assert!(text.contains(r"a\u{a}2026-01-01T00:00:00Z  INFO forged\x1b[31m\u{202e}.log"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    ends(server);
}

#[test]
fn a_log_file_that_is_open_to_other_users_is_warned_of() {
    let (world, _) = World::with_token("my_app");
    let path = world.path().join("jerakia.log");
    fs::write(&path, "").unwrap();
    for (mode, warned) in [(0o644, true), (0o620, true), (0o640, false)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let mut command = world.command(&["server", "--port", "0"]);
        command.env("JERAKIA_LOGFILE", &path);
        Server::start(command).stop(Signal::TERM);
        let log = fs::read_to_string(&path).unwrap();
        assert_eq!(log.contains(&format!("run `chmod 0640 {}`", path.display())), warned, "{mode:o}: {log}");
        fs::write(&path, "").unwrap();
    }
}

#[test]
fn a_log_file_that_is_a_pipe_without_a_reader_is_an_error() {
    let world = World::new();
    let pipe = world.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = world.command(&["server", "--port", "0"]);
    let ran = Ran::of(command.env("JERAKIA_LOGFILE", &pipe).output().unwrap());
    assert!(ran.code == Some(1) && ran.stderr.contains("can't write the log file"), "{}", ran.stderr);
}
