//! A server, as a process of its own.

use crate::{Client, Response};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader, PipeReader, pipe};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The longest wait for something that should happen at once.
const MAX_WAIT: Duration = Duration::from_secs(20);

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
    /// Starts one, and waits until it says where it listens first.
    pub fn start(mut command: Command) -> Self {
        let mut process = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap());
        let mut server = Self { process, address: String::new(), log: Arc::default() };
        server.hear(lines);
        server.address = address_in(&server.wait_for_log("listening on "));
        server
    }

    /// Starts a server, and reads its address. Reads its standard error only as far as the caller
    /// does.
    pub fn start_unheard(mut command: Command) -> (Self, BufReader<PipeReader>) {
        let (reader, writer) = pipe().unwrap();
        let process = command.stderr(writer).stdout(Stdio::null()).spawn().unwrap();
        drop(command); // and with it our end of the pipe
        let (mut lines, mut line) = (BufReader::with_capacity(1, reader), String::new());
        while !line.starts_with("listening on") {
            line.clear();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it has ended");
        }
        (Self { process, address: address_in(line.trim_end()), log: Arc::default() }, lines)
    }

    /// Starts a server that can't print its address, on a port that was free.
    pub fn start_mute(mut command: Command, stderr: impl Into<Stdio>) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        command.args(["--port", &address.port().to_string()]);
        let process = command.stderr(stderr).stdout(Stdio::null()).spawn().unwrap();
        let mut server = Self { process, address: address.to_string(), log: Arc::default() };
        let start = Instant::now();
        // Asks the kernel: a connection to a free port can connect to itself.
        let listening = format!("0100007F:{:04X} 00000000:0000 0A", address.port());
        while !fs::read_to_string("/proc/net/tcp").unwrap().contains(&listening) {
            assert_eq!(server.process.try_wait().unwrap(), None, "it has ended");
            assert!(start.elapsed() < MAX_WAIT, "it does not listen");
        }
        server
    }

    /// Reads the log from here on.
    pub fn hear(&mut self, lines: impl BufRead + Send + 'static) {
        let log = self.log.clone();
        thread::spawn(move || {
            for line in lines.lines() {
                *log.text.lock().unwrap() += &(line.unwrap() + "\n");
                log.grown.notify_all();
            }
        });
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The most memory that it has ever had, in KiB.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
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
            assert!(start.elapsed() < MAX_WAIT, "no {part:?} in the log:\n{text}");
            text = self.log.grown.wait_timeout(text, Duration::from_millis(100)).unwrap().0;
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address.parse().unwrap()
    }

    /// Waits until it listens on an address that begins with `scheme`, and returns the rest.
    pub fn listening(&self, scheme: &str) -> String {
        let said = format!("listening on {scheme}");
        self.wait_for_log(&said).strip_prefix(&said).unwrap().to_owned()
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
            assert!(start.elapsed() < MAX_WAIT, "still {response:?}; its log:\n{}", self.log());
            thread::yield_now();
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid().cast_signed()).unwrap(), signal).unwrap();
    }

    /// Signals it, waits for its end, and returns its exit status and its whole log.
    pub fn stop(self, signal: Signal) -> (ExitStatus, String) {
        self.signal(signal);
        self.wait()
    }

    /// Waits for its end, and kills it after MAX_WAIT.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let (ended, watch) = mpsc::channel::<()>();
        let pid = Pid::from_child(&self.process);
        thread::spawn(move || {
            if watch.recv_timeout(MAX_WAIT) == Err(RecvTimeoutError::Timeout) {
                kill_process(pid, Signal::KILL).unwrap();
            }
        });
        let status = self.process.wait().unwrap();
        drop(ended);
        (status, self.log())
    }
}

fn address_in(line: &str) -> String {
    let address = line.strip_prefix("listening on ").unwrap();
    address.trim_start_matches("http://").trim_start_matches("https://").to_owned()
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
