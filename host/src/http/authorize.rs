//! `ANY /v1/authorize[/<anything>]`: proxies request it before they pass a request on (nginx
//! `auth_request`, Traefik `forwardAuth`, Envoy `ext_authz`).

use super::credential::Permitted;
use super::forwarded::Forwarded;
use super::{Authorized, ProxyFamily, Rejection};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

/// Answers the API ID of a good token. The extractor has decided already: see [`Permitted`].
pub(super) async fn authorize(
    State(family): State<Option<ProxyFamily>>,
    caller: Result<Permitted<Forwarded>, Rejection>,
) -> Response {
    let caller = match caller {
        Ok(caller) => caller,
        Err(rejection) => return refusal(rejection.into_response(), family),
    };
    let mut response = Response::new(Body::empty());
    // An API ID is plain ASCII; were it not, the answer would lack the header.
    if let Ok(api_id) = HeaderValue::try_from(&caller.api_id) {
        response.headers_mut().insert(HeaderName::from_static("x-jerakia-api-id"), api_id);
    }
    response.headers_mut().insert(HeaderName::from_static("x-jerakia-expires"), expires(&caller));
    response
}

/// nginx answers 500, and logs an error, for any other refusal than 401 and 403.
fn refusal(mut response: Response, family: Option<ProxyFamily>) -> Response {
    let status = response.status();
    let is_known = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    if family == Some(ProxyFamily::Nginx) && status.is_client_error() && !is_known {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    bare(response)
}

/// The end of the credential, in UTC (RFC 3339). Empty if it never ends, so that a proxy that
/// copies the header overwrites the client's own.
pub(super) fn expires(caller: &Authorized) -> HeaderValue {
    let end = caller.ends_at.and_then(|it| Timestamp::from_second(it).ok());
    let text = end.and_then(|it| HeaderValue::try_from(it.to_string()).ok());
    text.unwrap_or_else(|| HeaderValue::from_static(""))
}

/// Whether `path` belongs to this route.
pub(super) fn is_at(path: &str) -> bool {
    path.strip_prefix("/v1/authorize").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The answer without its body. nginx closes its connection to the server after a subrequest
/// whose answer has a body, and no proxy passes the body on.
pub(super) fn bare(mut response: Response) -> Response {
    *response.body_mut() = Body::empty();
    response.headers_mut().remove(header::CONTENT_TYPE);
    response
}
