//! Rotation: two good secrets for a while, and no clock that makes a former one good again.

use crate::harness::{Ran, Server, World};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::process::Stdio;

const NIGHT: &str = "2027-01-01 00:00:00";

fn with_token(arguments: &[&str]) -> (World, String) {
    let world = World::new();
    world.set_clock(NIGHT);
    let token = world.done(&[&["token", "create", "my_app", "-q"], arguments].concat()).trim().to_owned();
    (world, token)
}

fn rotate(world: &World, arguments: &[&str]) -> String {
    world.done(&[&["token", "rotate", "my_app", "-q"], arguments].concat()).trim().to_owned()
}

fn statuses(server: &Server, tokens: [&str; 2]) -> [u16; 2] {
    tokens.map(|it| server.authorize(it).status)
}

fn shown(world: &World) -> Value {
    serde_json::from_str(&world.done(&["token", "show", "my_app", "-o", "json"])).unwrap()
}

#[test]
fn the_former_token_is_good_until_the_second_in_which_its_grace_ends() {
    let (world, old) = with_token(&[]);
    let server = world.server();
    let printed = world.done(&["token", "rotate", "my_app"]);
    let lines: Vec<_> = printed.lines().collect();
    assert!(lines[0].starts_with("Copy the following token") && lines[1].is_empty() && lines.len() == 3, "{printed}");
    let new = lines[2];
    world.set_clock("2027-01-01 23:59:59");
    let granted = server.authorize(&old);
    assert_eq!((granted.status, granted.header("x-jerakia-expires")), (200, Some("2027-01-02T00:00:00Z")));
    let granted = server.authorize(new);
    assert_eq!((granted.status, granted.header("x-jerakia-expires")), (200, Some("")));
    world.set_clock("2027-01-02 00:00:00");
    assert_eq!(statuses(&server, [&old, new]), [401, 200]);
    server.wait_for_log("reason=\"retired\"");
}

#[test]
fn a_second_rotation_waits_for_the_grace_or_is_forced() {
    let (world, first) = with_token(&[]);
    let server = world.server();
    let second = rotate(&world, &["--grace", "1h"]);
    world.set_clock("2027-01-01 00:59:59");
    let words = ["was rotated already, and its former token is good until 2027-01-01T01:00:00Z", "--force"];
    world.refused(&["token", "rotate", "my_app"], &words);
    assert_eq!(statuses(&server, [&first, &second]), [200, 200], "nothing was changed");
    let third = rotate(&world, &["--force"]);
    assert_eq!(server.authorize(&first).status, 401);
    assert_eq!(statuses(&server, [&second, &third]), [200, 200]);
    world.set_clock("2027-01-02 00:59:59");
    let fourth = rotate(&world, &[]);
    assert_eq!(server.authorize(&second).status, 401);
    assert_eq!(statuses(&server, [&third, &fourth]), [200, 200]);
}

/// What `count` commands return that run at the same time.
fn at_once(world: &World, count: usize, arguments: &[&str]) -> Vec<Ran> {
    let start = || world.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let running: Vec<_> = (0..count).map(|_| start()).collect();
    running.into_iter().map(|it| Ran::of(it.wait_with_output().unwrap())).collect()
}

#[test]
fn of_several_rotations_at_once_one_is_done() {
    let (world, first) = World::with_token("my_app");
    let server = world.server();
    let (done, refused): (Vec<_>, Vec<_>) =
        at_once(&world, 8, &["token", "rotate", "my_app", "-q"]).into_iter().partition(|it| it.code == Some(0));
    assert_eq!((done.len(), refused.len()), (1, 7));
    assert_eq!(statuses(&server, [&first, done[0].stdout.trim()]), [200, 200]);
    for ran in refused {
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
        assert!(ran.stderr.contains("was rotated already"), "{}", ran.stderr);
    }
}

#[test]
fn of_several_forced_rotations_at_once_the_last_two_tokens_are_good() {
    let (world, first) = World::with_token("my_app");
    let server = world.server();
    let mut tokens = vec![first];
    for ran in at_once(&world, 8, &["token", "rotate", "my_app", "-q", "--force"]) {
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        tokens.push(ran.stdout.trim().to_owned());
    }
    assert_eq!(tokens.iter().filter(|it| server.authorize(it).status == 200).count(), 2);
    let acts: Value = serde_json::from_str(&world.done(&["audit", "list", "-o", "json"])).unwrap();
    let secrets: Vec<_> = acts.as_array().unwrap().iter().map(|it| &it["changed"]["secret"]).collect();
    let expected = std::iter::once(json!([null, 1])).chain((1..=8).map(|it| json!([it, it + 1])));
    assert!(secrets.into_iter().eq(&expected.collect::<Vec<_>>()), "{acts}");
    world.done(&["audit", "verify"]);
}

#[test]
fn a_grace_never_outlives_the_token() {
    let (world, old) = with_token(&["--expires", "1h"]);
    let server = world.server();
    let new = rotate(&world, &["--grace", "2h"]);
    assert_eq!(shown(&world)["previous"]["ends_at"], "2027-01-01T01:00:00Z");
    world.set_clock("2027-01-01 01:00:00");
    assert_eq!(statuses(&server, [&old, &new]), [401, 401]);
    // Nor is it good again when the token gets a later end.
    world.done(&["token", "update", "my_app", "--expires", "1d"]);
    assert_eq!(statuses(&server, [&old, &new]), [401, 200]);
    server.wait_for_log("reason=\"retired\"");
}

