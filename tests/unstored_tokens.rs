//! Tokens that are good while a server runs: `server.tokens` and `server.token_file`.

use crate::harness::{Ran, Server, World};
use crate::secrets::{files, leaks};
use rustix::process::Signal;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

/// The token of another place, so that nothing of it is stored here.
fn token(api_id: &str) -> String {
    World::with_token(api_id).1
}

/// Writes a file with mode 0600; its path.
fn file(world: &World, name: &str, text: &str) -> String {
    let path = world.path().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn without_secret(ran: &Ran, tokens: &[&str]) {
    for token in tokens {
        assert!(!leaks(ran.stdout.as_bytes(), token) && !leaks(ran.stderr.as_bytes(), token), "{}", ran.stderr);
    }
}

#[test]
fn tokens_of_a_file_are_good_while_the_server_runs() {
    let world = World::new();
    let (one, two) = (token("one"), token("two"));
    let path = file(&world, "tokens", &format!("{one}\n\n{two}\r\n"));
    let server = world.server_with(&["--token-file", &path]);
    for (api_id, token) in [("one", &one), ("two", &two)] {
        assert_eq!(server.authorize(token).header("x-jerakia-api-id"), Some(api_id));
    }
    assert_eq!(server.authorize(&token("one")).status, 401);
    assert_eq!(world.done(&["token", "list", "-o", "json"]).trim(), "[]");
    drop(server);
    assert_eq!(world.server().authorize(&one).status, 401, "it is not stored");
}

#[test]
fn tokens_of_the_settings_are_good_and_shown_nowhere() {
    let world = World::new();
    let (one, two) = (token("one"), token("two"));
    let config = file(&world, "jerakia.yaml", &format!("server:\n  tokens:\n  - {one}\n  - {two}\n"));
    let mut command = world.command(&["server", "--port", "0", "-D"]);
    let server = Server::start({
        command.env("JERAKIA_CONFIG", &config);
        command
    });
    assert_eq!(server.authorize(&one).status, 200);
    assert_eq!(server.authorize(&two).status, 200);
    assert!(!leaks(&fs::read(format!("/proc/{}/cmdline", server.pid())).unwrap(), &one));
    let (_, log) = server.stop(Signal::TERM);
    assert!(log.contains("tokens that are not stored") && !leaks(log.as_bytes(), &one), "{log}");
    for (path, bytes) in files(&world.databasedir()) {
        assert!(!leaks(&bytes, &one), "{path}");
    }
    let shown = world.run(&["config", "--config", &config]);
    assert!(shown.stdout.contains(r#"tokens: ["one:(not shown)", "two:(not shown)"]"#), "{}", shown.stdout);
    without_secret(&shown, &[&one, &two]);
    let printed = file(&world, "printed.yaml", &shown.stdout);
    let again = world.run(&["config", "--config", &printed]);
    assert_eq!(again.code, Some(2), "what is shown is no token: {}", again.stdout);
    // In the environment, too.
    let mut command = world.command(&["server", "--port", "0"]);
    command.env("JERAKIA_SERVER_TOKENS", format!("{one},{two}"));
    assert_eq!(Server::start(command).authorize(&two).status, 200);
}

#[test]
fn a_stored_token_of_the_api_id_decides() {
    let world = World::new();
    let (unstored, stored) = (token("my_app"), world.create("my_app"));
    let path = file(&world, "tokens", &unstored);
    let server = world.server_with(&["--token-file", &path]);
    server.wait_for_log("the database has a token of this API ID, which decides");
    assert_eq!((server.authorize(&stored).status, server.authorize(&unstored).status), (200, 401));
    world.done(&["token", "disable", "my_app"]);
    assert_eq!((server.authorize(&stored).status, server.authorize(&unstored).status), (401, 401));
    // Deleting it takes access away, and gives none: not to the other one either.
    world.done(&["token", "delete", "my_app"]);
    assert_eq!((server.authorize(&stored).status, server.authorize(&unstored).status), (401, 401));
    world.create("my_app");
    assert_eq!(server.authorize(&unstored).status, 401);
}

#[test]
fn one_that_was_stored_and_deleted_between_two_requests_does_not_come_back() {
    let world = World::new();
    let unstored = token("my_app");
    let path = file(&world, "tokens", &unstored);
    let server = world.server_with(&["--token-file", &path]);
    assert_eq!(server.authorize(&unstored).status, 200);
    world.done(&["token", "create", "my_app", "--token-file", &path]);
    world.done(&["token", "delete", "my_app"]);
    assert_eq!(server.authorize(&unstored).status, 401);
    server.stop(Signal::TERM);
    assert_eq!(world.server_with(&["--token-file", &path]).authorize(&unstored).status, 200, "the file has it");
}

#[test]
fn bad_tokens_are_refused_and_not_quoted() {
    let world = World::new();
    let good = token("my_app");
    let bad = format!("{good}00");
    let refused = |arguments: &[&str], variable: Option<&str>, words: &[&str]| {
        let mut command = world.command(arguments);
        command.envs(variable.map(|it| ("JERAKIA_SERVER_TOKENS", it)));
        let ran = Ran::of(command.output().unwrap());
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert!(words.iter().all(|it| ran.stderr.contains(it)), "{words:?} in {}", ran.stderr);
        without_secret(&ran, &[&good]);
    };
    let server = |path: &str, words: &[&str]| refused(&["server", "--port", "0", "--token-file", path], None, words);
    server(&file(&world, "a", &format!("{good}\n{bad}\n")), &["server.token_file", "line 2", "<API ID>:<80"]);
    server(&file(&world, "b", &format!("{good}\n{good}\n")), &["two tokens of my_app"]);
    server(&file(&world, "c", &"\n".repeat((1 << 20) + 1)), &["more than 1048576 bytes"]);
    let many: String = (0..1001).map(|at| good.replacen("my_app", &format!("app{at}"), 1) + "\n").collect();
    server(&file(&world, "d", &many), &["1001 tokens", "at most 1000"]);
    server("nowhere", &["server.token_file", "nowhere", "can't be read"]);
    refused(&["config"], Some(&bad), &["server.tokens can't be", "(not shown)", "JERAKIA_SERVER_TOKENS"]);
    let both = file(&world, "e", &good);
    refused(&["server", "--port", "0", "--token-file", &both], Some(&good), &["two tokens of my_app"]);
    // Mistakes around a token in the file.
    for text in [
        format!("server:\n  tokens: [{good}\n  port: 1\n"),
        format!("server:\n  tokens:\n    {}\n", good.replacen(':', ": ", 1)),
        format!("server:\n  tokens: [[{good}]]\n"),
        format!("server:\n  tokens:\n  - {good}\n - x\n"),
        format!("server:\n\ttokens: {good}\n"),
        format!("server:\n  tokens: \"{good}\n"),
    ] {
        let config = file(&world, "bad.yaml", &text);
        refused(&["config", "--config", &config], None, &["bad.yaml"]);
        refused(&["config", "check", "--config", &config], None, &["bad.yaml"]);
    }
    // Never on a command line.
    refused(&["server", "--port", "0", "--tokens", &good], None, &["--tokens"]);
    refused(&["server", "--port", "0", &format!("--tokens={good}")], None, &["--tokens"]);
}

#[test]
fn files_of_tokens_that_others_can_read_warn() {
    let world = World::new();
    let path = file(&world, "tokens", &token("my_app"));
    assert!(!world.server_with(&["--token-file", &path]).log().contains("open to other users"));
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let server = world.server_with(&["--token-file", &path]);
    let line = server.wait_for_log("open to other users");
    assert!(line.contains(&format!("{path} has tokens")) && line.contains("chmod 0600"), "{line}");
}
