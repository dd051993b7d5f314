//! What a running server can change: it counts for new connections.

use super::ConnectionLimits;
use crate::http::TrustedProxy;
use std::sync::Arc;

/// The rules of connections.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Their limits.
    pub limits: ConnectionLimits,
    /// The proxies whose headers are believed.
    pub trusted_proxies: Arc<[TrustedProxy]>,
}
