//! What a request costs a server, in processor time: the server's own user and
//! system time, divided by the requests it answered.

use crate::measure::median;
use anyhow::Context as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(1);

/// The server, as a process of its own; killed when dropped.
pub struct Server {
    process: Child,
    address: String,
}

impl Server {
    pub fn start(jerakia: &Path, databasedir: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(jerakia);
        command.args(["server", "--port", "0", "--databasedir"]).arg(databasedir).env("JERAKIA_VARDIR", databasedir);
        let mut process = command.env("JERAKIA_LOGLEVEL", "error").stderr(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stderr.take().context("no stderr")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://").context("it did not start")?;
        Ok(Self { address: address.into(), process })
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// `request`, sent to this server.
    pub fn load(&self, request: String) -> Load<'_> {
        Load { process: self.process.id(), address: &self.address, request }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A request, and the process that answers it.
pub struct Load<'a> {
    pub process: u32,
    pub address: &'a str,
    pub request: String,
}

/// Sends each request over and over, in turn with the others, and answers the median
/// processor time of one, in the same order.
pub fn processor_times(loads: &[Load<'_>]) -> anyhow::Result<Vec<Duration>> {
    let mut connections = loads.iter().map(Load::connect).collect::<anyhow::Result<Vec<_>>>()?;
    let mut times = vec![Vec::new(); loads.len()];
    for _ in 0..ROUNDS {
        for ((load, connections), times) in loads.iter().zip(&mut connections).zip(&mut times) {
            times.push(load.round(connections)?);
        }
    }
    Ok(times.into_iter().map(median).collect())
}

impl Load<'_> {
    fn connect(&self) -> anyhow::Result<Vec<TcpStream>> {
        let connect = |_| TcpStream::connect(self.address).and_then(|it| it.set_nodelay(true).map(|()| it));
        Ok((0..CONNECTIONS).map(connect).collect::<Result<_, _>>()?)
    }

    fn round(&self, connections: &mut [TcpStream]) -> anyhow::Result<Duration> {
        let (start, before, mut count) = (Instant::now(), self.processor_time()?, 0_u32);
        let mut buffer = [0; 4096];
        while start.elapsed() < ROUND {
            for connection in &mut *connections {
                connection.write_all(self.request.as_bytes())?;
            }
            for connection in &mut *connections {
                let length = connection.read(&mut buffer)?;
                anyhow::ensure!(buffer[..length].starts_with(b"HTTP/1.1 200"), "an answer other than 200");
                count += 1;
            }
        }
        Ok((self.processor_time()? - before) / count)
    }

    /// User and system time of all threads, so far (proc(5), schedstat: nanoseconds).
    fn processor_time(&self) -> anyhow::Result<Duration> {
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.process))? {
            let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
            sum += schedstat.split(' ').next().context("empty")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(sum))
    }
}

/// A GET request, with a header more.
pub fn get(path: &str, header: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n")
}
