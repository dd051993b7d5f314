//! Measures the processor time per request: the server's user and system time, divided by the
//! number of requests.

use crate::measure::median;
use anyhow::Context as _;
use jerakia_harness::{Client, Server};
use std::fs;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(1);

/// A request, and the process that answers it.
pub struct Load {
    pub process: u32,
    pub address: String,
    pub request: String,
}

/// Sends each request many times, in turn with the others. Returns the median processor time of
/// each, in the same order.
pub fn processor_times(loads: &[Load]) -> anyhow::Result<Vec<Duration>> {
    let mut connections: Vec<Vec<_>> = loads.iter().map(Load::connect).collect();
    let mut times = vec![Vec::new(); loads.len()];
    for _ in 0..ROUNDS {
        for ((load, connections), times) in loads.iter().zip(&mut connections).zip(&mut times) {
            times.push(load.round(connections)?);
        }
    }
    Ok(times.into_iter().map(median).collect())
}

impl Load {
    /// `request`, for `server`.
    pub fn of(server: &Server, request: String) -> Self {
        Self { process: server.pid(), address: server.address().to_string(), request }
    }

    fn connect(&self) -> Vec<Client> {
        (0..CONNECTIONS).map(|_| Client::connect(&self.address)).collect()
    }

    fn round(&self, connections: &mut [Client]) -> anyhow::Result<Duration> {
        let (start, before, mut count) = (Instant::now(), self.processor_time()?, 0_u32);
        while start.elapsed() < ROUND {
            connections.iter_mut().for_each(|it| it.write(&self.request));
            for connection in &mut *connections {
                anyhow::ensure!(connection.read().status == 200, "an answer other than 200");
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
