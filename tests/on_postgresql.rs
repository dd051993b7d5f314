//! PostgreSQL in place of the files: the setting, the commands that differ, and the move.

use crate::harness::{PostgreSql, Ran, World, put};
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::thread;

/// Runs a command on the database at `url` in place of the world's own.
fn run_on(world: &World, url: &str, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    Ran::of(command.env_remove("JERAKIA_DATABASEDIR").env("JERAKIA_DATABASE", url).output().unwrap())
}

/// Runs a copy that must be refused, as the database of one side can't be used, with these words.
fn not_copied(world: &World, arguments: &[&str], words: &[&str]) {
    let ran = world.run(arguments);
    assert_eq!(ran.code, Some(3), "{}{}", ran.stdout, ran.stderr);
    assert!(words.iter().all(|it| ran.stderr.contains(it)), "{words:?} in {}", ran.stderr);
}

fn json(text: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(text).unwrap().as_array().unwrap().clone()
}

#[test]
fn an_act_says_what_was_done_on_how_many_servers() {
    let world = World::postgresql();
    let token = world.create("my_app");
    let servers = [world.server(), world.server()];
    servers.iter().for_each(|it| assert_eq!(it.authorize(&token).status, 200));
    let disabled = world.run(&["token", "disable", "my_app"]);
    assert_eq!((disabled.code, &*disabled.stderr), (Some(0), "disabled on 2 servers\n"));
    servers.iter().for_each(|it| assert_eq!(it.authorize(&token).status, 401));
    world.done(&["token", "enable", "my_app"]);
    servers.iter().for_each(|it| assert_eq!(it.authorize(&token).status, 200));
    assert!(world.done(&["audit", "verify"]).starts_with("3 entries, none changed or missing"));
}

#[test]
fn cluster_status_lists_each_server() {
    let world = World::postgresql();
    world.create("my_app");
    assert_eq!(json(&world.done(&["cluster", "status", "-o", "json"])), [] as [Value; 0]);
    let servers = [world.server_with(&["--lease", "7"]), world.server()];
    let all = json(&world.done(&["cluster", "status", "-o", "json"]));
    assert_eq!(all.len(), 2, "{all:?}");
    for (node, lease) in all.iter().rev().zip([7.0, 5.0]) {
        assert_eq!((&node["state"], &node["lease"]), (&"running".into(), &lease.into()), "{node}");
        assert_eq!((&node["version"], &node["lag"]), (&env!("CARGO_PKG_VERSION").into(), &0.into()), "{node}");
        assert!(node["revision"].as_i64() > Some(0) && node["name"].is_string(), "{node}");
    }
    let table = world.done(&["cluster", "status"]);
    assert!(table.starts_with("Server ") && table.matches("running").count() == 2, "{table}");
    drop(servers);
    World::new().refused(&["cluster", "status"], &["PostgreSQL", "--database postgresql://"]);
}

#[test]
fn commands_about_files_say_what_postgresql_has_instead() {
    let world = World::postgresql();
    for (arguments, words) in [
        (&["db", "backup", "/nowhere"][..], "pg_dump"),
        (&["db", "check"], "jerakia audit verify"),
        (&["db", "restore", "/nowhere"], "pg_restore"),
    ] {
        world.refused(arguments, &["is a PostgreSQL database", words]);
    }
    let doctor = world.done(&["doctor"]);
    assert!(doctor.contains("it can be used") && doctor.contains("servers that run on it: 0"), "{doctor}");
}

