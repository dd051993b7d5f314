//! Bodies of answers: Jerakia 3's envelope, as JSON or MessagePack.

use crate::scope::Encoding;
use crate::{log_limit, request_id};
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use std::convert::Infallible;
use std::io::Write;

const MESSAGE_PACK: &str = "application/x-msgpack";

/// The format of an answer, by the request's Content-Type or Accept. Jerakia 3's clients name
/// MessagePack in either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `application/json`
    Json,
    /// `application/x-msgpack`
    MessagePack,
}

/// The fields of every answer.
#[derive(Serialize)]
struct Envelope<'a> {
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl Format {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let named = |it: &HeaderValue| it.as_bytes().split(|byte| *byte == b',').any(names_message_pack);
        let all = [header::CONTENT_TYPE, header::ACCEPT].map(|name| headers.get_all(name));
        if all.iter().flatten().any(named) { Self::MessagePack } else { Self::Json }
    }

    /// `{"status":"ok"}`
    pub(crate) fn ok(self) -> Response {
        self.reply(StatusCode::OK, &Envelope { status: "ok", message: None })
    }

    /// The format of the lookup API's answer; none for an unknown Content-Type. As Jerakia 3, it
    /// rejects an unknown one even on a request without a body.
    pub(crate) fn strict(headers: &HeaderMap) -> Option<Self> {
        let Some(named) = headers.get(header::CONTENT_TYPE) else { return Some(Self::of(headers)) };
        let named = named.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let known = ["application/json", MESSAGE_PACK].iter().any(|it| it.eq_ignore_ascii_case(named));
        known.then(|| Self::of(headers))
    }

    /// `{"status":"failed","message":...}`
    pub(crate) fn failed(self, status: StatusCode, message: &str) -> Response {
        self.reply(status, &Envelope { status: "failed", message: Some(message) })
    }

    /// Answers 405, with the methods that a route has.
    pub(crate) fn method_not_allowed(self, allowed: &'static str) -> Response {
        let mut response = self.failed(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        response
    }

    /// Answers 503 with `{"status":"failed","message":...}`, and Retry-After 1 second.
    pub(crate) fn later(self, message: &str) -> Response {
        self.retry(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// Answers 429, likewise.
    pub(crate) fn too_many(self, message: &str) -> Response {
        self.retry(StatusCode::TOO_MANY_REQUESTS, message)
    }

    fn retry(self, status: StatusCode, message: &str) -> Response {
        let mut response = self.failed(status, message);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }

    /// An answer with a body in this format.
    pub(crate) fn reply(self, status: StatusCode, body: &impl Serialize) -> Response {
        let mut bytes = Vec::new();
        match self.write(body, &mut bytes) {
            Ok(()) => respond(status, self, Body::from(bytes)),
            Err(error) => {
                if log_limit::LOOKUPS.allows() {
                    tracing::error!(
                        request_id = request_id::logged(),
                        error,
                        "an answer can't be encoded as {}",
                        self.content_type()
                    );
                }
                respond(StatusCode::INTERNAL_SERVER_ERROR, self, Body::empty())
            }
        }
    }

    /// Writes `body` in this format.
    pub(super) fn write(self, body: &impl Serialize, to: &mut impl Write) -> Result<(), String> {
        match self {
            Self::Json => serde_json::to_writer(to, body).map_err(|it| it.to_string()),
            Self::MessagePack => rmp_serde::encode::write_named(to, body).map_err(|it| it.to_string()),
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::MessagePack => MESSAGE_PACK,
        }
    }
}

/// Whether an element of a Content-Type or an Accept names MessagePack, and does not refuse it
/// (`q=0`, RFC 9110, section 12.4.2).
fn names_message_pack(element: &[u8]) -> bool {
    let mut parts = element.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let named = parts.next().is_some_and(|it| it.eq_ignore_ascii_case(MESSAGE_PACK.as_bytes()));
    named
        && !parts
            .any(|it| matches!(it, [b'q' | b'Q', b'=', b'0', rest @ ..] if rest.iter().all(|it| b".0".contains(it))))
}

/// How the body of a request is written: by its Content-Type alone. JSON where there is
/// none; nothing for one that is not known, or occurs twice.
pub(super) fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let mut all = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(named) = all.next() else { return Some(Encoding::Json) };
    if all.next().is_some() {
        return None;
    }
    let named = named.to_str().ok()?.split(';').next().unwrap_or_default().trim();
    if named.eq_ignore_ascii_case(MESSAGE_PACK) {
        return Some(Encoding::MessagePack);
    }
    named.eq_ignore_ascii_case("application/json").then_some(Encoding::Json)
}

pub(super) fn respond(status: StatusCode, format: Format, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    response
}

impl<S: Sync> FromRequestParts<S> for Format {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(name: header::HeaderName, value: &'static str) -> Format {
        Format::of(&HeaderMap::from_iter([(name, HeaderValue::from_static(value))]))
    }

    #[test]
    fn requests_can_be_message_pack() {
        assert_eq!(Format::of(&HeaderMap::new()), Format::Json);
        assert_eq!(format(header::ACCEPT, "*/*"), Format::Json);
        assert_eq!(format(header::ACCEPT, "application/json"), Format::Json);
        assert_eq!(format(header::ACCEPT, "application/x-msgpack"), Format::MessagePack);
        assert_eq!(format(header::CONTENT_TYPE, "Application/X-MsgPack; v=1"), Format::MessagePack);
    }
}
