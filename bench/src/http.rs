//! The tables that are measured from outside: processes of the real binary.

use crate::measure::median;
use crate::nginx::Nginx;
use crate::server::{Server, get, processor_times};
use jerakia_host::sandbox::Sandbox;
use jerakia_host::store::Store;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub fn tables() -> anyhow::Result<()> {
    // Beside this program, where the same build has put it.
    let jerakia: PathBuf = std::env::current_exe()?.with_file_name("jerakia");
    let directory = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir()?;
    let mut store = Store::open(directory.path())?;
    let token = crate::token::create(&Sandbox::new()?, &mut store, "my_app")?;
    drop(store);

    let data = directory.path().join("data/common");
    fs::create_dir_all(&data)?;
    fs::write(data.join("apache.yaml"), "port: 80\n")?;
    let server = Server::start(&jerakia, directory.path())?;
    let header = format!("X-Authentication: {}\r\n", token.expose());
    // The same header for all: reading it is not what a decision costs.
    let paths = ["/livez", "/v1/authorize", "/v1/lookup/port?namespace=apache"];
    let nginx = Nginx::start(directory.path())?;
    // An answer is kept that came from files which were left alone for a while.
    std::thread::sleep(Duration::from_millis(200));
    let ours = paths.map(|path| (path, server.load(get(path, &header))));
    let theirs = nginx.as_ref().map(|it| ("nginx auth_basic", it.load()));
    let (names, loads): (Vec<_>, Vec<_>) = ours.into_iter().chain(theirs).unzip();
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
    drop(nginx);
    crate::greedy::table(&server, &data, &header)?;
    drop(server);

    println!("| cold start | time |\n|---|---:|");
    let list = cold_start(&jerakia, &["token", "list"], directory.path())?;
    let version = cold_start(&jerakia, &["--version"], directory.path())?;
    println!("| jerakia --version | {:.1} ms |", micros(version) / 1e3);
    println!("| jerakia token list | {:.1} ms |\n", micros(list) / 1e3);
    Ok(())
}

/// The median time from starting a command to its end.
fn cold_start(jerakia: &Path, arguments: &[&str], databasedir: &Path) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..50 {
        let start = Instant::now();
        let mut command = Command::new(jerakia);
        let status = command.args(arguments).env("JERAKIA_DATABASEDIR", databasedir).stdout(Stdio::null()).status()?;
        times.push(start.elapsed());
        anyhow::ensure!(status.success(), "jerakia {arguments:?} failed");
    }
    Ok(median(times))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
