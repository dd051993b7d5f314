//! docs/TOKENS.md shows what its commands print: each `console` block is run, at the times
//! that the page's comments set.

use crate::harness::{Ran, World};
use rustix::process::getuid;
use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("../docs/TOKENS.md");

#[test]
fn the_page_shows_what_its_commands_print() {
    let world = World::new();
    let (mut command, mut shown, mut is_console) = (None, String::new(), false);
    let mut ran = 0;
    for line in PAGE.lines() {
        let ends = line == "```" || line.starts_with("$ ");
        if ends && let Some(command) = command.take() {
            assert_eq!(masked(&run(&world, command)), masked(&shown), "$ {command}");
            ran += 1;
            shown.clear();
        }
        match line {
            "```console" => is_console = true,
            "```" => is_console = false,
            _ if !is_console => comment(&world, line),
            _ => match line.strip_prefix("$ ") {
                Some(typed) => command = Some(typed),
                None => shown += &format!("{line}\n"),
            },
        }
    }
    assert!(ran > 15, "only {ran} commands were found");
}

/// Performs a comment of the page: sets the clock, or stores that a token was used.
fn comment(world: &World, line: &str) {
    let Some(said) = line.strip_prefix("<!-- ").and_then(|it| it.strip_suffix(" -->")) else { return };
    match said.split_once(' ') {
        Some(("clock", time)) => world.set_clock(time),
        Some(("seen", use_of_secret)) => see(world, use_of_secret),
        _ => panic!("{line} says nothing to this test"),
    }
}

/// Stores that a secret was used: `shop 1 2027-01-01T00:00:00Z`.
fn see(world: &World, use_of_secret: &str) {
    let [api_id, secret, time] = use_of_secret.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let time: jiff::Timestamp = time.parse().unwrap();
    let token: i64 =
        world.sqlite().query_row("SELECT id FROM token WHERE api_id = ?1", [api_id], |row| row.get(0)).unwrap();
    let state = rusqlite::Connection::open(world.databasedir().join("state.db")).unwrap();
    let sql = "INSERT INTO last_seen VALUES (?1, ?2, ?3, ?4, '203.0.113.7')";
    state.execute(sql, (api_id, token, secret.parse::<u32>().unwrap(), time.as_second())).unwrap();
}

/// The output of the command, with errors where a terminal shows them.
fn run(world: &World, command: &str) -> String {
    let jerakia = world.command(&[]);
    let program = Path::new(jerakia.get_program()).parent().unwrap().display().to_string();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec 2>&1; {command}")]).current_dir(world.path()).env_clear();
    shell.envs(jerakia.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("PATH", format!("{program}:{}", std::env::var("PATH").unwrap()));
    Ran::of(shell.output().unwrap()).stdout
}

/// Masks what differs from run to run: tokens, hashes, and the user.
fn masked(text: &str) -> String {
    let uid = getuid().as_raw();
    let mut lines = Vec::new();
    for line in text.lines() {
        let words = line.split_whitespace().map(|word| {
            let digits = word.rsplit(':').next().unwrap();
            let is_secret = digits.len() >= 64 && digits.bytes().all(|it| it.is_ascii_hexdigit());
            if is_secret { word.replace(digits, "<hex>") } else { word.to_owned() }
        });
        let line = words.collect::<Vec<_>>().join(" ");
        let name = line.split(&format!(" (uid {uid})")).next().unwrap().rsplit(' ').next().unwrap();
        lines.push(line.replace(&format!("{name} (uid {uid})"), "root (uid 0)"));
    }
    lines.join("\n")
}
