//! Acts on many tokens: all or nothing, and only after a confirmation.

use crate::harness::{Ran, World};
use std::process::{Command, Stdio};

fn ops_and_web() -> (World, [String; 3]) {
    let world = World::new();
    let create = |api_id, label| world.done(&["token", "create", api_id, "-q", "--label", label]).trim().to_owned();
    let tokens = [create("ansible", "team=ops"), create("puppet", "team=ops"), create("web", "team=web")];
    (world, tokens)
}

/// Each token's API ID and status.
fn statuses(world: &World) -> String {
    let list = world.done(&["token", "list"]);
    let rows = list.lines().skip(2).map(|it| it.split_whitespace().collect::<Vec<_>>());
    rows.map(|it| format!("{} {}", it[0], it[it.len() - 1])).collect::<Vec<_>>().join(", ")
}

#[test]
fn disable_enable_and_delete_take_labels_and_are_in_force_when_they_return() {
    let (world, tokens) = ops_and_web();
    let server = world.server();
    let in_force = || tokens.each_ref().map(|it| server.authorize(it).status);
    assert_eq!(world.done(&["token", "disable", "--label", "team=ops", "--yes"]), "Disabled 2 tokens\n");
    assert_eq!(in_force(), [401, 401, 200]);
    assert_eq!(world.done(&["token", "disable", "--all"]), "Disabled 1 token\n", "the others are disabled already");
    assert_eq!(in_force(), [401, 401, 401]);
    assert_eq!(world.done(&["token", "enable", "--all", "--yes"]), "Enabled 3 tokens\n");
    assert_eq!(in_force(), [200, 200, 200]);
    assert_eq!(world.done(&["token", "delete", "--label", "team=ops", "--yes"]), "Deleted 2 tokens\n");
    assert_eq!(in_force(), [401, 401, 200]);
    assert_eq!(statuses(&world), "web active");
    assert_eq!(world.done(&["token", "delete", "--label", "team=ops", "--yes"]), "Deleted 0 tokens\n");
}

#[test]
fn more_than_one_needs_yes_and_a_dry_run_changes_nothing() {
    let (world, _) = ops_and_web();
    let before = statuses(&world);
    let words = ["This would delete 2 tokens: see which with --dry-run, then repeat it with --yes"];
    world.refused(&["token", "delete", "--label", "team=ops"], &words);
    for (command, count) in [("delete", 3), ("disable", 3), ("enable", 0)] {
        let ran = world.run(&["token", command, "--all", "--yes", "--dry-run"]);
        let api_ids = if count == 3 { "ansible\npuppet\nweb\n" } else { "" };
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), api_ids));
        assert_eq!(ran.stderr, format!("Would {command} {count} tokens\n"));
    }
    let ran = world.run(&["token", "delete", "web", "--dry-run"]);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("web\n", "Would delete 1 token\n"));
    world.refused(&["token", "delete", "nobody", "--dry-run"], &["No such API ID nobody"]);
    assert_eq!(statuses(&world), before);
}

#[test]
fn unused_tokens_are_those_that_list_shows() {
    let world = World::new();
    world.set_clock("2026-01-01 00:00:00");
    world.done(&["token", "create", "old", "-q"]);
    world.done(&["token", "create", "used", "-q"]);
    world.set_last_seen("used", 1_767_312_001); // 2026-01-02 00:00:01
    world.set_clock("2027-01-02 00:00:00");
    world.done(&["token", "create", "new", "-q"]);
    assert_eq!(world.done(&["token", "disable", "--unused", "365d"]), "Disabled 1 token\n");
    assert_eq!(statuses(&world), "new active, old disabled, used active");
    world.set_clock("2027-01-02 00:00:02");
    assert_eq!(world.done(&["token", "disable", "--unused", "365d"]), "Disabled 1 token\n");
    assert_eq!(statuses(&world), "new active, old disabled, used disabled");
}

#[test]
fn arguments_that_contradict_each_other_or_name_nothing_are_refused() {
    let (world, _) = ops_and_web();
    let before = statuses(&world);
    for arguments in [
        &[][..],
        &["--yes"],
        &["--dry-run"],
        &["web", "--all"],
        &["web", "--label", "team=web"],
        &["--all", "--label", "team=web"],
        &["--all", "--unused", "1d"],
        &["web", "puppet"],
    ] {
        for command in ["disable", "enable", "delete"] {
            let ran = world.run(&[&["token", command], arguments].concat());
            assert_eq!(ran.code, Some(2), "{command} {arguments:?}: {}", ran.stderr);
        }
    }
    assert_eq!(statuses(&world), before);
}

/// One transaction: an act in the middle fails, and those before it are undone.
#[test]
fn all_are_changed_or_none() {
    let (world, _) = ops_and_web();
    let trigger =
        "CREATE TRIGGER no BEFORE UPDATE ON token WHEN NEW.api_id = 'web' BEGIN SELECT raise(ABORT, 'no'); END";
    world.sqlite().execute_batch(trigger).unwrap();
    let ran = world.run(&["token", "disable", "--all", "--yes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{}", ran.stderr);
    assert_eq!(statuses(&world), "ansible active, puppet active, web active");
    let acts: i64 = world.sqlite().query_row("SELECT count(*) FROM audit", [], |row| row.get(0)).unwrap();
    assert_eq!(acts, 3, "those that created the tokens");
    world.done(&["audit", "verify"]);
}

/// Enough tokens that it takes more than a second. `script` gives the command a terminal.
#[test]
fn a_terminal_shows_how_far_it_is_and_a_file_does_not() {
    const MANY: usize = 20_000;
    let (world, _) = World::with_token("my_app");
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY} - 1)
         INSERT INTO token (api_id, digest, created_at, issued_at) SELECT 'app' || i, zeroblob(32), 0, 0 FROM n"
    );
    world.sqlite().execute_batch(&sql).unwrap();
    let ran = world.run(&["token", "disable", "--all", "--yes"]);
    assert_eq!((ran.stdout, ran.stderr.as_str()), (format!("Disabled {MANY} tokens\n"), ""));
    let inner = world.command(&["token", "enable", "--all", "--yes"]);
    let line = format!("{} token enable --all --yes", inner.get_program().display());
    let mut shell = Command::new("script");
    shell.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "xterm");
    shell.args(["--quiet", "--return", "--command", &line, "/dev/null"]).stdin(Stdio::null());
    let ran = Ran::of(shell.output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("Enabled {MANY} tokens")), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!(" of {MANY} tokens")), "no progress in {}", ran.stdout);
    world.done(&["audit", "verify"]);
}
