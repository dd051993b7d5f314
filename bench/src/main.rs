//! Measures the hot path, the server's processor time per request, lookups, and the CLI's cold
//! start, and prints a table of each. Last come the first rows of a table that the other hosts
//! of the component continue (see the Makefile). Judges nothing.

mod decision;
mod flood;
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
