//! Measures how a greedy client with a good token affects others: the 99th percentile of an
//! authorization's time, without and with the greedy client.

use jerakia_harness::{Server, get, put};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(1);

/// The requests of the greedy client, and its number of connections.
struct Greed {
    name: &'static str,
    connections: usize,
    request: Vec<u8>,
}

pub fn table(server: &Server, data: &Path, header: &str) -> anyhow::Result<()> {
    let list: String = (0..1_000_000).map(|it| format!("- {it:07}\n")).collect();
    fs::write(data.join("large.yaml"), format!("list:\n{list}"))?;
    let body = format!("{{\"fact\":\"{}\"}}", "x".repeat(200 << 10));
    let closing = format!("{header}Connection: close\r\n");
    let put =
        put("/v1/scope/machines/web-01", &format!("{closing}Content-Type: application/json\r\n"), body.as_bytes());
    let greeds = [
        Greed { name: "24 clients that store scopes of 200 KiB", connections: 24, request: put },
        Greed {
            name: "12 clients that look up a list of 10 MB",
            connections: 12,
            request: get("/v1/lookup/list?namespace=large", &closing).into(),
        },
    ];
    let authorize = get("/v1/authorize", header);
    println!("| p99 of /v1/authorize beside | alone | beside | ratio |\n|---|---:|---:|---:|");
    for greed in &greeds {
        // In turn, so that a change in the machine's speed affects both.
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            times(server, &authorize, &mut alone, || ())?;
            greed.while_busy(server.address(), || times(server, &authorize, &mut beside, || ()))?;
        }
        let (alone, beside) = (p99(alone), p99(beside));
        let ratio = beside.as_secs_f64() / alone.as_secs_f64();
        let micros = |it: Duration| it.as_secs_f64() * 1e6;
        println!("| {} | {:.0} us | {:.0} us | {ratio:.2} |", greed.name, micros(alone), micros(beside));
    }
    println!();
    Ok(())
}

impl Greed {
    fn while_busy<T>(&self, address: SocketAddr, work: impl FnOnce() -> T) -> T {
        let stop = AtomicBool::new(false);
        thread::scope(|threads| {
            for _ in 0..self.connections {
                threads.spawn(|| {
                    while !stop.load(Relaxed) {
                        drop(self.ask(address)); // a refusal, too, is an answer to greed
                    }
                });
            }
            let done = work();
            stop.store(true, Relaxed);
            done
        })
    }

    /// One request on a connection of its own, read to its end. It may fail, so it doesn't use the
    /// harness's client, which would panic.
    fn ask(&self, address: SocketAddr) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(&self.request)?;
        let mut buffer = vec![0; 256 << 10];
        while stream.read(&mut buffer)? > 0 {}
        Ok(())
    }
}

/// How long each request of one client takes, one after the other. Calls `before` each.
pub fn times(server: &Server, request: &str, times: &mut Vec<Duration>, before: impl Fn()) -> anyhow::Result<()> {
    let (mut client, begun) = (server.client(), Instant::now());
    while begun.elapsed() < ROUND {
        before();
        let start = Instant::now();
        let response = client.send(request);
        times.push(start.elapsed());
        anyhow::ensure!(response.status == 200, "an answer other than 200");
        // Like a client with other work, so that both share the processors.
        thread::sleep(Duration::from_micros(500));
    }
    Ok(())
}

pub fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}
