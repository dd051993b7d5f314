//! Metrics for Prometheus: read from the parts of the server when somebody asks. docs/METRICS.md
//! lists them. No label has an API ID, an address or a path of a request.

mod certificates;
mod decisions;
mod health;
mod log;
mod page;
mod process;
mod sandbox;
mod tokens;
mod traffic;

use crate::authenticator::Authenticator;
use crate::http::Traffic;
use crate::tls::Certificates;
use page::{Group, Page};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;

/// All metrics of a server.
pub struct Metrics {
    registry: Registry,
}

/// What the rest of the program counts.
pub struct Elsewhere {
    /// How many lines of the log were lost since the start.
    pub log_lines_lost: fn() -> u64,
    /// How many connections can be open at once.
    pub max_connections: usize,
    /// None: the server has no TLS.
    pub certificates: Option<Arc<Certificates>>,
}

impl Metrics {
    /// Those of a server with these parts.
    #[must_use]
    pub fn of(authenticator: &Arc<Authenticator>, traffic: Traffic, elsewhere: Elsewhere) -> Self {
        let Elsewhere { log_lines_lost, max_connections, certificates } = elsewhere;
        let mut registry = Registry::default();
        let mut add = |group: Group| registry.register_collector(Box::new(group));
        let with = |write: fn(&Authenticator, &mut Page<'_>) -> fmt::Result| {
            let authenticator = authenticator.clone();
            Group::new(move |page| write(&authenticator, page))
        };
        add(with(decisions::write));
        add(with(sandbox::write));
        add(with(tokens::write));
        let (authenticator, shown) = (authenticator.clone(), certificates.clone());
        add(Group::new(move |page| health::write(&authenticator, shown.as_deref(), page)));
        if let Some(certificates) = certificates {
            add(Group::new(move |page| certificates::write(&certificates, page)));
        }
        add(Group::new(move |page| traffic::write(&traffic, max_connections, page)));
        add(Group::new(move |page| log::write(log_lines_lost(), page)));
        add(Group::new(process::write));
        Self { registry }
    }

    /// Their values now, in OpenMetrics' text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Nothing that is written here fails; a text without its end is refused by Prometheus.
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!("metrics can't be written");
        }
        text
    }
}