#[test]
fn an_earlier_end_of_the_token_ends_the_grace_too() {
    let (world, old) = with_token(&[]);
    let server = world.server();
    let new = rotate(&world, &[]);
    world.done(&["token", "update", "my_app", "--expires", "1h"]);
    world.done(&["token", "update", "my_app", "--expires", "never"]);
    world.set_clock("2027-01-01 00:59:59");
    assert_eq!(statuses(&server, [&old, &new]), [200, 200]);
    world.set_clock("2027-01-01 01:00:00");
    assert_eq!(statuses(&server, [&old, &new]), [401, 200]);
}

#[test]
fn finish_waits_until_the_former_token_was_unused_for_15_minutes() {
    let (world, old) = with_token(&[]);
    let server = world.server();
    let new = rotate(&world, &[]);
    world.set_clock("2027-01-01 00:10:00");
    assert_eq!(statuses(&server, [&old, &new]), [200, 200]);
    server.stop(Signal::TERM); // writes what it has seen
    world.set_clock("2027-01-01 00:24:59");
    world.refused(
        &["token", "rotate", "my_app", "--finish"],
        &["The former token of my_app was last used at 2027-01-01T00:10:00Z, less than 15 minutes ago", "--force"],
    );
    let server = world.server();
    assert_eq!(server.authorize(&new).status, 200);
    world.set_clock("2027-01-01 00:25:00");
    assert_eq!(world.done(&["token", "rotate", "my_app", "--finish"]), "");
    assert_eq!(statuses(&server, [&old, &new]), [401, 200]);
    server.wait_for_log("reason=\"retired\"");
    // A clock that jumps back doesn't make it good again.
    world.set_clock(NIGHT);
    assert_eq!(statuses(&server, [&old, &new]), [401, 200]);
    world.refused(&["token", "rotate", "my_app", "--finish"], &["my_app has no former token that is still good"]);
}

#[test]
fn finish_with_force_asks_nothing() {
    let (world, old) = with_token(&[]);
    let server = world.server();
    rotate(&world, &[]);
    assert_eq!(server.authorize(&old).status, 200);
    server.stop(Signal::TERM);
    world.refused(&["token", "rotate", "my_app", "--finish"], &["less than 15 minutes ago"]);
    world.done(&["token", "rotate", "my_app", "--finish", "--force"]);
    assert_eq!(world.server().authorize(&old).status, 401);
}

/// Without a grace the command ends it: no clock that is set back makes it good again.
#[test]
fn a_rotation_without_grace_ends_the_former_token_for_good() {
    let (world, old) = with_token(&[]);
    let server = world.server();
    rotate(&world, &["--grace", "0s"]);
    assert_eq!(server.authorize(&old).status, 401);
    server.stop(Signal::TERM);
    world.set_clock("2026-01-01 00:00:00");
    assert_eq!(world.server().authorize(&old).status, 401);
}

#[test]
fn regenerate_ends_both_at_once() {
    let (world, first) = with_token(&[]);
    let server = world.server();
    let second = rotate(&world, &[]);
    let third = world.regenerate("my_app");
    assert_eq!(statuses(&server, [&first, &second]), [401, 401]);
    assert_eq!(server.authorize(&third).status, 200);
    server.wait_for_log("reason=\"retired\"");
    world.set_clock("2026-01-01 00:00:00");
    assert_eq!(statuses(&server, [&first, &second]), [401, 401]);
}

#[test]
fn show_says_when_each_of_the_two_was_seen_and_from_where() {
    let (world, old) = with_token(&[]);
    let server = world.server();
    let new = rotate(&world, &[]);
    world.set_clock("2027-01-01 00:00:10");
    assert_eq!(server.authorize(&old).status, 200);
    world.set_clock("2027-01-01 00:00:20");
    assert_eq!(server.authorize(&new).status, 200);
    server.stop(Signal::TERM);
    let json = shown(&world);
    assert_eq!((&json["last_seen"], &json["last_address"]), (&"2027-01-01T00:00:20Z".into(), &"127.0.0.1".into()));
    let previous = json!({
        "ends_at": "2027-01-02T00:00:00Z", "last_seen": "2027-01-01T00:00:10Z", "last_address": "127.0.0.1"
    });
    assert_eq!(json["previous"], previous);
    let table = world.done(&["token", "show", "my_app"]);
    for line in [
        "Last Seen        2027-01-01 00:00:20 from 127.0.0.1",
        "Former Token     good until 2027-01-02 00:00:00",
        "  Last Seen      2027-01-01 00:00:10 from 127.0.0.1",
    ] {
        assert!(table.lines().any(|it| it == line), "{line:?} in {table}");
    }
    world.set_clock("2027-01-02 00:00:00");
    assert!(world.done(&["token", "show", "my_app"]).contains("refused since 2027-01-02 00:00:00"));
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let (world, _) = with_token(&[]);
    for flags in [&["--finish", "--grace", "1h"][..], &["--finish", "-q"], &["--grace", "1"], &["--grace", "never"]] {
        let ran = world.run(&[&["token", "rotate", "my_app"], flags].concat());
        assert_eq!(ran.code, Some(2), "{flags:?}: {}", ran.stderr);
    }
    world.refused(&["token", "rotate", "nobody"], &["No such API ID nobody"]);
}
