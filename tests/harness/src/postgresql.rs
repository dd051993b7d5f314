//! A real PostgreSQL in a temporary directory, and a database of it for one test.

use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// The longest wait for a server to start or stop.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// A PostgreSQL server, as a user without privileges. It ends with this value or with the test
/// process, whichever is first.
pub struct PostgreSql {
    keeper: Child,
    commands: Mutex<Option<ChildStdin>>,
    directory: PathBuf,
    port: u16,
    databases: AtomicUsize,
}

/// A database for one test.
pub struct Database<'a> {
    server: &'a PostgreSql,
    name: String,
}

impl PostgreSql {
    /// The server that all tests of this process share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgreSql> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    /// A server of one test, with these settings (`name=value`) in its `postgresql.conf`.
    pub fn start(settings: &[&str]) -> Self {
        Self::begin("", settings)
    }

    /// A standby, which follows this server until it is promoted.
    pub fn standby(&self) -> Self {
        Self::begin(&format!("host={} port={} user=postgres", self.directory.display(), self.port), &[])
    }

    /// Makes a standby the primary. Fence the old one before.
    pub fn promote(&self) {
        assert_eq!(self.psql("postgres", "SELECT pg_promote()"), "t");
    }

    /// `primary`: how to connect to the server that it is a copy of; empty: it is a new one.
    fn begin(primary: &str, settings: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = if geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        command.args(["-c", include_str!("postgresql.sh"), "sh", &port.to_string(), primary]).args(settings);
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.spawn().unwrap();
        let mut directory = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut directory).unwrap();
        assert!(!directory.is_empty(), "no PostgreSQL: scripts/postgresql.sh installs it");
        let commands = Mutex::new(keeper.stdin.take());
        let directory = directory.trim().into();
        let server = Self { keeper, commands, directory, port, databases: AtomicUsize::new(0) };
        server.resume();
        server
    }

    /// Starts it again after [`Self::stop`] or [`Self::crash`].
    pub fn resume(&self) {
        writeln!(self.commands.lock().unwrap().as_mut().unwrap(), "start").unwrap();
        self.wait_until("ready", || self.status() == "ready");
    }

    /// Ends it cleanly, though clients are connected.
    pub fn stop(&self) {
        self.end(Signal::INT);
    }

    /// Kills its first process; the others notice and end.
    pub fn crash(&self) {
        self.end(Signal::KILL);
    }

    fn end(&self, signal: Signal) {
        let postmaster = self.postmaster();
        kill_process(postmaster, signal).unwrap();
        let shared = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let ended =
            || !Path::new(&format!("/proc/{}/stat", postmaster.as_raw_nonzero())).exists() || is_zombie(postmaster);
        self.wait_until("ended", ended);
        // It says that the server is ready, which the next one has to say itself.
        drop(fs::remove_file(self.data().join("postmaster.pid")));
        // Backends outlive a killed postmaster for a moment; a new one refuses to start beside them.
        let segment = shared.lines().nth(6).and_then(|it| it.split_whitespace().nth(1)).unwrap_or("0").to_owned();
        self.wait_until("without backends", || !is_attached(&segment));
    }

    /// The first process.
    pub fn postmaster(&self) -> Pid {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        Pid::from_raw(file.lines().next().unwrap().parse().unwrap()).unwrap()
    }

    /// The directory of its socket.
    pub fn socket(&self) -> &Path {
        &self.directory
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Its port, at 127.0.0.1 and in the name of the socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// A new database.
    pub fn database(&self) -> Database<'_> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0"));
        Database { server: self, name }
    }

    /// Runs statements in a database by hand, and returns the rows: fields separated by `|`.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let output = self.psql_command(database).args(["-c", sql]).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{sql}: {error}\n{}", self.log());
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// A `psql` as the superuser.
    pub fn psql_command(&self, database: &str) -> Command {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database]);
        command.arg("-h").arg(&self.directory).args(["-p", &self.port.to_string()]).env_remove("PGOPTIONS");
        command
    }

    fn status(&self) -> String {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        file.lines().nth(7).unwrap_or_default().trim().to_owned()
    }

    fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < MAX_WAIT, "PostgreSQL is not {what}:\n{}", self.log());
            thread::sleep(Duration::from_millis(5)); // another process: no event to wait for
        }
    }
}

impl Drop for PostgreSql {
    fn drop(&mut self) {
        drop(self.commands.lock().unwrap().take()); // the end of its input ends the keeper
        drop(self.keeper.wait());
    }
}

impl Database<'_> {
    /// The same database of another server, a standby of its own.
    pub fn at<'b>(&self, server: &'b PostgreSql) -> Database<'b> {
        Database { server, name: self.name.clone() }
    }

    /// Its address for `jerakia`, over the socket.
    pub fn url(&self) -> String {
        let socket = self.server.directory.to_str().unwrap().replace('/', "%2F");
        format!("postgresql://postgres@{socket}:{}/{}", self.server.port, self.name)
    }

    /// Its address over TCP, at `port` of 127.0.0.1: the server's, or that of a proxy before it.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgresql://postgres@127.0.0.1:{port}/{}", self.name)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server it is of.
    pub fn server(&self) -> &PostgreSql {
        self.server
    }

    /// Runs statements by hand: see [`PostgreSql::psql`].
    pub fn psql(&self, sql: &str) -> String {
        self.server.psql(&self.name, sql)
    }

    /// Runs statements by hand that must fail, and returns the error.
    pub fn psql_refused(&self, sql: &str) -> String {
        let output = self.server.psql_command(&self.name).args(["-c", sql]).output().unwrap();
        assert!(!output.status.success(), "{sql}");
        String::from_utf8(output.stderr).unwrap()
    }
}

fn is_zombie(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit(')').next().is_none_or(|it| it.trim_start().starts_with('Z'))
}

/// Whether a process still has this segment of System V shared memory, by which PostgreSQL guards
/// its data directory.
fn is_attached(segment: &str) -> bool {
    let segments = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    segments.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next() == Some(segment) && fields.nth(4).is_some_and(|attached| attached != "0")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_has_what_was_committed_and_becomes_the_primary() {
        let primary = PostgreSql::start(&[]);
        let database = primary.database();
        let standby = primary.standby();
        database.psql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        database.psql("SELECT pg_reload_conf()");
        database.psql("CREATE TABLE t (a int); SET synchronous_commit = remote_apply; INSERT INTO t VALUES (1)");
        let copy = database.at(&standby);
        assert!(copy.psql_refused("INSERT INTO t VALUES (2)").contains("read-only"));
        primary.crash();
        standby.promote();
        assert_eq!(copy.psql("INSERT INTO t VALUES (2); SELECT sum(a) FROM t"), "3");
    }

    #[test]
    fn a_server_is_stopped_crashed_and_resumed_and_leaves_nothing() {
        let server = PostgreSql::start(&["max_connections=20"]);
        let database = server.database();
        database.psql("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
        for end in [PostgreSql::stop, PostgreSql::crash] {
            end(&server);
            server.resume();
            assert_eq!(database.psql("SELECT a, current_setting('max_connections') FROM t"), "1|20");
        }
        assert!(database.psql_refused("TABLE nothing").contains("does not exist"));
        let (directory, postmaster) = (server.socket().to_owned(), server.postmaster());
        drop(server);
        assert!(!directory.exists() && !Path::new(&format!("/proc/{}", postmaster.as_raw_nonzero())).exists());
    }
}
