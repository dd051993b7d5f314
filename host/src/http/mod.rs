//! HTTP: routes and responses. Decisions are made elsewhere.

mod access_log;
mod admin;
mod answers;
mod authorize;
mod body;
mod client;
mod credential;
mod flood;
mod forwarded;
mod health;
mod layer;
mod lookup;
mod metrics;
mod parameters;
mod permission;
mod pieces;
mod proxy_family;
mod rejection;
mod reply;
mod scope;
mod serve;
mod slashes;
mod target;
mod traffic;
mod turns;
mod work;

use crate::authenticator::Authenticator;
use crate::lookup::Engine;
use crate::scope::Scopes;
use crate::tls::Certificates;
use answers::Answers;
use axum::Router;
use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodRouter, any, get};
use credential::Permitted;
use permission::Need;
use std::ops::Deref;
use std::sync::Arc;
use traffic::LookupResults;
use turns::Turns;

pub use access_log::ACCESS_LOG;
pub use admin::administration;
pub use client::{Client, TrustedProxy};
pub use credential::Authorized;
pub use layer::{Protected, RequireToken};
pub use metrics::{METRICS_LIMITS, metrics};
pub use proxy_family::ProxyFamily;
pub use rejection::Rejection;
pub use reply::Format;
pub use serve::{ConnectionLimits, Rules, serve};
pub use target::{Fault, normalized};
pub use traffic::{Connections, Traffic};
pub use turns::LookupLimits;

/// The routes for proxies and supervisors. At `/v1/authorize`, a token's grants are matched with
/// the request that a proxy of `family` describes or, without a family, with the request itself.
/// `/readyz` includes `certificates`.
pub fn router(
    authenticator: Arc<Authenticator>,
    family: Option<ProxyFamily>,
    certificates: Option<Arc<Certificates>>,
) -> Router {
    Router::new()
        .route("/v1/authorize", any(authorize::authorize))
        .route("/v1/authorize/", any(authorize::authorize))
        .route("/v1/authorize/{*anything}", any(authorize::authorize))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(not_found)
        .with_state(AuthorizeState { authenticator, family, certificates })
}

/// The state of the routes for proxies.
#[derive(Clone, FromRef)]
struct AuthorizeState {
    authenticator: Arc<Authenticator>,
    family: Option<ProxyFamily>,
    certificates: Option<Arc<Certificates>>,
}

/// The lookup API, each route behind a token. To be merged with [`router`].
pub fn lookups(authenticator: Arc<Authenticator>, engine: Arc<Engine>, scopes: Scopes, traffic: &Traffic) -> Router {
    Router::new()
        .route("/v1/lookup", only::<lookup::InNamespace>("GET, HEAD").get(lookup::lookup))
        .route("/v1/lookup/{key}", only::<lookup::InNamespace>("GET, HEAD").get(lookup::lookup))
        .route(
            "/v1/scope/{realm}/{identifier}",
            only::<scope::OfScope>("GET, HEAD, PUT, DELETE").get(scope::show).put(scope::store).delete(scope::delete),
        )
        .route("/v1/scope/{realm}/{identifier}/uuid", only::<scope::OfScope>("GET, HEAD").get(scope::uuid))
        .with_state(Lookups(Arc::new(Shared {
            authenticator,
            engine,
            answers: Answers::new(),
            scopes,
            turns: traffic.lookup_turns.clone(),
            results: traffic.lookups.clone(),
        })))
}

/// The state of the lookup API. Behind one pointer, since each request copies it several times.
#[derive(Clone)]
struct Lookups(Arc<Shared>);

struct Shared {
    authenticator: Arc<Authenticator>,
    engine: Arc<Engine>,
    answers: Answers,
    scopes: Scopes,
    turns: Arc<Turns>,
    results: LookupResults,
}

impl Deref for Lookups {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<Lookups> for Arc<Authenticator> {
    fn from_ref(lookups: &Lookups) -> Self {
        lookups.authenticator.clone()
    }
}

/// A route that answers 405 to methods other than `allowed`. The token is checked first, so that
/// a client without one doesn't learn the methods.
fn only<N: Need<Lookups> + 'static>(allowed: &'static str) -> MethodRouter<Lookups> {
    any(async move |_: Permitted<N>, format: Format| format.method_not_allowed(allowed))
}

async fn not_found(format: Format) -> Response {
    format.failed(StatusCode::NOT_FOUND, "not found")
}
