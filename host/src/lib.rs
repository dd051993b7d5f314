//! The token server as a library: everything but the command line.
//!
//! From the outside in: [`http`] speaks to clients, [`authenticator`] answers whether a
//! credential is good, out of the [`cache`], by the verdict of the [`sandbox`];
//! the [`store`] is what outlives the process, and [`admin`] what administrators
//! change in it.

pub mod admin;
mod adoption;
pub mod authenticator;
mod bounded;
pub mod cache;
pub mod clock;
mod descriptors;
pub mod guard;
mod health;
pub mod http;
pub mod listen;
mod log_limit;
pub mod lookup;
mod maintenance;
pub mod metrics;
pub mod model;
mod network;
mod request_id;
pub mod sandbox;
pub mod scope;
mod secret;
pub mod server;
mod service_manager;
pub mod store;
mod tally;
pub mod tls;
mod worker;

pub use guard::Guard;
pub use secret::Secret;
