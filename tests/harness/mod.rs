//! A database directory of a test's own, commands on it, servers on it.

mod lookups;
mod server;

pub use jerakia_client::{Client, Response};
pub use lookups::{Lookups, fixtures};
pub use server::Server;

use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Whether to run at full size: `make torture`.
pub fn torture() -> bool {
    std::env::var_os("JERAKIA_TORTURE").is_some()
}

/// Prints a row of the table that `make torture` shows: an attack, how often it was
/// tried, and how many answers were wrong.
pub fn report(attack: &str, times: usize, wrong: usize) {
    println!("torture| {attack} | {times} | {wrong} |");
}

/// A place where nothing has happened yet.
pub struct World {
    directory: TempDir,
}

/// A command that has ended.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    /// With one token.
    pub fn with_token(api_id: &str) -> (Self, String) {
        let world = Self::new();
        let token = world.create(api_id);
        (world, token)
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn databasedir(&self) -> PathBuf {
        self.path().join("db")
    }

    pub fn database(&self) -> PathBuf {
        self.databasedir().join("tokens.db")
    }

    /// The database, opened as an administrator would with `sqlite3`.
    pub fn sqlite(&self) -> Connection {
        Connection::open(self.database()).unwrap()
    }

    /// Stores when a token was last seen, in seconds since the epoch.
    pub fn set_last_seen(&self, api_id: &str, at: i64) {
        self.done(&["token", "list"]); // makes the state database
        let token: i64 =
            self.sqlite().query_row("SELECT id FROM token WHERE api_id = ?1", [api_id], |row| row.get(0)).unwrap();
        let state = Connection::open(self.databasedir().join("state.db")).unwrap();
        state.execute("INSERT INTO last_seen VALUES (?1, ?2, ?3)", (api_id, token, at)).unwrap();
    }

    /// A command in an environment that says nothing but where the database is.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jerakia"));
        command.env_clear().env("HOME", self.path()).env("TZ", "UTC").current_dir(self.path());
        command.env("JERAKIA_DATABASEDIR", self.databasedir()).args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Runs a command that must be refused with exit 1 and these words.
    pub fn refused(&self, arguments: &[&str], words: &[&str]) {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(words.iter().all(|it| ran.stderr.contains(it)), "{words:?} in {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }

    /// Makes a backup; its directory.
    pub fn backup(&self, name: &str) -> PathBuf {
        let directory = self.path().join(name);
        self.done(&["db", "backup", directory.to_str().unwrap()]);
        directory
    }

    /// Runs a command that must succeed; its standard output.
    pub fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        ran.stdout
    }

    pub fn create(&self, api_id: &str) -> String {
        self.done(&["token", "create", api_id, "--quiet"]).trim().to_owned()
    }

    pub fn regenerate(&self, api_id: &str) -> String {
        self.done(&["token", "regenerate", api_id, "--quiet"]).trim().to_owned()
    }

    pub fn server(&self) -> Server {
        self.server_with(&[])
    }

    pub fn server_with(&self, arguments: &[&str]) -> Server {
        let mut command = self.command(&["server", "--port", "0"]);
        command.args(arguments);
        Server::start(command)
    }
}

impl Ran {
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
