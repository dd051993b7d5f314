//! Clients that keep asking all servers of a cluster, and judge each answer by what had been
//! ordered before its request started.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, RwLock};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

/// A server that is stopped does not answer: then the client connects again.
const PATIENCE: Duration = Duration::from_secs(2);

/// What holds for requests that start after a moment.
#[derive(Clone)]
struct Rule {
    token: String,
    from: Instant,
    /// The answers that are right; none: any, as an act is on its way.
    right: &'static [u16],
}

pub struct Clients {
    servers: Vec<SocketAddr>,
    rule: RwLock<Rule>,
    stop: AtomicBool,
    /// Answers that a rule applied to.
    trials: AtomicUsize,
    wrong: Mutex<Vec<String>>,
    /// For each server, when the last request started that it granted.
    granted: Vec<Mutex<Option<Instant>>>,
}

impl Clients {
    pub fn of(servers: Vec<SocketAddr>, token: &str) -> Self {
        Self {
            granted: servers.iter().map(|_| Mutex::default()).collect(),
            servers,
            rule: RwLock::new(Rule { token: token.to_owned(), from: Instant::now(), right: &[] }),
            stop: AtomicBool::new(false),
            trials: AtomicUsize::new(0),
            wrong: Mutex::default(),
        }
    }

    /// Starts `count` clients, spread over the servers.
    pub fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, count: usize) {
        for number in 0..count {
            scope.spawn(move || self.run(number % self.servers.len()));
        }
    }

    /// Orders something; from when it is done, only the `right` answers to requests with the token
    /// that it returns are right. Then waits for `trials` of them.
    pub fn order(&self, trials: usize, right: &'static [u16], act: impl FnOnce() -> String) {
        {
            let mut rule = self.rule.write().unwrap();
            (rule.from, rule.right) = (Instant::now(), &[]);
        }
        let token = act();
        let before = self.trials.load(SeqCst);
        *self.rule.write().unwrap() = Rule { token, from: Instant::now(), right };
        while self.trials.load(SeqCst) < before + trials {
            thread::yield_now();
        }
    }

    /// Ends the clients, also when the test fails before that.
    pub fn stopping(&self) -> Stopping<'_> {
        Stopping(self)
    }

    /// How long after `moment` a server has granted something.
    pub fn granted_after(&self, server: usize, moment: Instant) -> Duration {
        let last = *self.granted[server].lock().unwrap();
        last.map_or(Duration::ZERO, |it| it.saturating_duration_since(moment))
    }

    /// How many answers were judged, all of them right.
    pub fn all_right(&self) -> usize {
        let wrong = self.wrong.lock().unwrap();
        assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong[..wrong.len().min(10)].join("\n"));
        self.trials.load(SeqCst)
    }

    fn run(&self, server: usize) {
        let mut connection = None;
        while !self.stop.load(SeqCst) {
            let rule = self.rule.read().unwrap().clone();
            let start = Instant::now();
            let Ok(status) = ask(&mut connection, self.servers[server], &rule.token) else {
                connection = None;
                thread::yield_now();
                continue;
            };
            if status == 200 {
                let mut last = self.granted[server].lock().unwrap();
                *last = last.max(Some(start));
            }
            // The rule applies only if nothing was ordered meanwhile.
            if rule.right.is_empty() || self.rule.read().unwrap().from != rule.from {
                continue;
            }
            self.trials.fetch_add(1, SeqCst);
            if !rule.right.contains(&status) {
                let late = start.duration_since(rule.from);
                let text = format!("server {server}: {status} for a request {late:?} later, right: {:?}", rule.right);
                self.wrong.lock().unwrap().push(text);
            }
        }
    }
}

/// See [`Clients::stopping`].
pub struct Stopping<'a>(&'a Clients);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, SeqCst);
    }
}

/// The status of a server's answer, on a connection that is kept.
fn ask(kept: &mut Option<BufReader<TcpStream>>, server: SocketAddr, token: &str) -> io::Result<u16> {
    let connection = match kept {
        Some(connection) => connection,
        None => {
            let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            kept.insert(BufReader::new(stream))
        }
    };
    let request = format!("GET /v1/authorize HTTP/1.1\r\nHost: localhost\r\nX-Authentication: {token}\r\n\r\n");
    connection.get_mut().write_all(request.as_bytes())?;
    let (mut line, mut status, mut length) = (String::new(), 0, 0);
    while line != "\r\n" {
        line.clear();
        if connection.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = rest[..3].parse().unwrap();
        }
        if let Some(rest) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = rest.trim().parse().unwrap();
        }
    }
    io::copy(&mut connection.take(length), &mut io::sink())?;
    Ok(status)
}
