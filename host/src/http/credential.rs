//! Extracts the credential from a request, and asks whether it is good for it.

use super::access_log::AccessLine;
use super::client::Client;
use super::flood::Watched;
use super::permission::{Need, Permission};
use super::rejection::Rejection;
use super::reply::Format;
use super::target::{MAX_METHOD_LEN, MAX_PATH_LEN};
use crate::authenticator::{Authenticator, Denied, Granted};
use crate::sandbox::Refusal;
use crate::{log_limit, request_id};
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use base64ct::{Base64, Encoding as _};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The longest header that is looked at, in bytes. A token has at most 145; as
/// Basic credentials, 202 with the scheme.
const MAX_CREDENTIAL_LEN: usize = 512;

/// The application whose token is good for a request.
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
    /// Whether it has grants.
    pub limited: bool,
}

/// A request whose token is good for what `N` needs. A handler is protected by naming it
/// as a parameter.
pub(super) struct Permitted<N> {
    caller: Authorized,
    need: PhantomData<fn() -> N>,
}

impl<N> Deref for Permitted<N> {
    type Target = Authorized;

    fn deref(&self) -> &Authorized {
        &self.caller
    }
}

impl<N: Need<S>, S: Sync> FromRequestParts<S> for Permitted<N>
where
    Arc<Authenticator>: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(head: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let caller = authorized(&Arc::from_ref(state), head, || Permission::of(N::describe(head, state))).await?;
        Ok(Self { caller, need: PhantomData })
    }
}

/// Authenticates a request that needs `permission`; the error is the response.
pub(super) async fn authorized(
    authenticator: &Arc<Authenticator>,
    head: &Parts,
    permission: impl FnOnce() -> Permission,
) -> Result<Authorized, Rejection> {
    let (method, path, format) = (head.method.as_str(), head.uri.path(), Format::of(&head.headers));
    if method.len() > MAX_METHOD_LEN {
        return Err(Rejection::MethodTooLong(format));
    }
    if path.len() > MAX_PATH_LEN {
        return Err(Rejection::PathTooLong(format));
    }
    let credential = parse_credential(&head.headers);
    let presented = credential.as_ref().map_or("", Credential::text).as_bytes();
    let watched = head.extensions.get::<Watched>();
    if watched.is_some_and(|it| it.is_flood(jerakia_core::lookup_key(presented))) {
        authenticator.count_flood();
        if log_limit::FLOODS.allows() {
            let path = &*log_limit::shortened(path);
            tracing::warn!(
                request_id = request_id::logged(),
                client = client(head),
                method,
                path,
                "too many failures from this address: answered 429"
            );
        }
        return Err(Rejection::Flood(format));
    }
    let permission = permission();
    let from = head.extensions.get::<Client>().and_then(|it| it.address);
    let decided = match credential {
        Ok(_) => authenticator.admit(presented, permission.text(), from).await,
        Err(TooLong) => authenticator.refuse_unread(),
    };
    match decided {
        Ok(Granted { api_id, id, secret, ends_at, limited }) => {
            if let Some(watched) = watched {
                watched.granted(&api_id);
            }
            name_in_access_log(head, &api_id);
            Ok(Authorized { api_id: api_id.into(), token: id, secret, ends_at, limited })
        }
        Err(Denied::Refused { reason, api_id }) => {
            let is_forbidden = reason == Refusal::Forbidden;
            if is_forbidden {
                name_in_access_log(head, api_id.as_deref().unwrap_or_default());
            } else if let Some(watched) = watched {
                watched.failed();
            }
            if log_limit::REFUSALS.allows() {
                let (api_id, path) = (api_id.as_deref().unwrap_or_default(), &*log_limit::shortened(path));
                let needed = is_forbidden.then(|| permission.logged());
                let permission = needed.as_deref().map(log_limit::shortened);
                tracing::info!(
                    request_id = request_id::logged(),
                    reason = reason.name(),
                    api_id,
                    permission = permission.as_deref(),
                    client = client(head),
                    method,
                    path,
                    "refused"
                );
            }
            Err(if is_forbidden { Rejection::Forbidden(format) } else { Rejection::Refused(format) })
        }
        Err(Denied::Unavailable(error)) => {
            if log_limit::OUTAGES.allows() {
                let path = &*log_limit::shortened(path);
                tracing::error!(request_id = request_id::logged(), %error, method, path, "can't decide");
            }
            Err(Rejection::Unavailable(format))
        }
    }
}

/// Notes whose token is good.
fn name_in_access_log(head: &Parts, api_id: &str) {
    if let Some(line) = head.extensions.get::<Arc<AccessLine>>() {
        line.is_of(api_id);
    }
}

/// The client's address, for the log.
fn client(head: &Parts) -> Option<impl tracing::Value> {
    head.extensions.get::<Client>().and_then(|it| it.address).map(tracing::field::display)
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
/// 7617). A header that occurs twice can't be read: a proxy may have looked at
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
    use axum::http::HeaderValue;

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
    fn a_malformed_header_is_an_empty_credential() {
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
    fn a_header_of_more_than_512_bytes_is_refused_unread() {
        let (longest, longer) = ("a".repeat(MAX_CREDENTIAL_LEN), "a".repeat(MAX_CREDENTIAL_LEN + 1));
        assert_eq!(read(&[("x-authentication", &longest)]).unwrap(), longest);
        assert_eq!(read(&[("x-authentication", &longer)]), Err(TooLong));
        assert_eq!(read(&[("authorization", &format!("Basic {longer}"))]), Err(TooLong));
    }
}
