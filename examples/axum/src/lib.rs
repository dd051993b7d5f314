//! A service that greets applications by name. Two lines protect it: a [`Guard`] on the
//! database that `jerakia token` manages, and its layer.

use axum::routing::get;
use axum::{Extension, Router};
use jerakia_host::Guard;
use jerakia_host::http::Authorized;

/// The service's routes, which all need a token.
pub fn routes(guard: &Guard) -> Router {
    Router::new().route("/greeting", get(greet)).layer(guard.layer())
}

async fn greet(Extension(caller): Extension<Authorized>) -> String {
    format!("Hello {}\n", caller.api_id)
}
