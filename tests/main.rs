//! End to end: the real binary, its real port, and what a user sees of them. One file per
//! scenario.

// A test fails by panicking, and prints what helps to see why.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod accidents;
mod admin_acts;
mod admin_api;
mod admin_errors;
mod admin_power;
mod audit;
mod broken_store;
mod bulk;
mod clients;
mod commands;
mod completions;
mod component;
mod connections;
mod data_files;
mod db_backup;
mod db_check;
mod db_restore;
mod deploy;
mod docs_api;
mod docs_tokens;
mod doctor;
mod durability;
mod expiry;
mod explain;
mod floods;
mod forward_auth;
mod full_disk;
mod given_tokens;
mod grants;
mod greedy_lookups;
mod http;
mod import;
mod import_flood;
mod integrate;
mod jerakia_3;
mod kept_answers;
mod lifecycle;
mod links;
mod listeners;
mod log_lines;
mod logs;
mod lookup;
mod lookup_command;
mod lookup_faults;
mod metadata;
mod metrics;
mod on_postgresql;
mod outage;
mod output_filters;
mod package_files;
mod policies;
mod postgresql;
mod proxies;
mod recorded;
mod remote;
mod request_ids;
mod restores;
mod revocation;
mod rotation;
mod schemas;
mod scopes;
mod secrets;
mod service_manager;
mod settings;
mod shutdown;
mod storage_faults;
mod tls;
mod unstored_tokens;
mod upgrade;

use jerakia_harness as harness;
