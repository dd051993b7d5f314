//! `jerakia token`: what an administrator types and sees.

use crate::harness::{Ran, World};
use std::process::Stdio;
use std::thread;

const SENTENCE: &str = "Copy the following token to the application, it must be sent in the X-Authentication header. \
This token cannot be retrieved later, if you have lost the token for an application you can create a new one with \
'jerakia token regenerate <api id>'";

fn is_token(text: &str, api_id: &str) -> bool {
    let hex = text.strip_prefix(api_id).and_then(|it| it.strip_prefix(':'));
    hex.is_some_and(|it| it.len() == 80 && it.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

#[test]
fn create_prints_a_sentence_an_empty_line_and_the_token() {
    let world = World::new();
    let printed = world.done(&["token", "create", "my_app"]);
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines[..2], [SENTENCE, ""]);
    assert!(lines.len() == 3 && is_token(lines[2], "my_app"), "{printed}");
}

#[test]
fn quiet_prints_the_token_and_nothing_else() {
    let world = World::new();
    for arguments in [["token", "create", "a", "--quiet"], ["token", "regenerate", "a", "-q"]] {
        let ran = world.run(&arguments);
        assert!(is_token(ran.stdout.strip_suffix('\n').unwrap(), "a"), "{}", ran.stdout);
        assert_eq!(ran.stderr, "");
    }
}

#[test]
fn no_two_tokens_are_alike() {
    let (world, token) = World::with_token("my_app");
    let tokens = [token, world.regenerate("my_app"), world.regenerate("my_app")];
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2] && tokens[0] != tokens[2]);
}

#[test]
fn an_api_id_is_created_once_and_found_or_not() {
    let (world, _) = World::with_token("my_app");
    let refused = |arguments: &[&str], message: &str| {
        let ran = world.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.trim()), (Some(1), "", message), "{arguments:?}");
    };
    refused(&["token", "create", "my_app"], "API ID my_app already exists");
    for command in ["regenerate", "disable", "enable", "delete"] {
        refused(&["token", command, "nobody"], "No such API ID nobody");
        refused(&["token", command, "no\u{1b}[31m"], "No such API ID no\\u{1b}[31m");
    }
    world.done(&["token", "delete", "my_app"]);
    refused(&["token", "delete", "my_app"], "No such API ID my_app");
}

#[test]
fn a_debug_log_says_who_changed_which_token_and_how() {
    let (world, _) = World::with_token("my_app");
    let log = world.run(&["--debug", "token", "disable", "my_app"]).stderr;
    let line = log.lines().find(|it| it.contains("a token was changed")).expect(&log);
    let parts = [r#"api_id="my_app""#, r#"change="disable""#, &format!("uid {}", rustix::process::getuid().as_raw())];
    assert!(parts.iter().all(|it| line.contains(it)), "{line}");
}

#[test]
fn malformed_api_ids_are_refused_and_not_stored() {
    let world = World::new();
    for bad in ["", "a b", "a:b", "é", "a/b", &"x".repeat(65), "\u{1b}[2J"] {
        let ran = world.run(&["token", "create", bad]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{bad:?}");
        assert!(
            ran.stderr.contains("API_ID: ")
                && ran.stderr.contains("can't be an API ID")
                && !ran.stderr.contains('\u{1b}'),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(world.done(&["token", "list"]).lines().count(), 2);
}

#[test]
fn list_is_the_table_of_jerakia_3() {
    let (world, _) = World::with_token("web");
    world.create("ansible");
    world.done(&["token", "disable", "ansible"]);
    world.set_last_seen("web", 1_767_323_045);
    let expected = "\
API Identifier       Last Seen                    Status

ansible              never                        disabled
web                  2026-01-02 03:04:05          active
";
    assert_eq!(world.done(&["token", "list"]), expected);
    let ran = Ran::of(world.command(&["token", "list"]).env("TZ", "America/New_York").output().unwrap());
    assert!(ran.stdout.contains("2026-01-01 22:04:05"), "{}", ran.stdout);
}

#[test]
fn list_as_json_has_times_in_utc() {
    let (world, _) = World::with_token("web");
    world.sqlite().execute("UPDATE token SET created_at = 0, issued_at = 60", []).unwrap();
    world.set_last_seen("web", 1_767_323_045);
    let list: serde_json::Value = serde_json::from_str(&world.done(&["token", "list", "-o", "json"])).unwrap();
    let expected = serde_json::json!([{
        "api_id": "web", "status": "active", "description": "", "labels": {}, "grants": [],
        "created_at": "1970-01-01T00:00:00Z", "issued_at": "1970-01-01T00:01:00Z", "expires_at": null,
        "last_seen": "2026-01-02T03:04:05Z", "last_address": null, "previous": null,
    }]);
    assert_eq!(list, expected);
}

#[test]
fn control_characters_in_the_database_are_escaped() {
    let (world, _) = World::with_token("web");
    let sql = "INSERT INTO token (api_id, digest, created_at, issued_at) VALUES (?1, zeroblob(32), 0, 0)";
    world.sqlite().execute(sql, ["evil\u{1b}[2J\nroot"]).unwrap();
    let printed = world.done(&["token", "list"]);
    assert!(printed.contains("evil\\u{1b}[2J\\u{a}root"), "{printed:?}");
    assert!(!printed.contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let (world, _) = World::with_token("web");
    let mut process = world.command(&["completions", "bash"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(process.stdout.take());
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

#[test]
fn eight_at_once_on_a_database_that_is_not_there_yet() {
    let world = World::new();
    thread::scope(|scope| {
        for at in 0..8 {
            let world = &world;
            scope.spawn(move || world.create(&format!("app{at}")));
        }
    });
    assert_eq!(world.done(&["token", "list"]).lines().count(), 2 + 8);
}

/// Nobody can show the token again, so it must not be lost silently.
#[test]
fn a_token_that_cannot_be_shown_is_reported() {
    let (world, _) = World::with_token("old");
    let outputs: [(&str, &dyn Fn() -> Stdio); 2] = [
        ("a reader that has gone away", &|| std::io::pipe().unwrap().1.into()),
        ("a full disk", &|| std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into()),
    ];
    for (name, output) in outputs {
        for command in [["token", "create", name.split(' ').next_back().unwrap()], ["token", "regenerate", "old"]] {
            let mut process = world.command(&command);
            let ran =
                Ran::of(process.stdout(output()).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap());
            assert_eq!(ran.code, Some(1), "{name}: {}", ran.stderr);
            assert!(
                ran.stderr.contains("was made but could not be shown: run `jerakia token regenerate"),
                "{}",
                ran.stderr
            );
        }
    }
    let shell = |redirection: &str| {
        let mut process = std::process::Command::new("sh");
        process.env("JERAKIA_DATABASEDIR", world.databasedir()).stdout(Stdio::piped()).stderr(Stdio::piped());
        process.args(["-c", &format!("{} token regenerate old {redirection}", env!("CARGO_BIN_EXE_jerakia"))]);
        Ran::of(process.output().unwrap())
    };
    let closed = shell(">&-");
    assert!(closed.code == Some(1) && closed.stderr.contains("standard output is closed"), "{}", closed.stderr);
    assert_eq!(shell(">/dev/null").code, Some(0), "that is what was asked for");
}
