//! G6: a token appears in plaintext only on its creator's standard output and in its bearer's
//! requests: not in the database, its log, the server's log or arguments, or a core file.

use crate::harness::{Client, Server, World};
use rustix::process::{Resource, Rlimit, Signal, getuid, setrlimit};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Whether `bytes` has any 16 digits of the token's hex in it, or its raw bytes.
pub fn leaks(bytes: &[u8], token: &str) -> bool {
    let hex = token.split_once(':').unwrap().1;
    let raw = base16ct::lower::decode_vec(hex).unwrap();
    let has = |part: &[u8]| bytes.windows(part.len()).any(|it| it == part);
    hex.as_bytes().chunks(16).any(has) || raw.chunks(8).any(has)
}

/// Every file below `directory`, whatever its name.
pub fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found
}

/// A client's requests, good and bad, with the token in every place.
fn present(client: &mut Client, token: &str) {
    let (id, hex) = token.split_once(':').unwrap();
    let one_more = format!("{token}0");
    for credential in [token, &token.to_uppercase(), &one_more, hex, &format!("{id}x:{hex}"), &format!("{token}:x")] {
        client.get("/v1/authorize", &format!("X-Authentication: {credential}\r\n"));
        client.get("/v1/authorize", &format!("Authorization: Bearer {credential}\r\n"));
        client.get("/v1/authorize", &format!("Authorization: {credential}\r\n"));
        client.get("/v1/authorize", &format!("X-Authentication: {credential}{}\r\n", "x".repeat(600)));
    }
    // A client that puts a token into a query has it in every proxy's log; not in ours.
    client.get(&format!("/v1/authorize?token={token}"), "");
}

#[test]
fn a_token_is_found_nowhere_but_with_its_owner() {
    let (world, token) = World::with_token("my_app");
    setrlimit(Resource::Core, Rlimit { current: None, maximum: None }).unwrap_or_default();
    let formats: [&[&str]; 2] = [&["-D"], &["-D", "--log-format", "json"]];
    let mut logs = String::new();
    for arguments in formats {
        let server = world.server_with(arguments);
        present(&mut server.client(), &token);
        world.done(&["token", "disable", "my_app"]);
        present(&mut server.client(), &token);
        world.done(&["token", "enable", "my_app"]);
        let command_line = fs::read(format!("/proc/{}/cmdline", server.pid())).unwrap();
        assert!(!leaks(&command_line, &token));
        assert!(files(&world.databasedir()).iter().any(|(path, _)| path.ends_with("-wal")), "no log to search");
        for (path, bytes) in files(world.path()) {
            assert!(!leaks(&bytes, &token), "{path}");
        }
        let (_, log) = server.stop(Signal::ABORT);
        assert!(log.contains("disabled"), "the refusals are in the log");
        logs += &log;
    }
    assert!(!leaks(logs.as_bytes(), &token), "{logs}");
    let after = files(world.path());
    assert!(!after.iter().any(|(path, _)| path.contains("core")), "a core file was written");
    for (path, bytes) in after {
        assert!(!leaks(&bytes, &token), "{path}");
    }
    for arguments in [&["token", "list", "-D"][..], &["token", "list", "-o", "json"], &["config"]] {
        assert!(!leaks(world.done(arguments).as_bytes(), &token));
    }
}

/// The owner of a process's files in /proc: its user and group, but root if the process is
/// not dumpable. (No core is dumped then either, whatever `core_pattern` says.)
fn owner(pid: u32) -> (u32, u32) {
    let environment = fs::metadata(format!("/proc/{pid}/environ")).unwrap();
    (environment.uid(), environment.gid())
}

#[test]
fn a_servers_memory_is_not_dumped_nor_read_by_others_of_its_user() {
    // Run by root, only a group can tell the two apart.
    let in_a_group = |mut command: Command| {
        if getuid().is_root() {
            command.gid(65_534);
        }
        command
    };
    let mut cat = in_a_group(Command::new("cat")).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let ordinary = owner(cat.id());
    assert_ne!(ordinary, (0, 0));
    let world = World::new();
    let server = Server::start(in_a_group(world.command(&["server", "--port", "0"])));
    assert_ne!(owner(server.pid()), ordinary);
    drop(cat.stdin.take());
    cat.wait().unwrap();
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let (world, token) = World::with_token("my_app");
    fs::write(world.path().join("leak"), format!("...{}...", &token[30..60])).unwrap();
    assert!(files(world.path()).iter().any(|(_, bytes)| leaks(bytes, &token)));
}
