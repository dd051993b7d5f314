//! `ANY /v1/authorize[/<anything>]`: what a proxy asks before it passes a request
//! on (nginx `auth_request`, Traefik `forwardAuth`, Envoy `ext_authz`).

use super::Rejection;
use super::credential::Permitted;
use super::forwarded::Forwarded;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

/// Says whose token it is. Getting here is the answer: see [`Permitted`].
pub(super) async fn authorize(caller: Result<Permitted<Forwarded>, Rejection>) -> Response {
    let caller = match caller {
        Ok(caller) => caller,
        Err(rejection) => return bare(rejection.into_response()),
    };
    let mut response = Response::new(Body::empty());
    // An API ID is plain ASCII; were it not, the answer would lack the header.
    if let Ok(api_id) = HeaderValue::try_from(&caller.api_id) {
        response.headers_mut().insert(HeaderName::from_static("x-jerakia-api-id"), api_id);
    }
    response
}

/// Whether `path` is one of this route.
pub(super) fn is_at(path: &str) -> bool {
    path.strip_prefix("/v1/authorize").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The answer without its body. nginx closes its connection to us after a subrequest whose
/// answer has one, and no proxy passes it on.
pub(super) fn bare(mut response: Response) -> Response {
    *response.body_mut() = Body::empty();
    response.headers_mut().remove(header::CONTENT_TYPE);
    response
}
