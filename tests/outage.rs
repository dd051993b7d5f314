//! A database that fails while the server runs: 503, never 200, and recovery where possible.

use crate::harness::{Server, World};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

fn unavailable(server: &Server, token: &str) {
    let headers = format!("X-Authentication: {token}\r\n");
    for (path, body) in
        [("/v1/authorize", ""), ("/v1/lookup?namespace=a", r#"{"status":"failed","message":"unavailable"}"#)]
    {
        let response = server.wait_for_status(path, &headers, 503);
        assert_eq!((response.text(), response.header("retry-after")), (body, Some("1")), "{path}");
    }
    let ready = server.client().get("/readyz", "");
    assert_eq!((ready.status, ready.text()), (503, r#"{"status":"failed","message":"not ready"}"#));
    assert_eq!(server.client().get("/livez", "").status, 200);
}

#[test]
fn a_database_that_is_deleted_or_replaced_stops_the_server_from_deciding() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    fs::rename(world.databasedir(), world.path().join("elsewhere")).unwrap();
    unavailable(&server, &token);
    server.wait_for_log("was moved, replaced or deleted");
    let other = world.create("my_app");
    unavailable(&server, &other);
    drop(server);
    let server = world.server();
    assert_eq!((server.authorize(&token).status, server.authorize(&other).status), (401, 200));
}

/// A process that keeps everybody from reading a token database, and commits nothing. It takes
/// the locks that SQLite's own readers take (bytes 123 to 127 of the index,
/// <https://sqlite.org/walformat.html#wal_locks>).
pub struct KeptOut(Child);

impl KeptOut {
    pub fn of(world: &World) -> Self {
        let hold = "import fcntl, sys
f = open(sys.argv[1], 'r+b')
fcntl.lockf(f, fcntl.LOCK_EX, 5, 123)
print('held', flush=True)
sys.stdin.read()";
        let index = format!("{}-shm", world.database().display());
        let mut command = Command::new("python3");
        command.args(["-c", hold, &index]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = command.spawn().expect("python3");
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        Self(holder)
    }

    /// Ends the process.
    pub fn let_in(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
fn tokens_that_were_not_refreshed_for_token_ttl_are_not_trusted() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&["--token-ttl", "1"]);
    assert_eq!(server.authorize(&token).status, 200);
    let holder = KeptOut::of(&world);
    unavailable(&server, &token);
    server.wait_for_log("tokens could not be refreshed from the database for 1s (token_ttl)");
    holder.let_in();
    server.wait_for_status("/v1/authorize", &format!("X-Authentication: {token}\r\n"), 200);
    server.wait_for_status("/readyz", "", 200);
}

#[test]
fn no_answer_says_where_the_databases_are() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    let state = world.databasedir().join("state.db");
    fs::remove_file(&state).unwrap();
    server.wait_for_log("state.db was moved, replaced or deleted");
    let head = format!("PUT /v1/scope/puppet/a HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\n");
    let response = server.client().send(format!("{head}Content-Length: 2\r\n\r\n{{}}"));
    assert_eq!((response.status, response.text()), (503, r#"{"status":"failed","message":"unavailable"}"#));
    assert!(!response.head.contains("state.db"), "{}", response.head);
    server.wait_for_log("scope data can't be read or written: The database");
    assert!(server.log().contains(state.to_str().unwrap()), "the log says which: {}", server.log());
}
