//! One file a command.

pub mod completions;
pub mod component;
pub mod config;
pub mod db;
pub mod doctor;
pub mod integrate;
pub mod lookup;
pub mod server;
pub mod token;
