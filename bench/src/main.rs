//! Measures the hot path, the server's CPU time per request, and the CLI's cold
//! start, and prints one table of each. Judges nothing.

mod decision;
mod http;
mod measure;
mod server;

fn main() -> anyhow::Result<()> {
    decision::table()?;
    http::tables()
}
