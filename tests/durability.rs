//! G5: an acknowledged change survives any crash, and an unacknowledged one is done wholly or
//! not at all. Processes are killed at random moments.

use crate::harness::{Ran, Server, World, torture};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rustix::process::Signal;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

/// Runs a command and kills it (SIGKILL) after a random time of at most `longest`. Returns
/// its output if it had ended.
fn killed(world: &World, arguments: &[&str], longest: Duration, rng: &mut StdRng) -> Option<String> {
    let mut command = world.command(arguments);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Not a wait for an event: the moment has to be random.
    thread::sleep(rng.random_range(Duration::ZERO..longest));
    drop(process.kill());
    let ran = Ran::of(process.wait_with_output().unwrap());
    (ran.code == Some(0)).then_some(ran.stdout)
}

/// Twice the duration of a command that revokes, so that about half of them finish.
fn twice_as_long_as_a_command() -> Duration {
    let (world, _) = World::with_token("my_app");
    let start = Instant::now();
    world.regenerate("my_app");
    2 * start.elapsed()
}

/// Kills a server and starts another one.
fn restarted(world: &World, server: Server) -> Server {
    server.stop(Signal::KILL);
    world.server()
}

/// The one of two tokens that is good; fails if both are, or none.
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
    let longest = twice_as_long_as_a_command();
    let (world, mut token) = World::with_token("my_app");
    let (mut acknowledged, mut unknown) = (0, 0);
    let mut server = world.server();
    for round in 0..rounds {
        if round % 10 == 0 {
            server = restarted(&world, server);
        }
        assert_eq!(server.authorize(&token).status, 200, "round {round}: the token in force is lost");
        match killed(&world, &["token", "regenerate", "my_app", "--quiet"], longest, &mut rng) {
            Some(printed) => {
                acknowledged += 1;
                assert_eq!(server.authorize(&token).status, 401, "round {round}: the old token is still good");
                token = printed.trim().to_owned();
                assert_eq!(server.authorize(&token).status, 200, "round {round}: the new token is lost");
            }
            // Killed between writing and acknowledging: which one is good is settled when the next
            // process that has the database alone reads the log.
            None => {
                server = restarted(&world, server);
                if server.authorize(&token).status == 401 {
                    unknown += 1; // done; but nobody has the new one
                    token = world.regenerate("my_app");
                }
            }
        }
        let id = format!("app_{round}");
        if let Some(printed) = killed(&world, &["token", "create", &id, "--quiet"], longest, &mut rng) {
            assert_eq!(server.authorize(printed.trim()).status, 200, "round {round}: a created token is lost");
            if killed(&world, &["token", "delete", &id], longest, &mut rng).is_some() {
                assert_eq!(server.authorize(printed.trim()).status, 401, "round {round}: a deletion is lost");
            }
        }
    }
    assert!(acknowledged > 0, "nothing was put to the test");
    println!("{rounds} rounds: {acknowledged} regenerations acknowledged, {unknown} done but killed before saying so");
    drop(server);
    let check: String = world.sqlite().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

/// Each act that takes access away, and rotation, which is never half done.
#[test]
fn kill_9_loses_no_end_no_grant_and_no_rotation() {
    let rounds = if torture() { 500 } else { 40 };
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let longest = twice_as_long_as_a_command();
    let world = World::new();
    let mut acknowledged = [0; 4];
    for round in 0..rounds {
        let id = format!("app_{round}");
        let token = world.create(&id);
        let mut server = world.server();
        let mut act = |arguments: &[&str], at: usize| {
            let done = killed(&world, &[&["token"], arguments].concat(), longest, &mut rng);
            acknowledged[at] += usize::from(done.is_some());
            done
        };
        if let Some(printed) = act(&["rotate", &id, "-q"], 0) {
            let both = [&token, printed.trim()].map(|it| server.authorize(it).status);
            assert_eq!(both, [200, 200], "round {round}: after a rotation both are good");
            if act(&["rotate", &id, "--finish", "--force"], 1).is_some() {
                let both = [&token, printed.trim()].map(|it| server.authorize(it).status);
                assert_eq!(both, [401, 200], "round {round}: a finished rotation is lost");
            }
        } else {
            // Done or not: there is always a good secret.
            server = restarted(&world, server);
            assert_eq!(server.authorize(&token).status, 200, "round {round}: a rotation is half done");
        }
        let other = format!("other_{round}");
        let token = world.create(&other);
        if act(&["update", &other, "--grant", "lookup:a"], 2).is_some() {
            server = restarted(&world, server);
            assert_eq!(server.authorize(&token).status, 403, "round {round}: a change of grants is lost");
        }
        if act(&["update", &other, "--no-grants", "--expires", "2099-01-01T00:00:00Z"], 3).is_some() {
            server = restarted(&world, server);
            let end = server.authorize(&token);
            assert_eq!(end.header("x-jerakia-expires"), Some("2099-01-01T00:00:00Z"), "round {round}: an end is lost");
        }
    }
    println!("{rounds} rounds: acknowledged {acknowledged:?} of rotate, finish, grants, end");
    assert!(acknowledged.iter().all(|it| *it > 0), "{acknowledged:?}: nothing was put to the test");
    world.done(&["audit", "verify"]);
}

#[test]
fn a_regenerated_token_replaces_the_old_one_across_restarts() {
    let (world, old) = World::with_token("my_app");
    let new = world.regenerate("my_app");
    assert_eq!(in_force(&world, [&old, &new]), new);
}
