//! The library as its users meet it: through HTTP, the sandbox, the store and the
//! cache. One module a scenario; sizes grow with `JERAKIA_TORTURE=1`.

// A test fails by panicking, and prints what helps to see why.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod cache_confirm;
mod cache_race;
mod component;
mod database_files;
mod garbage;
mod harness;
mod hostile;
mod isolation;
mod junk;
mod no_reads;
mod restore;
mod store;
mod timing;
mod vectors;
