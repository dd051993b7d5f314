//! G5: what a command acknowledged is there after any crash, and what it did not
//! acknowledge is done wholly or not at all. Processes are killed at random moments.

use crate::harness::{Ran, Server, World, torture};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rustix::process::Signal;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

/// Runs a command and kills it (SIGKILL) after a random time of the order that it
/// takes. What it printed, if it came to its end.
fn killed(world: &World, arguments: &[&str], rng: &mut StdRng) -> Option<String> {
    let mut command = world.command(arguments);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Not waiting for anything: a random moment is what is asked for.
    thread::sleep(Duration::from_micros(rng.random_range(0..15_000)));
    drop(process.kill());
    let ran = Ran::of(process.wait_with_output().unwrap());
    (ran.code == Some(0)).then_some(ran.stdout)
}

/// Kills a server and starts another one.
fn restarted(world: &World, server: Server) -> Server {
    server.stop(Signal::KILL);
    world.server()
}

/// The token that is in force, of two; it fails when both are, or none.
fn in_force<'a>(world: &World, candidates: [&'a str; 2]) -> &'a str {
    let server = world.server();
    let good: Vec<_> = candidates.into_iter().filter(|it| server.authorize(it).status == 200).collect();
    assert_eq!(good.len(), 1, "exactly one token must be good");
    good[0]
}

#[test]
fn kill_9_loses_nothing_acknowledged_and_leaves_nothing_half_done() {
    let rounds = if torture() { 1000 } else { 100 };
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (world, mut token) = World::with_token("my_app");
    let (mut acknowledged, mut unknown) = (0, 0);
    let mut server = world.server();
    for round in 0..rounds {
        if round % 10 == 0 {
            server = restarted(&world, server);
        }
        assert_eq!(server.authorize(&token).status, 200, "round {round}: the token in force is lost");
        match killed(&world, &["token", "regenerate", "my_app", "--quiet"], &mut rng) {
            Some(printed) => {
                acknowledged += 1;
                assert_eq!(server.authorize(&token).status, 401, "round {round}: the old token is still good");
                token = printed.trim().to_owned();
                assert_eq!(server.authorize(&token).status, 200, "round {round}: the new token is lost");
            }
            // Killed between writing and saying so: what holds is settled when the log is
            // read by the next one to open the database with nobody else on it.
            None => {
                server = restarted(&world, server);
                if server.authorize(&token).status == 401 {
                    unknown += 1; // done; but nobody has the new one
                    token = world.regenerate("my_app");
                }
            }
        }
        let id = format!("app_{round}");
        if let Some(printed) = killed(&world, &["token", "create", &id, "--quiet"], &mut rng) {
            assert_eq!(server.authorize(printed.trim()).status, 200, "round {round}: a created token is lost");
            if killed(&world, &["token", "delete", &id], &mut rng).is_some() {
                assert_eq!(server.authorize(printed.trim()).status, 401, "round {round}: a deletion is lost");
            }
        }
    }
    println!("{rounds} rounds: {acknowledged} regenerations acknowledged, {unknown} done but killed before saying so");
    drop(server);
    let check: String = world.sqlite().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn a_regenerated_token_replaces_the_old_one_across_restarts() {
    let (world, old) = World::with_token("my_app");
    let new = world.regenerate("my_app");
    assert_eq!(in_force(&world, [&old, &new]), new);
}
