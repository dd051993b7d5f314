//! Shared by the library's tests, in addition to `tests/harness`: a database with tokens, the
//! library's server on a real port, and guests written by hand.

mod cluster;
mod guest;
mod http;
mod place;

pub use cluster::{Cluster, act};
pub use guest::Guest;
pub use http::Server;
pub use jerakia_harness::{busy, quiet, size, within};
pub use place::{Acts, NOW, Place, authenticator_of, find, see};