/// The driver would log the values in its statements, which have digests and scope data.
#[test]
fn what_is_stored_is_not_logged_at_any_level() {
    let world = World::postgresql();
    let ran = world.run(&["-D", "token", "create", "my_app", "--description", "c0ffee"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("a token was changed"), "it logs: {}", ran.stderr);
    let server = world.server_with(&["-D"]);
    let token = ran.stdout.trim().lines().last().unwrap().to_owned();
    let head = format!("X-Authentication: {token}\r\nContent-Type: application/json\r\n");
    assert_eq!(server.client().send(put("/v1/scope/a/b", &head, br#"{"role":"c0ffee"}"#)).status, 200);
    let (_, log) = server.stop(Signal::TERM);
    for log in [ran.stderr, log] {
        assert!(!log.contains("c0ffee") && !log.contains("jerakia.token"), "{log}");
    }
}

#[test]
fn many_commands_at_once_make_one_schema() {
    let world = World::postgresql();
    thread::scope(|threads| {
        let create = |it: usize| world.create(&format!("app_{it}"));
        (0..8).for_each(|it| drop(threads.spawn(move || create(it))));
    });
    assert_eq!(json(&world.done(&["token", "list", "-o", "json"])).len(), 8);
}

#[test]
fn a_password_is_refused_on_the_command_line_and_shown_nowhere() {
    let world = World::new();
    let url = "postgresql://app:hunter2@127.0.0.1:1/x";
    let flag = world.run(&["token", "list", "--database", url]);
    assert_eq!(flag.code, Some(2), "{}", flag.stderr);
    assert!(flag.stderr.contains("PGPASSFILE") && flag.stderr.contains("configuration file"), "{}", flag.stderr);
    let copy = world.run(&["db", "copy", "--from", "sqlite:/nowhere", "--to", url]);
    assert_eq!(copy.code, Some(2), "{}", copy.stderr);
    let config = run_on(&world, url, &["config"]);
    let line = "database: \"postgresql://app:(not shown)@127.0.0.1:1/x\" # environment JERAKIA_DATABASE\n";
    assert!(config.stdout.contains(line), "{}", config.stdout);
    let file = world.path().join("jerakia.yaml");
    fs::write(&file, format!("database: {url}\n")).unwrap();
    let mut check = world.command(&["config", "--config", file.to_str().unwrap()]);
    let check = Ran::of(check.env_remove("JERAKIA_DATABASEDIR").output().unwrap());
    assert!(check.stdout.contains("postgresql://app:(not shown)@"), "{}{}", check.stdout, check.stderr);
    let mut all = vec![flag, copy, config, check];
    for arguments in [&["token", "list"][..], &["doctor"], &["server", "--port", "0"], &["cluster", "status"]] {
        all.push(run_on(&world, url, arguments));
        assert_ne!(all.last().unwrap().code, Some(0), "{arguments:?}: nobody listens there");
    }
    all.push(run_on(&world, "postgresql://app:hunter2@h:port/x", &["token", "list"]));
    all.push(run_on(&world, "mysql://app:hunter2@h/x", &["token", "list"]));
    for ran in all {
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("hunter2"), "{}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn the_database_that_is_set_nearest_to_the_command_counts() {
    let world = World::new();
    let file = world.path().join("jerakia.yaml");
    fs::write(&file, "database: postgresql://app@127.0.0.1:1/x\ndatabasedir: /from/file\n").unwrap();
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = world.command(&[&["--config", file.to_str().unwrap()], arguments].concat());
        command.env_remove("JERAKIA_DATABASEDIR").envs(variables.iter().copied());
        Ran::of(command.output().unwrap())
    };
    // What is chosen shows in the error, since nothing is at either place.
    let chosen = |arguments: &[&str], variables: &[(&str, &str)], place: &str| {
        let ran = run(&[&["token", "show", "a"], arguments].concat(), variables);
        assert!(ran.stderr.contains(place), "{place} in {}", ran.stderr);
    };
    chosen(&[], &[], "postgresql://app@127.0.0.1:1/x");
    chosen(&[], &[("JERAKIA_DATABASEDIR", "/dev/null/environment")], "/dev/null/environment");
    chosen(&[], &[("JERAKIA_DATABASE", "sqlite:/dev/null/environment")], "/dev/null/environment");
    chosen(&["--databasedir", "/dev/null/flag"], &[("JERAKIA_DATABASE", "/dev/null/environment")], "/dev/null/flag");
    chosen(&["--database", "/dev/null/flag"], &[("JERAKIA_DATABASEDIR", "/dev/null/environment")], "/dev/null/flag");
    let both = run(&["token", "list", "--database", "/a", "--databasedir", "/b"], &[]);
    assert_eq!(both.code, Some(2), "{}", both.stderr);
    assert!(both.stderr.contains("database and databasedir are both set"), "{}", both.stderr);
}

#[test]
fn a_copy_has_everything_and_replaces_nothing() {
    let world = World::new();
    let (scope, json_type) = ("/v1/scope/puppet/web-01", "Content-Type: application/json\r\n");
    let mut tokens = vec![world.create("one"), world.create("two"), world.create("off")];
    world.create("gone");
    world.done(&["token", "delete", "gone"]);
    tokens.push(world.done(&["token", "rotate", "two", "-q"]).trim().into());
    let update = ["--label", "team=web", "--expires", "30d", "--description", "über 1", "--grant", "scope:**"];
    world.done(&[&["token", "update", "one"][..], &update].concat());
    world.done(&["token", "disable", "off"]);
    let server = world.server();
    let head = format!("X-Authentication: {}\r\n{json_type}", tokens[0]);
    let stored = server.client().send(put(scope, &head, br#"{"role":"web"}"#));
    assert_eq!(stored.status, 200, "{}", stored.text());
    assert_eq!(server.authorize(&tokens[1]).status, 200);

    let database = PostgreSql::shared().database();
    let (from, to) = (format!("sqlite:{}", world.databasedir().display()), database.url());
    let copy = ["db", "copy", "--from", &from, "--to", &to];
    not_copied(&world, &copy, &["used by a running server", "nothing was copied"]);
    server.stop(Signal::TERM);
    let list = ["token", "list", "-o", "json"];
    let trail = ["audit", "list", "-o", "json"];
    let before = (world.done(&list), json(&world.done(&trail)));
    assert!(json(&before.0).iter().any(|it| it["last_seen"].is_string()), "{}", before.0);
    let done = world.done(&copy);
    assert!(done.contains("3 tokens, 8 audit entries, 2 last-seen times, 1 scopes"), "{done}");
    not_copied(&world, &copy, &["is not empty", "nothing was copied"]);

    let on_copy = |arguments: &[&str]| {
        let ran = run_on(&world, &to, arguments);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stdout
    };
    assert_eq!(on_copy(&list), before.0);
    let mut copied = json(&on_copy(&trail));
    assert_eq!(copied.pop().unwrap()["act"], "copy database");
    assert_eq!(copied, before.1);
    assert!(on_copy(&["audit", "verify"]).starts_with("9 entries, none changed or missing"));
    assert_eq!((world.done(&list), json(&world.done(&trail))), before, "the source stays as it was");

    let mut command = world.command(&["server", "--port", "0"]);
    command.env_remove("JERAKIA_DATABASEDIR").env("JERAKIA_DATABASE", &to);
    let server = crate::harness::Server::start(command);
    let statuses: Vec<_> = tokens.iter().map(|it| server.authorize(it).status).collect();
    assert_eq!(statuses, [403, 200, 401, 200], "one is limited to scopes, and off is disabled");
    assert_eq!(server.client().get(scope, &head).text(), r#"{"status":"ok","payload":{"role":"web"}}"#);
    // The number of a deleted token is never given again.
    on_copy(&["token", "create", "next", "-q"]);
    assert_eq!(database.psql("SELECT id FROM jerakia.token WHERE api_id = 'next'"), "5");
}

#[test]
fn an_edited_trail_is_not_copied() {
    let world = World::new();
    world.create("my_app");
    world.sqlite().execute_batch("UPDATE audit SET actor = 'nobody'").unwrap();
    let database = PostgreSql::shared().database();
    let from = format!("sqlite:{}", world.databasedir().display());
    world.refused(&["db", "copy", "--from", &from, "--to", &database.url()], &["nothing was copied", "entry 1"]);
    assert_eq!(run_on(&world, &database.url(), &["token", "list", "-o", "json"]).stdout.trim(), "[]");
}
