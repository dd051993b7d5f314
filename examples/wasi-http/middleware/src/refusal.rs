//! The answer to a request that does not reach the service.

use crate::wasi::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};
use alloc::format;

pub(crate) enum Refusal {
    /// The token is not good. The client does not learn why.
    Unauthorized,
    /// It is good, and does not grant this.
    Forbidden,
    /// Method and path are longer than the token component grants.
    TooLong,
    /// Nobody can decide at the moment.
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
            // A host may forbid a header. The client is refused without it, too.
            let _ = headers.append(name, value.as_bytes());
        }
        let response = OutgoingResponse::new(headers);
        let _ = response.set_status_code(status);
        let body = response.body();
        ResponseOutparam::set(out, Ok(response));
        // Nothing can be done for a client that is gone by now.
        if let Ok(body) = body {
            let text = format!(r#"{{"status":"failed","message":"{message}"}}"#);
            if let Ok(stream) = body.write() {
                let _ = stream.blocking_write_and_flush(text.as_bytes());
            }
            let _ = OutgoingBody::finish(body, None);
        }
    }
}
