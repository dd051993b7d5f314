//! The ends of tokens, on both sides of each deadline.

use crate::harness::{Ran, World};
use serde_json::Value;

fn with_clock(time: &str) -> World {
    let world = World::new();
    world.set_clock(time);
    world
}

fn create(world: &World, arguments: &[&str]) -> String {
    world.done(&[&["token", "create", "-q"], arguments].concat()).trim().to_owned()
}

fn expires_at(world: &World, api_id: &str) -> Value {
    let shown: Value = serde_json::from_str(&world.done(&["token", "show", api_id, "-o", "json"])).unwrap();
    shown["expires_at"].clone()
}

#[test]
fn a_token_is_refused_from_the_second_of_its_end_on() {
    let world = with_clock("2027-01-01 00:00:00");
    let token = create(&world, &["my_app", "--expires", "1h"]);
    let server = world.server();
    world.set_clock("2027-01-01 00:59:59");
    let granted = server.authorize(&token);
    assert_eq!((granted.status, granted.header("x-jerakia-expires")), (200, Some("2027-01-01T01:00:00Z")));
    assert!(world.done(&["token", "list"]).contains("active"));
    world.set_clock("2027-01-01 01:00:00");
    assert_eq!(server.authorize(&token).status, 401);
    server.wait_for_log("reason=\"expired\"");
    assert!(world.done(&["token", "list"]).trim_end().ends_with("expired"));
    // Decided at use: nothing changed when it ended.
    world.set_clock("2027-01-01 00:59:59");
    assert_eq!(server.authorize(&token).status, 200);
}

#[test]
fn an_end_is_a_period_a_time_or_never() {
    let world = with_clock("2027-01-01 00:00:00");
    for (given, end) in [
        ("90d", Some("2027-04-01T00:00:00Z")),
        ("2w", Some("2027-01-15T00:00:00Z")),
        ("2027-01-31T00:00:00Z", Some("2027-01-31T00:00:00Z")),
        ("2027-01-31T01:00:00+01:00", Some("2027-01-31T00:00:00Z")),
        ("never", None),
    ] {
        create(&world, &["my_app", "--expires", given]);
        assert_eq!(expires_at(&world, "my_app").as_str(), end, "{given}");
        world.done(&["token", "delete", "my_app"]);
    }
}

#[test]
fn an_update_moves_the_end_of_a_token_for_the_next_request() {
    let world = with_clock("2027-01-01 00:00:00");
    let token = create(&world, &["my_app", "--expires", "1h"]);
    let server = world.server();
    world.set_clock("2027-01-01 02:00:00");
    assert_eq!(server.authorize(&token).status, 401);
    world.done(&["token", "update", "my_app", "--expires", "1h"]);
    let granted = server.authorize(&token);
    assert_eq!((granted.status, granted.header("x-jerakia-expires")), (200, Some("2027-01-01T03:00:00Z")));
    world.done(&["token", "update", "my_app", "--expires", "1s"]);
    world.set_clock("2027-01-01 02:00:01");
    assert_eq!(server.authorize(&token).status, 401);
    world.done(&["token", "update", "my_app", "--expires", "never"]);
    let granted = server.authorize(&token);
    assert_eq!((granted.status, granted.header("x-jerakia-expires")), (200, Some("")));
}

#[test]
fn a_new_secret_of_an_expired_token_is_refused_and_the_command_says_so() {
    let world = with_clock("2027-01-01 00:00:00");
    create(&world, &["my_app", "--expires", "1h"]);
    world.set_clock("2027-01-01 02:00:00");
    for command in ["regenerate", "rotate"] {
        let ran = world.run(&["token", command, "my_app", "-q"]);
        assert!(ran.code == Some(0) && ran.stderr.contains("`jerakia token update my_app --expires"), "{}", ran.stderr);
        assert_eq!(world.server().authorize(ran.stdout.trim()).status, 401);
    }
}

/// Runs a command with settings in its environment.
fn with(world: &World, settings: &[(&str, &str)], arguments: &[&str]) -> Ran {
    Ran::of(world.command(arguments).envs(settings.iter().copied()).output().unwrap())
}

