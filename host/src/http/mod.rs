//! HTTP: routes, and how each answer looks. What is true is decided elsewhere.

mod authorize;
mod credential;
mod health;
mod layer;
mod reply;
mod serve;

use crate::service::Service;
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{any, get};
use std::sync::Arc;

pub use credential::{Authorized, Rejection};
pub use layer::{Protected, RequireToken};
pub use reply::Format;
pub use serve::serve;

/// All routes.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/v1/authorize", any(authorize::authorize))
        .route("/v1/authorize/{*anything}", any(authorize::authorize))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(not_found)
        .with_state(service)
}

async fn not_found(format: Format) -> Response {
    format.failed(StatusCode::NOT_FOUND, "not found")
}
