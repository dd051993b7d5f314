//! Measures the hot path, the server's CPU time per request, lookups, and the CLI's cold
//! start, and prints one table of each; last the first rows of one that the other hosts
//! of the component go on with (see the Makefile). Judges nothing.

mod decision;
mod greedy;
mod hosts;
mod http;
mod kept;
mod lookup;
mod measure;
mod nginx;
mod server;

fn main() -> anyhow::Result<()> {
    decision::table()?;
    http::tables()?;
    lookup::table()?;
    hosts::table()
}