#[test]
fn settings_give_new_tokens_an_end_and_limit_what_flags_give() {
    const DEFAULT: (&str, &str) = ("JERAKIA_SERVER_DEFAULT_EXPIRY", "30d");
    const MAX: (&str, &str) = ("JERAKIA_SERVER_MAX_EXPIRY", "10d");
    let world = with_clock("2027-01-01 00:00:00");
    for (number, (settings, flags, end)) in [
        (&[DEFAULT][..], &[][..], Some("2027-01-31T00:00:00Z")),
        (&[DEFAULT], &["--expires", "never"], None),
        (&[MAX], &[], Some("2027-01-11T00:00:00Z")),
        (&[DEFAULT, MAX], &[], Some("2027-01-11T00:00:00Z")),
        (&[DEFAULT, MAX], &["--expires", "10d"], Some("2027-01-11T00:00:00Z")),
    ]
    .into_iter()
    .enumerate()
    {
        let api_id = format!("app{number}");
        let ran = with(&world, settings, &[&["token", "create", &api_id], flags].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_eq!(expires_at(&world, &api_id).as_str(), end, "{settings:?} {flags:?}");
    }
    for end in ["never", "10d 1s", "2027-01-11T00:00:01Z"] {
        for arguments in [["token", "create", "new", "--expires", end], ["token", "update", "app1", "--expires", end]] {
            let ran = with(&world, &[MAX], &arguments);
            assert_eq!(ran.code, Some(2), "{}", ran.stderr);
            let words = "--expires: tokens end within 10d here (server.max_expiry): give an earlier end";
            assert!(ran.stderr.contains(words), "{}", ran.stderr);
        }
    }
    assert_eq!(expires_at(&world, "app1"), Value::Null, "nothing was changed");
}

#[test]
fn tokens_that_end_soon_are_listed_with_exit_code_1() {
    let world = with_clock("2027-01-01 00:00:00");
    create(&world, &["late", "--expires", "14d 1s"]);
    create(&world, &["unending"]);
    let quiet = world.run(&["token", "list", "--expiring", "14d"]);
    assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (Some(0), "", ""));
    assert_eq!(world.done(&["token", "list", "--expiring", "14d", "-o", "json"]), "[]\n");
    world.set_clock("2027-01-01 00:00:01");
    let ran = world.run(&["token", "list", "--expiring", "14d"]);
    assert_eq!((ran.code, ran.stderr.trim()), (Some(1), "1 token ends within 14d, or has ended"));
    assert!(ran.stdout.contains("late") && !ran.stdout.contains("unending"), "{}", ran.stdout);
    create(&world, &["over", "--expires", "1s"]);
    world.set_clock("2027-01-01 00:00:02");
    let ran = world.run(&["token", "list", "--expiring", "14d", "-o", "json"]);
    assert_eq!((ran.code, ran.stderr.trim()), (Some(1), "2 tokens end within 14d, or have ended"));
    let soon = world.run(&["token", "list", "--expiring", "14d", "--status", "active"]);
    assert!(soon.stdout.contains("late") && !soon.stdout.contains("over"), "{}", soon.stdout);
}

#[test]
fn malformed_ends_are_refused_with_the_flag_and_what_they_take() {
    let (world, _) = World::with_token("my_app");
    for (flag, value, words) in [
        ("--expires", "90", "use a length of time such as 90d, a time such as 2027-01-31T00:00:00Z, or never"),
        ("--expires", "36501d", "36501d is too long: at most 36500d fit"),
        (
            "--expires",
            "2999-01-01T00:00:00Z",
            "2999-01-01T00:00:00Z is too late: at most 36500d from now fit, or never",
        ),
        ("--expires", "0s", "0s is in the past: give a later end, or disable the token"),
        ("--expires", "0d", "0s is in the past"),
        ("--expires", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z is in the past: give a later end"),
    ] {
        for command in ["create", "update"] {
            let ran = world.run(&["token", command, "my_app", flag, value]);
            assert_eq!(ran.code, Some(2), "{}", ran.stderr);
            assert!(ran.stderr.contains(flag) && ran.stderr.contains(words), "{}", ran.stderr);
        }
    }
    for (setting, value) in [("DEFAULT", "0s"), ("MAX", "never"), ("MAX", "9")] {
        let ran = with(&world, &[(&format!("JERAKIA_SERVER_{setting}_EXPIRY"), value)], &["token", "list"]);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains("use a length of time such as 90d, of 1s to 36500d"), "{}", ran.stderr);
    }
}
