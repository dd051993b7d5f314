//! Answers requests that don't reach the service.

use crate::wasi::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};
use alloc::format;

pub(crate) enum Refusal {
    /// The credential is not good. The client doesn't learn why.
    Unauthorized,
    /// The token is good but lacks the grant.
    Forbidden,
    /// The permission is longer than the token component grants.
    TooLong,
    /// No decision is possible now.
    Unavailable,
}

impl Refusal {
    pub(crate) fn answer(&self, out: ResponseOutparam) {
        let (status, message, more) = match self {
            Self::Unauthorized => (401, "unauthorized", Some(("www-authenticate", r#"Bearer realm="jerakia""#))),
            Self::Forbidden => (403, "forbidden", None),
            Self::TooLong => (414, "URI too long", None),
            Self::Unavailable => (503, "unavailable", Some(("retry-after", "1"))),
        };
        let headers = Fields::new();
        for (name, value) in [("content-type", "application/json")].into_iter().chain(more) {
            // A host may forbid a header. The refusal works without it.
            let _ = headers.append(name, value.as_bytes());
        }
        let response = OutgoingResponse::new(headers);
        let _ = response.set_status_code(status);
        let body = response.body();
        ResponseOutparam::set(out, Ok(response));
        // Errors mean that the client is gone.
        if let Ok(body) = body {
            let text = format!(r#"{{"status":"failed","message":"{message}"}}"#);
            if let Ok(stream) = body.write() {
                let _ = stream.blocking_write_and_flush(text.as_bytes());
            }
            let _ = OutgoingBody::finish(body, None);
        }
    }
}
