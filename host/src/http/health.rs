//! Health checks for supervisors and load balancers: without a token, and without
//! information about tokens.

use super::reply::Format;
use super::serve::Stopping;
use crate::authenticator::Authenticator;
use crate::{log_limit, request_id};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// `GET /livez`: the process answers.
pub(super) async fn live(format: Format) -> Response {
    format.ok()
}

/// `GET /readyz`: it can decide, too, and is not about to stop. Why it can't decide is in
/// the log.
pub(super) async fn ready(
    format: Format,
    stopping: Option<Extension<Stopping>>,
    State(authenticator): State<Arc<Authenticator>>,
) -> Response {
    if stopping.is_some() {
        return format.failed(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    match authenticator.ready() {
        Ok(()) => format.ok(),
        Err(error) => {
            if log_limit::OUTAGES.allows() {
                tracing::error!(request_id = request_id::logged(), %error, "not ready");
            }
            format.failed(StatusCode::SERVICE_UNAVAILABLE, "not ready")
        }
    }
}
