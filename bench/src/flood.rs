//! Measures what a flood does to others: the 99th percentile of an authorization's time, alone
//! and beside ten times as many refused requests from another address.

use crate::greedy::{p99, times};
use jerakia_harness::{Server, get};
use std::sync::mpsc::{self, Receiver};
use std::thread;

const ROUNDS: usize = 5;

/// Requests of the flood for each good one.
const TENFOLD: usize = 10;

pub fn table(server: &Server, header: &str) -> anyhow::Result<()> {
    let wrong = format!("X-Forwarded-For: 192.0.2.1\r\nX-Authentication: my_app:{}\r\n", "0".repeat(80));
    let flood = get("/v1/authorize", &wrong).repeat(TENFOLD);
    let good = get("/v1/authorize", &format!("X-Forwarded-For: 192.0.2.2\r\n{header}"));
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        times(server, &good, &mut alone, || ())?;
        let (sent, good_ones) = mpsc::channel();
        thread::scope(|threads| {
            threads.spawn(|| keep_up(server, &flood, good_ones));
            times(server, &good, &mut beside, move || sent.send(()).unwrap_or_default())
        })?;
    }
    let (alone, beside) = (p99(alone), p99(beside));
    let ratio = beside.as_secs_f64() / alone.as_secs_f64();
    let micros = [alone, beside].map(|it| it.as_secs_f64() * 1e6);
    println!("| p99 of /v1/authorize beside | alone | beside | ratio |\n|---|---:|---:|---:|");
    println!(
        "| {TENFOLD} times as many refused requests from one address | {:.0} us | {:.0} us | {ratio:.2} |\n",
        micros[0], micros[1]
    );
    Ok(())
}

/// Sends the flood's share for each good request, on a connection of its own.
fn keep_up(server: &Server, flood: &str, good_ones: Receiver<()>) {
    let mut client = server.client();
    for () in good_ones {
        client.write(flood);
        for _ in 0..TENFOLD {
            let status = client.read().status;
            assert!([401, 429].contains(&status), "{status}");
        }
    }
}
