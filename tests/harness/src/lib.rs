//! Shared by tests and measurements: an HTTP client, and the program on a directory of its own.
//! Client and servers panic where a test must fail.

mod api;
mod client;
mod clock;
mod http2;
mod installed;
mod lookups;
mod metrics;
mod pace;
mod postgresql;
mod server;
mod silence;
mod size;
mod stopped;
mod tls;
mod world;

pub use api::{Api, EVERYTHING};
pub use client::{Client, Response, get, put};
pub use http2::{Http2, Unanswered};
pub use installed::{free, program, replaced};
pub use lookups::{Lookups, fixtures};
pub use metrics::{METRICS, Metrics, address as metrics_address};
pub use pace::{busy, quiet, within};
pub use postgresql::{Database, PostgreSql};
pub use server::Server;
pub use silence::Proxy;
pub use size::{report, size, torture};
pub use stopped::Stopped;
pub use tls::{Authority, Identity, TlsStream, encrypt, encrypted};
pub use world::{Ran, World};
