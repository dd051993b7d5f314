//! End to end: the real binary, its real port, and what a user sees of them. One
//! file a scenario.

// A test fails by panicking, and prints what helps to see why.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod accidents;
mod broken_store;
mod clients;
mod commands;
mod component;
mod connections;
mod data_files;
mod db_backup;
mod db_check;
mod db_restore;
mod doctor;
mod durability;
mod forward_auth;
mod full_disk;
mod grants;
mod greedy_lookups;
mod http;
mod integrate;
mod jerakia_3;
mod lifecycle;
mod links;
mod log_lines;
mod logs;
mod lookup;
mod lookup_command;
mod outage;
mod output_filters;
mod proxies;
mod recorded;
mod restores;
mod revocation;
mod scopes;
mod secrets;
mod settings;
mod shutdown;

use jerakia_harness as harness;
