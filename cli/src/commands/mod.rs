//! One file or folder per command.

pub mod audit;
pub mod cluster;
pub mod completions;
pub mod component;
pub mod config;
pub mod db;
pub mod doctor;
pub mod health;
mod import;
pub mod integrate;
pub mod lookup;
pub mod package_files;
mod reload;
pub mod remote;
pub mod server;
pub mod token;
mod unstored;

use jerakia_host::admin::Actor;
use rustix::process::getuid;

/// Who performs the acts of a command.
fn whoever_runs_this() -> Actor {
    let uid = getuid().as_raw();
    let user = nix::unistd::User::from_uid(uid.into());
    Actor::User { uid, name: user.ok().flatten().map(|it| it.name) }
}
