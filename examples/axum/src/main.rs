//! Serves the example: `cargo run -p example-axum -- <databasedir>`

use anyhow::Context as _;
use jerakia_host::Guard;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let databasedir: PathBuf = std::env::args_os().nth(1).context("usage: example-axum <databasedir>")?.into();
    let guard = Guard::open(&databasedir, Duration::from_secs(300))?;
    Ok(axum::serve(TcpListener::bind("127.0.0.1:8080").await?, example_axum::routes(&guard)).await?)
}
