//! What a request costs the server, in processor time: the server's own user and
//! system time, divided by the requests it answered.

use crate::measure::median;
use anyhow::Context as _;
use jerakia_harness::{Client, Server};
use std::fs;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(1);

/// Sends each of `requests` over and over, in turn with the others, and answers the
/// median processor time of one, in the same order.
pub fn processor_times(server: &Server, requests: &[String]) -> anyhow::Result<Vec<Duration>> {
    let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| server.client()).collect();
    let mut times = vec![Vec::new(); requests.len()];
    for _ in 0..ROUNDS {
        for (request, times) in requests.iter().zip(&mut times) {
            times.push(round(server, &mut connections, request)?);
        }
    }
    Ok(times.into_iter().map(median).collect())
}

fn round(server: &Server, connections: &mut [Client], request: &str) -> anyhow::Result<Duration> {
    let (start, before, mut count) = (Instant::now(), processor_time(server)?, 0_u32);
    while start.elapsed() < ROUND {
        connections.iter_mut().for_each(|it| it.write(request));
        for connection in &mut *connections {
            anyhow::ensure!(connection.read().status == 200, "an answer other than 200");
            count += 1;
        }
    }
    Ok((processor_time(server)? - before) / count)
}

/// User and system time of all threads of the server, so far (proc(5), schedstat: nanoseconds).
fn processor_time(server: &Server) -> anyhow::Result<Duration> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{}/task", server.pid()))? {
        let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
        sum += schedstat.split(' ').next().context("empty")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(sum))
}
