//! End to end: the real binary, its real port, and what a user sees of them. One
//! file a scenario.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod broken_store;
mod commands;
mod durability;
mod harness;
mod http;
mod lifecycle;
mod lookup;
mod outage;
mod revocation;
mod secrets;
mod settings;
