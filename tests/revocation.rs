//! G1 and G2: a command is in force for every request that starts after it has returned,
//! while many clients use the token.

use crate::harness::{Server, World, torture};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::Instant;

const CLIENTS: usize = 64;

/// What clients send, and the answer that must come back to requests that start after a
/// moment. While a command runs, no answer is expected.
#[derive(Clone)]
struct Rule {
    token: String,
    from: Instant,
    status: Option<u16>,
}

/// A trial is an answer that a rule applies to.
struct Clients {
    rule: RwLock<Rule>,
    stop: AtomicBool,
    trials: AtomicUsize,
    violations: Mutex<Vec<String>>,
}

impl Clients {
    fn run(&self, server: &Server) {
        let mut client = server.client();
        while !self.stop.load(SeqCst) {
            let rule = self.rule.read().unwrap().clone();
            let start = Instant::now();
            let status = client.authorize(&rule.token).status;
            // The rule applies only if no command has started meanwhile.
            let (Some(expected), true) = (rule.status, self.rule.read().unwrap().from == rule.from) else { continue };
            self.trials.fetch_add(1, SeqCst);
            if status != expected {
                let late = start.duration_since(rule.from);
                let text = format!("{status} in place of {expected} for a request {late:?} later");
                self.violations.lock().unwrap().push(text);
            }
        }
    }

    /// Runs a command that changes what `token` is good for, then waits until that was tried at
    /// least `trials` times.
    fn act(&self, trials: usize, status: u16, command: impl FnOnce() -> String) {
        {
            let mut rule = self.rule.write().unwrap();
            (rule.from, rule.status) = (Instant::now(), None);
        }
        let token = command();
        let before = self.trials.load(SeqCst);
        *self.rule.write().unwrap() = Rule { token, from: Instant::now(), status: Some(status) };
        while self.trials.load(SeqCst) < before + trials {
            thread::yield_now();
        }
    }
}

#[test]
fn no_request_that_starts_after_a_command_sees_the_state_before_it() {
    let (rounds, trials) = if torture() { (500, 20) } else { (4, 20) };
    let (world, mut token) = World::with_token("my_app");
    let server = world.server_with(&["--token-ttl", "3600"]);
    let clients = Clients {
        rule: RwLock::new(Rule { token: token.clone(), from: Instant::now(), status: None }),
        stop: AtomicBool::new(false),
        trials: AtomicUsize::new(0),
        violations: Mutex::default(),
    };
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| clients.run(&server));
        }
        for _ in 0..rounds {
            let does = |arguments: &[&str], token: &str| {
                world.done(arguments);
                token.to_owned()
            };
            clients.act(trials, 200, || token.clone());
            clients.act(trials, 401, || does(&["token", "disable", "my_app"], &token));
            clients.act(trials, 200, || does(&["token", "enable", "my_app"], &token));
            let old = token.clone();
            clients.act(trials, 401, || {
                token = world.regenerate("my_app");
                old
            });
            clients.act(trials, 200, || token.clone());
            clients.act(trials, 401, || {
                let ended = does(&["token", "update", "my_app", "--expires", "1s"], &token);
                while server.authorize(&ended).status != 401 {
                    thread::yield_now();
                }
                ended
            });
            clients.act(trials, 200, || does(&["token", "update", "my_app", "--expires", "never"], &token));
            let grant = "http:GET:localhost/v1/authorize";
            clients.act(trials, 200, || does(&["token", "update", "my_app", "--grant", grant], &token));
            clients.act(trials, 403, || does(&["token", "update", "my_app", "--grant", "lookup:**"], &token));
            clients.act(trials, 200, || does(&["token", "update", "my_app", "--no-grants"], &token));
            let old = token.clone();
            clients.act(trials, 200, || {
                token = world.done(&["token", "rotate", "my_app", "-q"]).trim().to_owned();
                old.clone()
            });
            clients.act(trials, 401, || does(&["token", "rotate", "my_app", "--finish", "--force"], &old));
            clients.act(trials, 200, || token.clone());
            clients.act(trials, 401, || does(&["token", "disable", "--all"], &token));
            clients.act(trials, 200, || does(&["token", "enable", "--all"], &token));
            clients.act(trials, 401, || does(&["token", "delete", "my_app"], &token));
            clients.act(trials, 200, || {
                token = world.create("my_app");
                token.clone()
            });
        }
        clients.stop.store(true, SeqCst);
    });
    let (violations, trials) = (clients.violations.into_inner().unwrap(), clients.trials.into_inner());
    println!("{trials} trials, {} violations", violations.len());
    assert_eq!(violations, Vec::<String>::new());
}

#[test]
fn a_change_by_hand_is_seen_as_well() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    world.sqlite().execute("UPDATE token SET active = 0", []).unwrap();
    assert_eq!(server.authorize(&token).status, 401);
    world.sqlite().execute("UPDATE token SET active = 1", []).unwrap();
    assert_eq!(server.authorize(&token).status, 200);
    world.sqlite().execute("DELETE FROM token", []).unwrap();
    assert_eq!(server.authorize(&token).status, 401);
}

#[test]
fn two_servers_on_one_database_both_see_it() {
    let (world, token) = World::with_token("my_app");
    let (one, other) = (world.server(), world.server());
    world.done(&["token", "disable", "my_app"]);
    assert_eq!((one.authorize(&token).status, other.authorize(&token).status), (401, 401));
    world.done(&["token", "enable", "my_app"]);
    assert_eq!((one.authorize(&token).status, other.authorize(&token).status), (200, 200));
}
