//! Responses to refused requests.

use super::reply::Format;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The response to a refused request. It does not reveal the reason.
#[derive(Debug)]
pub enum Rejection {
    /// Its credential is not good: 401, the same for all that are not.
    Refused(Format),
    /// Its token is good, but its grants don't include the request: 403.
    Forbidden(Format),
    /// Too many credentials from its address were refused, so it was not decided on: 429.
    Flood(Format),
    /// No decision is possible at the moment: 503.
    Unavailable(Format),
    /// Its path is too long: 414.
    PathTooLong(Format),
    /// Its method is too long: 501 (RFC 9112, section 3).
    MethodTooLong(Format),
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let mut response = match self {
            Self::Refused(format) => {
                let challenge = HeaderValue::from_static(r#"Bearer realm="jerakia""#);
                let mut response = format.failed(StatusCode::UNAUTHORIZED, "unauthorized");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                response
            }
            Self::Forbidden(format) => format.failed(StatusCode::FORBIDDEN, "forbidden"),
            Self::Flood(format) => format.too_many("too many failures from this address: try again later"),
            Self::Unavailable(format) => format.later("unavailable"),
            Self::PathTooLong(format) => format.failed(StatusCode::URI_TOO_LONG, "URI too long"),
            Self::MethodTooLong(format) => format.failed(StatusCode::NOT_IMPLEMENTED, "method not implemented"),
        };
        // Here too, for services of other authors.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
