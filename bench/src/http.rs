//! The tables that are measured from outside, on processes of the real binary.

use crate::measure::median;
use crate::nginx::Nginx;
use crate::server::{Load, processor_times};
use jerakia_harness::{METRICS, Server, World, get};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub fn tables() -> anyhow::Result<()> {
    let (world, token) = World::with_token("my_app");
    let data = world.path().join("data/common");
    fs::create_dir_all(&data)?;
    fs::write(data.join("apache.yaml"), "port: 80\n")?;
    let server = Server::start(quiet(&world, &[]));
    let header = format!("X-Authentication: {token}\r\n");
    // The same header for all, so that reading it doesn't count as part of a decision.
    let paths = ["/livez", "/v1/authorize", "/v1/lookup/port?namespace=apache"];
    let nginx = Nginx::start(world.path())?;
    // Answers are kept once their files have been unchanged for a while.
    std::thread::sleep(Duration::from_millis(200));
    let ours = paths.map(|path| (path, Load::of(&server, get(path, &header))));
    let counting = Server::start(quiet(&world, METRICS));
    let counted = ("/v1/authorize, counted for metrics", Load::of(&counting, get("/v1/authorize", &header)));
    let theirs = nginx.as_ref().map(|it| ("nginx auth_basic", it.load()));
    let (names, loads): (Vec<_>, Vec<_>) = ours.into_iter().chain([counted]).chain(theirs).unzip();
    let times = processor_times(&loads)?;

    println!("| processor time of the server | a request | to /livez | to /v1/authorize |\n|---|---:|---:|---:|");
    for (name, time) in names.iter().zip(&times) {
        let to = |other: Duration| time.as_secs_f64() / other.as_secs_f64();
        println!("| {name} | {:.1} us | {:.2} | {:.2} |", micros(*time), to(times[0]), to(times[1]));
    }
    if nginx.is_none() {
        println!("| nginx auth_basic | nginx is not installed | - | - |");
    }
    println!();
    drop((nginx, counting));
    crate::flood::table(&server, &header)?;
    crate::greedy::table(&server, &data, &header)?;
    drop(server);

    println!("| cold start | time |\n|---|---:|");
    let list = cold_start(&world, &["token", "list"])?;
    let version = cold_start(&world, &["--version"])?;
    println!("| jerakia --version | {:.1} ms |", micros(version) / 1e3);
    println!("| jerakia token list | {:.1} ms |\n", micros(list) / 1e3);
    Ok(())
}

/// A server that logs next to nothing.
fn quiet(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command(&["server", "--port", "0"]);
    command.args(arguments).env("JERAKIA_VARDIR", world.path()).env("JERAKIA_LOGLEVEL", "error");
    command
}

/// The median time from starting a command to its end.
fn cold_start(world: &World, arguments: &[&str]) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..50 {
        let start = Instant::now();
        let status = world.command(arguments).stdout(Stdio::null()).status()?;
        times.push(start.elapsed());
        anyhow::ensure!(status.success(), "jerakia {arguments:?} failed");
    }
    Ok(median(times))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
