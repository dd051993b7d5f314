//! Health, for whoever starts and stops servers. No token needed, and nothing said
//! of any.

use super::reply::Format;
use crate::authenticator::Authenticator;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// `GET /livez`: the process answers.
pub(super) async fn live(format: Format) -> Response {
    format.ok()
}

/// `GET /readyz`: it can decide, too. Why it can't is in the log.
pub(super) async fn ready(format: Format, State(service): State<Arc<Authenticator>>) -> Response {
    match service.ready() {
        Ok(()) => format.ok(),
        Err(error) => {
            tracing::error!(%error, "not ready");
            format.failed(StatusCode::SERVICE_UNAVAILABLE, "not ready")
        }
    }
}
