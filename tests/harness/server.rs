//! A server, as a process of its own.

use super::{Client, Response};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Server {
    process: Child,
    address: String,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    text: Mutex<String>,
    grown: Condvar,
}

impl Server {
    /// Starts one, and waits until it says that it listens.
    pub fn start(mut command: Command) -> Self {
        let mut process = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let log = Arc::new(Log::default());
        let (lines, writer) = (BufReader::new(process.stderr.take().unwrap()), log.clone());
        thread::spawn(move || {
            for line in lines.lines() {
                *writer.text.lock().unwrap() += &(line.unwrap() + "\n");
                writer.grown.notify_all();
            }
        });
        let mut server = Self { process, address: String::new(), log };
        let line = server.wait_for_log("listening on http://");
        server.address = line.strip_prefix("listening on http://").unwrap().to_owned();
        server
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn log(&self) -> String {
        self.log.text.lock().unwrap().clone()
    }

    /// Waits for a line of the log that has `part` in it.
    pub fn wait_for_log(&self, part: &str) -> String {
        let (start, mut text) = (Instant::now(), self.log.text.lock().unwrap());
        loop {
            if let Some(line) = text.lines().find(|it| it.contains(part)) {
                return line.to_owned();
            }
            assert!(start.elapsed() < PATIENCE, "no {part:?} in the log:\n{text}");
            text = self.log.grown.wait_timeout(text, Duration::from_millis(100)).unwrap().0;
        }
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.address)
    }

    /// Asks `/v1/authorize` with a token, on a connection of its own.
    pub fn authorize(&self, token: &str) -> Response {
        self.client().authorize(token)
    }

    /// Asks again until the answer has this status.
    pub fn wait_for_status(&self, path: &str, headers: &str, status: u16) -> Response {
        let start = Instant::now();
        loop {
            let response = self.client().get(path, headers);
            if response.status == status {
                return response;
            }
            assert!(start.elapsed() < PATIENCE, "still {response:?}; its log:\n{}", self.log());
            thread::yield_now();
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid().cast_signed()).unwrap(), signal).unwrap();
    }

    /// Signals it, waits for its end, and answers how it ended and all of its log.
    pub fn stop(mut self, signal: Signal) -> (ExitStatus, String) {
        self.signal(signal);
        let status = self.process.wait().unwrap();
        (status, self.log())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
