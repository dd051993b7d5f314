//! A directory for one test, and a database with commands and servers on it: SQLite in that
//! directory, or PostgreSQL where `JERAKIA_TEST_DATABASE=postgresql` says so.

use crate::{Database, PostgreSql, Server, clock};
use rusqlite::Connection;
use rusqlite::backup::Backup;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A new, empty directory, and an empty database.
pub struct World {
    directory: TempDir,
    /// None: SQLite.
    postgresql: Option<Database<'static>>,
}

/// A command that has ended.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    pub fn new() -> Self {
        match env::var("JERAKIA_TEST_DATABASE").as_deref() {
            Ok("postgresql") => Self::postgresql(),
            Ok("sqlite") | Err(_) => Self { directory: tempfile::tempdir().unwrap(), postgresql: None },
            Ok(other) => panic!("JERAKIA_TEST_DATABASE can't be {other:?}: use sqlite or postgresql"),
        }
    }

    /// One on PostgreSQL, whatever the environment says.
    pub fn postgresql() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), postgresql: Some(PostgreSql::shared().database()) }
    }

    /// Its PostgreSQL database; none: it is on SQLite.
    pub fn postgresql_database(&self) -> Option<&Database<'static>> {
        self.postgresql.as_ref()
    }

    /// With one token.
    pub fn with_token(api_id: &str) -> (Self, String) {
        let world = Self::new();
        let token = world.create(api_id);
        (world, token)
    }

    /// A directory with these files below it: paths and texts.
    pub fn with_files(files: &[(&str, &str)]) -> Self {
        let world = Self::new();
        for (path, text) in files {
            world.write(path, text);
        }
        world
    }

    /// Writes a file below the directory.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
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
        assert!(self.postgresql.is_none(), "this test is about SQLite: run it without JERAKIA_TEST_DATABASE");
        Connection::open(self.database()).unwrap()
    }

    /// A copy of the database beside its directory, in place of an older one.
    pub fn backup(&self) -> PathBuf {
        let copy = self.path().join("copy.db");
        drop(fs::remove_file(&copy));
        self.sqlite().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        copy
    }

    /// A commit into the same file, as `sqlite3 tokens.db ".restore copy.db"` does.
    pub fn restore(&self, copy: &Path) {
        let (from, mut to) = (Connection::open(copy).unwrap(), self.sqlite());
        Backup::new(&from, &mut to).unwrap().run_to_completion(1_000, Duration::ZERO, None).unwrap();
    }

    /// Limits a token to `grants`.
    pub fn set_grants(&self, api_id: &str, grants: &[&str]) {
        if let Some(database) = &self.postgresql {
            let grants = grants.join("\n").replace('\'', "''");
            database.psql(&format!("UPDATE jerakia.token SET grants = '{grants}' WHERE api_id = '{api_id}'"));
            // Servers learn of an edit by hand a moment later.
            let behind = "SELECT count(*) FROM jerakia.lease
                WHERE NOT dead AND revision IS DISTINCT FROM (SELECT max(revision) FROM jerakia.journal)";
            let start = Instant::now();
            while database.psql(behind) != "0" {
                assert!(start.elapsed() < Duration::from_secs(30), "a server does not learn of a change");
            }
            return;
        }
        let changed =
            self.sqlite().execute("UPDATE token SET grants = ?2 WHERE api_id = ?1", (api_id, grants.join("\n")));
        assert_eq!(changed.unwrap(), 1);
    }

    /// Stores when a token was last seen, in seconds since the epoch.
    pub fn set_last_seen(&self, api_id: &str, at: i64) {
        if let Some(database) = &self.postgresql {
            let sql = format!(
                "INSERT INTO jerakia.last_seen SELECT id, secret, {at}, '' FROM jerakia.token WHERE api_id = '{api_id}'"
            );
            database.psql(&sql);
            return;
        }
        self.done(&["token", "list"]); // makes the state database
        let numbers = "SELECT id, secret FROM token WHERE api_id = ?1";
        let (token, secret): (i64, i64) =
            self.sqlite().query_row(numbers, [api_id], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let state = Connection::open(self.databasedir().join("state.db")).unwrap();
        state.execute("INSERT INTO last_seen VALUES (?1, ?2, ?3, ?4, '')", (api_id, token, secret, at)).unwrap();
    }

    /// Sets the clock of servers that were started with a clock, and of later commands. It does
    /// not advance from `time`, such as `2027-01-31 00:00:00`, UTC.
    pub fn set_clock(&self, time: &str) {
        clock::set(self.path(), time);
    }

    /// A command whose environment has only the location of the database.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.env_clear().env("HOME", self.path()).env("TZ", "UTC").current_dir(self.path());
        match &self.postgresql {
            Some(database) => command.env("JERAKIA_DATABASE", database.url()),
            None => command.env("JERAKIA_DATABASEDIR", self.databasedir()),
        };
        command.args(arguments);
        clock::lend(self.path(), &mut command);
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

    /// Makes a backup, and returns its directory.
    pub fn db_backup(&self, name: &str) -> PathBuf {
        let directory = self.path().join(name);
        self.done(&["db", "backup", directory.to_str().unwrap()]);
        directory
    }

    /// Runs a command that must succeed, and returns its standard output.
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

/// The program of the same build: the one that cargo names to the tests of its package, or the
/// one beside this program, or beside the folder `deps` that cargo puts tests in.
fn binary() -> PathBuf {
    if let Some(named) = env::var_os("CARGO_BIN_EXE_jerakia") {
        return named.into();
    }
    let program = env::current_exe().unwrap();
    let folder = program.ancestors().skip(1).find(|it| !it.ends_with("deps")).unwrap();
    let binary = folder.join("jerakia");
    assert!(binary.is_file(), "{} is missing: `cargo build --package jerakia` builds it", binary.display());
    binary
}
