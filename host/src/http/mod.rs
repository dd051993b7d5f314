//! HTTP: routes, and how each answer looks. What is true is decided elsewhere.

mod authorize;
mod credential;
mod health;
mod layer;
mod lookup;
mod parameters;
mod reply;
mod scope;
mod serve;

use crate::authenticator::Authenticator;
use crate::lookup::Engine;
use axum::Router;
use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{any, get};
use std::sync::Arc;

pub use credential::{Authorized, Rejection};
pub use layer::{Protected, RequireToken};
pub use reply::Format;
pub use serve::serve;

/// What proxies and supervisors ask.
pub fn router(service: Arc<Authenticator>) -> Router {
    Router::new()
        .route("/v1/authorize", any(authorize::authorize))
        .route("/v1/authorize/{*anything}", any(authorize::authorize))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(not_found)
        .with_state(service)
}

/// The lookup API, each route behind a token. To be merged with [`router`].
pub fn lookups(service: Arc<Authenticator>, engine: Arc<Engine>) -> Router {
    Router::new()
        .route("/v1/lookup", get(lookup::namespace))
        .route("/v1/lookup/{key}", get(lookup::key))
        .route("/v1/scope/{realm}/{identifier}", get(scope::show).put(scope::store))
        .route("/v1/scope/{realm}/{identifier}/uuid", get(scope::uuid))
        .with_state(Lookups { service, engine })
}

/// What the lookup API needs.
#[derive(Clone, FromRef)]
struct Lookups {
    service: Arc<Authenticator>,
    engine: Arc<Engine>,
}

async fn not_found(format: Format) -> Response {
    format.failed(StatusCode::NOT_FOUND, "not found")
}
