//! The access log: one line per request, with the target [`ACCESS_LOG`].

use super::client::Client;
use crate::log_limit;
use crate::request_id::RequestId;
use axum::http::{Method, Request, Uri};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// The target of the access log's events, all of level info. Whoever sets up logging filters by
/// it: requests cost nothing for it where it is off.
pub const ACCESS_LOG: &str = "jerakia_host::access";

/// A request that is to have a line.
pub(super) struct AccessLine {
    start: Instant,
    id: RequestId,
    client: Option<IpAddr>,
    method: Method,
    uri: Uri,
    /// Whose token is good, once that is known.
    api_id: OnceLock<String>,
}

impl AccessLine {
    /// None if the access log is off.
    pub(super) fn of<B>(request: &Request<B>, id: &RequestId, client: impl FnOnce() -> Client) -> Option<Arc<Self>> {
        tracing::enabled!(target: ACCESS_LOG, tracing::Level::INFO).then(|| {
            let (id, client) = (id.clone(), client().address);
            let (method, uri) = (request.method().clone(), request.uri().clone());
            Arc::new(Self { start: Instant::now(), id, client, method, uri, api_id: OnceLock::new() })
        })
    }

    /// The token of `api_id` is good, whether or not for this request.
    pub(super) fn is_of(&self, api_id: &str) {
        self.api_id.get_or_init(|| api_id.into());
    }

    /// Writes the line. Without a status, the client has closed its connection before the answer.
    pub(super) fn write(&self, status: Option<u16>) {
        let duration = self.start.elapsed().as_micros();
        tracing::info!(
            target: ACCESS_LOG,
            request_id = %self.id,
            client = self.client.map(tracing::field::display),
            api_id = self.api_id.get(),
            method = log_limit::shortened(self.method.as_str()).as_ref(),
            path = log_limit::shortened(self.uri.path()).as_ref(),
            status,
            duration_us = u64::try_from(duration).unwrap_or(u64::MAX),
            "request"
        );
    }
}
