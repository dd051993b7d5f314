//! Administration over HTTP: `/v1/tokens`, `/v1/audit`, `/v1/whoami` and their description,
//! `/v1/openapi.json`. Like the command line, an interface to [`crate::admin`]: the same words,
//! shapes and errors.

mod answer;
mod audit;
mod body;
mod call;
mod changes;
mod description;
mod etag;
mod fields;
mod json;
mod query;
mod shared;
mod tokens;
mod whoami;

use super::LookupLimits;
use super::credential::Permitted;
use super::permission::Need;
use super::reply::Format;
use super::target::Fault;
use super::traffic::{AdminResults, Traffic};
use super::turns::Turns;
use crate::admin::{READ, WRITE};
use crate::authenticator::Authenticator;
use crate::model::ExpiryPolicy;
use crate::scope::ScopeLimits;
use axum::Router;
use axum::extract::FromRef;
use axum::http::request::Parts;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

/// How many requests run at once and may wait. An act that revokes takes 120 ms.
pub(super) const LIMITS: LookupLimits = LookupLimits {
    at_once: 4,
    waiting: 16,
    max_wait: Duration::from_secs(5),
    scopes: ScopeLimits { largest: 0, total: 0 },
};

/// The routes for a token itself and, if `enabled`, those that administer other tokens. To be
/// merged with [`super::router`]. `expiry` has the rules for the ends of tokens.
pub fn administration(
    authenticator: Arc<Authenticator>,
    expiry: ExpiryPolicy,
    enabled: bool,
    traffic: &Traffic,
) -> Router {
    let mut routes = OpenApiRouter::with_openapi(description::empty())
        .routes(only::<Itself>("GET, HEAD, DELETE", routes!(whoami::show, whoami::delete)))
        .routes(only::<Itself>("GET, HEAD", routes!(description::show)));
    if enabled {
        routes = routes
            .routes(only::<Read>("GET, HEAD, POST", routes!(tokens::list, tokens::create)))
            .routes(only::<Read>("GET, HEAD, PATCH, DELETE", routes!(tokens::show, tokens::update, tokens::delete)))
            .routes(only::<Write>("POST", routes!(changes::enable)))
            .routes(only::<Write>("POST", routes!(changes::disable)))
            .routes(only::<Write>("POST", routes!(changes::rotate)))
            .routes(only::<Write>("POST", routes!(changes::regenerate)))
            .routes(only::<Read>("GET, HEAD", routes!(audit::list)));
    }
    let (routes, description) = routes.split_for_parts();
    let description = Arc::new(description);
    let (turns, results) = (traffic.admin_turns.clone(), traffic.administration.clone());
    routes.with_state(Administration { authenticator, expiry, turns, results, description })
}

/// The state of these routes.
#[derive(Clone, FromRef)]
struct Administration {
    authenticator: Arc<Authenticator>,
    expiry: ExpiryPolicy,
    turns: Arc<Turns>,
    results: AdminResults,
    description: Arc<utoipa::openapi::OpenApi>,
}

/// Needs `tokens:read`.
struct Read;

/// Needs `tokens:write`.
struct Write;

/// Needs only a good token.
struct Itself;

impl<S> Need<S> for Read {
    fn describe(_: &Parts, _: &S) -> Result<Cow<'static, str>, Fault> {
        Ok(READ.into())
    }
}

impl<S> Need<S> for Write {
    fn describe(_: &Parts, _: &S) -> Result<Cow<'static, str>, Fault> {
        Ok(WRITE.into())
    }
}

impl<S> Need<S> for Itself {
    fn describe(_: &Parts, _: &S) -> Result<Cow<'static, str>, Fault> {
        Ok("".into())
    }
}

/// A route that answers 405 to methods other than `allowed`. The token is checked first, so that
/// a client without one doesn't learn the methods.
fn only<N: Need<Administration> + 'static>(
    allowed: &'static str,
    (schemas, paths, methods): UtoipaMethodRouter<Administration>,
) -> UtoipaMethodRouter<Administration> {
    let refuse = async move |_: Permitted<N>, format: Format| format.method_not_allowed(allowed);
    (schemas, paths, methods.fallback(refuse))
}
