//! Extracts the credential from a request; responses to refusals.

use super::reply::Format;
use crate::authenticator::{Authenticator, Denied, Granted};
use crate::log_limit;
use crate::sandbox::Refusal;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64ct::{Base64, Encoding as _};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The longest header that is looked at, in bytes. A token has at most 145; as
/// Basic credentials, 202 with the scheme.
const MAX_CREDENTIAL_LEN: usize = 512;

/// The longest path that is put before the sandbox, in bytes.
const MAX_PATH_LEN: usize = 4096;

/// The same for a method, which may be any word.
const MAX_METHOD_LEN: usize = 64;

/// A request whose token is good. A handler is protected by naming it as a parameter.
#[derive(Clone, Debug)]
pub struct Authorized {
    /// Whose token it is.
    pub api_id: String,
    /// The store's own number of the token; 0 where it is not stored.
    pub token: i64,
    /// The number of the secret that was presented.
    pub secret: u32,
    /// The first second in which it is no longer good, in seconds since the epoch; none:
    /// never.
    pub ends_at: Option<i64>,
}

impl<S: Sync> FromRequestParts<S> for Authorized
where
    Arc<Authenticator>: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        authorized(&Arc::from_ref(state), &parts.method, &parts.uri, &parts.headers)
    }
}

/// Authenticates a request; the error is the response.
pub(super) fn authorized(
    authenticator: &Authenticator,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Authorized, Rejection> {
    let (method, path, format) = (method.as_str(), uri.path(), Format::of(headers));
    if method.len() > MAX_METHOD_LEN {
        return Err(Rejection::MethodTooLong(format));
    }
    if path.len() > MAX_PATH_LEN {
        return Err(Rejection::PathTooLong(format));
    }
    let decided = match parse_credential(headers) {
        Ok(credential) => authenticator.authorize(credential.text().as_bytes(), "", None),
        Err(TooLong) => Err(Denied::Refused { reason: Refusal::Malformed, api_id: None }),
    };
    match decided {
        Ok(Granted { api_id, id, secret, ends_at }) => {
            Ok(Authorized { api_id: api_id.into(), token: id, secret, ends_at })
        }
        Err(Denied::Refused { reason, api_id }) => {
            if log_limit::REFUSALS.allows() {
                let (api_id, path) = (api_id.as_deref().unwrap_or_default(), &*log_limit::shortened(path));
                tracing::info!(reason = reason.name(), api_id, method, path, "refused");
            }
            Err(Rejection::Refused(format))
        }
        Err(Denied::Unavailable(error)) => {
            if log_limit::OUTAGES.allows() {
                tracing::error!(%error, method, path = &*log_limit::shortened(path), "can't decide");
            }
            Err(Rejection::Unavailable(format))
        }
    }
}

/// The response to a refused request. It does not reveal the reason.
#[derive(Debug)]
pub enum Rejection {
    /// Its credential is not good: 401, the same for all that are not.
    Refused(Format),
    /// No decision is possible at the moment: 503.
    Unavailable(Format),
    /// Its path is longer than what the component is asked about: 414.
    PathTooLong(Format),
    /// The same for its method: 501 (RFC 9112, section 3).
    MethodTooLong(Format),
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(format) => {
                let challenge = HeaderValue::from_static(r#"Bearer realm="jerakia""#);
                let mut response = format.failed(StatusCode::UNAUTHORIZED, "unauthorized");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                response
            }
            Self::Unavailable(format) => format.later("unavailable"),
            Self::PathTooLong(format) => format.failed(StatusCode::URI_TOO_LONG, "URI too long"),
            Self::MethodTooLong(format) => format.failed(StatusCode::NOT_IMPLEMENTED, "method not implemented"),
        }
    }
}

/// A header is longer than [`MAX_CREDENTIAL_LEN`]: it is refused unread.
#[derive(Debug, PartialEq, Eq)]
struct TooLong;

/// What a request presents. Wiped from memory when dropped, where it is a copy.
enum Credential<'a> {
    Sent(&'a str),
    Decoded(Zeroizing<String>),
}

impl Credential<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Sent(text) => text,
            Self::Decoded(text) => text,
        }
    }
}

/// The credential that a request presents; where none can be read an empty one,
/// which is no token, but is refused with the same work as any other.
///
/// X-Authentication, Jerakia 3's own, goes before Authorization (RFC 6750, RFC
/// 7617). A header that is there twice can't be read: a proxy may have looked at
/// one of the two and passed on both.
fn parse_credential(headers: &HeaderMap) -> Result<Credential<'_>, TooLong> {
    let own = headers.contains_key("x-authentication");
    let name = if own { HeaderName::from_static("x-authentication") } else { header::AUTHORIZATION };
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Ok(Credential::Sent("")) };
    if value.len() > MAX_CREDENTIAL_LEN {
        return Err(TooLong);
    }
    let text = value.to_str().unwrap_or_default();
    Ok(if own { Credential::Sent(text) } else { authorization(text).unwrap_or(Credential::Sent("")) })
}

/// What an Authorization header carries.
fn authorization(value: &str) -> Option<Credential<'_>> {
    let (scheme, rest) = value.split_once(' ')?;
    let rest = rest.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Credential::Sent(rest));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        // User, colon, password: as it happens, that is how a token is written.
        let mut buffer = Zeroizing::new([0; MAX_CREDENTIAL_LEN]);
        let decoded = std::str::from_utf8(Base64::decode(rest, &mut *buffer).ok()?).ok()?;
        return Some(Credential::Decoded(Zeroizing::new(decoded.to_owned())));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&'static str, &str)]) -> Result<String, TooLong> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        parse_credential(&map).map(|it| it.text().to_owned())
    }

    #[test]
    fn a_token_is_read_from_any_of_the_three() {
        assert_eq!(read(&[("x-authentication", "a:1")]).unwrap(), "a:1");
        assert_eq!(read(&[("authorization", "Bearer a:1")]).unwrap(), "a:1");
        assert_eq!(read(&[("authorization", "bEARER  a:1")]).unwrap(), "a:1");
        assert_eq!(read(&[("authorization", "Basic YTox")]).unwrap(), "a:1");
    }

    #[test]
    fn x_authentication_goes_first_even_when_it_is_bad() {
        assert_eq!(read(&[("x-authentication", "bad"), ("authorization", "Bearer a:1")]).unwrap(), "bad");
        assert_eq!(read(&[("x-authentication", ""), ("authorization", "Bearer a:1")]).unwrap(), "");
    }

    #[test]
    fn what_cannot_be_read_is_no_credential() {
        for headers in [
            &[][..],
            &[("authorization", "a:1")],
            &[("authorization", "Digest a:1")],
            &[("authorization", "Basic ====")],
            &[("authorization", "Basic YT")],
            &[("authorization", "Bearer a:1"), ("authorization", "Bearer b:1")],
            &[("x-authentication", "a:1"), ("x-authentication", "a:1")],
            &[("x-authentication", "é:1")],
        ] {
            assert_eq!(read(headers).unwrap(), "", "{headers:?}");
        }
    }

    #[test]
    fn a_header_of_more_than_512_bytes_is_not_looked_at() {
        let (longest, longer) = ("a".repeat(MAX_CREDENTIAL_LEN), "a".repeat(MAX_CREDENTIAL_LEN + 1));
        assert_eq!(read(&[("x-authentication", &longest)]).unwrap(), longest);
        assert_eq!(read(&[("x-authentication", &longer)]), Err(TooLong));
        assert_eq!(read(&[("authorization", &format!("Basic {longer}"))]), Err(TooLong));
    }
}
