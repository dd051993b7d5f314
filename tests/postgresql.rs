//! Servers and commands on one PostgreSQL database.

use crate::harness::{Database, PostgreSql, Server, World};
use rustix::process::Signal;
use std::process::Command;

/// A command on `database` alone.
fn command(world: &World, database: &Database<'_>, arguments: &[&str]) -> Command {
    let mut command = world.command(arguments);
    command.env_remove("JERAKIA_DATABASEDIR").env("JERAKIA_DATABASE", database.url());
    command
}

/// Runs a command that must succeed, and returns its standard output and standard error.
fn done(world: &World, database: &Database<'_>, arguments: &[&str]) -> [String; 2] {
    let output = command(world, database, arguments).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    [stdout, stderr]
}

fn server(world: &World, database: &Database<'_>, arguments: &[&str]) -> Server {
    let mut command = command(world, database, &["server", "--port", "0"]);
    command.args(arguments);
    Server::start(command)
}

#[test]
fn a_command_says_on_which_servers_its_change_is_in_force() {
    let (world, database) = (World::new(), PostgreSql::shared().database());
    let [token, note] = done(&world, &database, &["token", "create", "my_app", "--quiet"]);
    assert_eq!(note, "", "no server runs");
    let servers = [(); 3].map(|()| server(&world, &database, &[]));
    let all_answer = |status| assert!(servers.iter().all(|it| it.authorize(token.trim()).status == status));
    all_answer(200);
    for (act, done_, status) in [("disable", "disabled", 401), ("enable", "enabled", 200), ("delete", "deleted", 401)] {
        let [_, note] = done(&world, &database, &["token", act, "my_app"]);
        assert_eq!(note, format!("{done_} on 3 servers\n"));
        all_answer(status);
    }
    let [_, note] = done(&world, &database, &["token", "create", "other", "--quiet", "--no-wait"]);
    assert!(note.starts_with("created in the database; servers follow within moments"), "{note}");
    let [status, _] = done(&world, &database, &["cluster", "status"]);
    assert!(servers.iter().all(|it| status.contains(&it.address().to_string())), "{status}");
    for server in servers {
        server.stop(Signal::TERM);
    }
    assert_eq!(database.psql("SELECT count(*) FROM jerakia.lease"), "0", "they have deregistered");
}

#[test]
fn a_server_that_was_killed_is_waited_for_once() {
    let (world, database) = (World::new(), PostgreSql::shared().database());
    let [token, _] = done(&world, &database, &["token", "create", "my_app", "--quiet"]);
    let [stays, killed] = [(); 2].map(|()| server(&world, &database, &["--lease", "1"]));
    killed.stop(Signal::KILL);
    let [_, note] = done(&world, &database, &["token", "disable", "my_app"]);
    assert_eq!(note, "disabled on 1 server; 1 was cut off and answers 503\n");
    assert_eq!(stays.authorize(token.trim()).status, 401);
    let [_, note] = done(&world, &database, &["token", "enable", "my_app"]);
    assert_eq!(note, "enabled on 1 server\n");
}

#[test]
fn a_database_that_can_not_be_used_is_an_error_with_a_reason_and_without_the_password() {
    let world = World::new();
    let database = PostgreSql::shared().database();
    for (url, words) in [
        ("postgresql://me:secret@127.0.0.1:1/tokens".to_owned(), "can't be reached"),
        (database.url().replace(database.name(), "missing"), "does not exist there"),
    ] {
        let ran = command(&world, &database, &["token", "list"]).env("JERAKIA_DATABASE", &url).output().unwrap();
        let error = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(3), "{error}");
        assert!(error.contains(words) && !error.contains("secret"), "{error}");
    }
}
