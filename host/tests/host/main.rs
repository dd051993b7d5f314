//! Tests the library through its public faces: HTTP, the sandbox, the store and the cache.
//! One module per scenario; `JERAKIA_TORTURE=1` makes them larger.

// A test fails by panicking, and prints the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod audit_edits;
mod by_hand;
mod cache_confirm;
mod cache_race;
mod component;
mod database_files;
mod garbage;
mod grants;
mod harness;
mod hostile;
mod isolation;
mod junk;
mod no_reads;
mod postgres;
mod postgres_tls;
mod restore;
mod store;
mod timing;
mod vectors;
