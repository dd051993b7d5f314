//! `ANY /v1/authorize[/<anything>]`: what a proxy asks before it passes a request
//! on (nginx `auth_request`, Traefik `forwardAuth`, Envoy `ext_authz`).

use super::Authorized;
use super::reply::Format;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;

/// Says whose token it is. Getting here is the answer: see [`Authorized`].
pub(super) async fn authorize(format: Format, caller: Authorized) -> Response {
    let mut response = format.ok();
    // An API ID is plain ASCII; were it not, the answer would lack the header.
    if let Ok(api_id) = HeaderValue::try_from(caller.api_id) {
        response.headers_mut().insert(HeaderName::from_static("x-jerakia-api-id"), api_id);
    }
    response
}
