//! A service that greets applications by name. What protects it is two lines: a
//! [`Guard`] on the database that `jerakia token` manages, and its layer.

use axum::routing::get;
use axum::{Extension, Router};
use jerakia_host::Guard;
use jerakia_host::http::Authorized;

/// Its routes, all behind a token.
pub fn routes(guard: &Guard) -> Router {
    Router::new().route("/greeting", get(greet)).layer(guard.layer())
}

async fn greet(Extension(caller): Extension<Authorized>) -> String {
    format!("Hello {}\n", caller.api_id)
}
