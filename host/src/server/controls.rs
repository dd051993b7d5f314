//! What can change while a server runs.

use crate::descriptors;
use crate::http::{ConnectionLimits, Rules, TrustedProxy};
use crate::tls::{self, CertificateState, Certificates};
use std::sync::Arc;
use tokio::sync::watch;

/// Changes a running server. Copies change the same server.
#[derive(Clone)]
pub struct Controls {
    rules: watch::Sender<Rules>,
    pub(super) certificates: Option<Arc<Certificates>>,
}

impl Controls {
    pub(super) fn new(rules: watch::Sender<Rules>, certificates: Option<Arc<Certificates>>) -> Self {
        Self { rules, certificates }
    }

    /// Replaces the limits of connections and the trusted proxies, for new connections.
    pub fn set_rules(&self, limits: ConnectionLimits, trusted_proxies: &[TrustedProxy]) {
        self.rules.send_replace(rules(limits, trusted_proxies));
    }

    /// Reads the certificates again, from `files` from now on. If they can't be used, the old
    /// ones stay in force, and the log says why. Has no effect on a server that was started
    /// without certificates.
    pub fn reload_certificates(&self, files: tls::Files) {
        if let Some(certificates) = &self.certificates {
            certificates.reload_from(files);
        }
    }

    /// The state of the certificates; none for a server without them.
    #[must_use]
    pub fn certificates(&self) -> Option<CertificateState> {
        self.certificates.as_ref().map(|it| it.state())
    }
}

/// With as many connections as there are file descriptors for.
pub(super) fn rules(limits: ConnectionLimits, trusted_proxies: &[TrustedProxy]) -> Rules {
    let connections = descriptors::for_connections(limits.connections);
    Rules { limits: ConnectionLimits { connections, ..limits }, trusted_proxies: trusted_proxies.into() }
}
