//! The request that a proxy describes, in headers of its request to `/v1/authorize`.
//!
//! A proxy passes on client headers that it does not set itself. So only the headers of one
//! family are read, which the settings name, and only from trusted proxies.

use super::AuthorizeState;
use super::client::Client;
use super::permission::Need;
use super::proxy_family::ProxyFamily;
use super::target::{Fault, Target};
use crate::log_limit;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::borrow::Cow;

/// The prefix that Envoy adds to the client's path (`path_prefix`).
const ENVOY_PREFIX: &str = "/v1/authorize";

/// Needs the permission of the described request.
pub(super) struct Forwarded;

impl Need<AuthorizeState> for Forwarded {
    fn describe(request: &Parts, state: &AuthorizeState) -> Result<Cow<'static, str>, Fault> {
        let Some(family) = state.family else { return itself(request) };
        let client = request.extensions.get::<Client>().copied().unwrap_or_default();
        if !client.is_proxy {
            if family.is_used_by(request) && log_limit::UNTRUSTED_DESCRIPTIONS.is_first() {
                let client = client.address.map(tracing::field::display);
                tracing::warn!(
                    client,
                    "headers that describe a request are ignored: the client is not in server.trusted_proxies"
                );
            }
            return itself(request);
        }
        Ok(family.target(request)?.permission()?.into())
    }
}

/// The permission of the request itself.
pub(super) fn itself(request: &Parts) -> Result<Cow<'static, str>, Fault> {
    let (method, path) = (request.method.as_str(), request.uri.path());
    let target = Target { method, scheme: request.uri.scheme_str(), host: host(request)?, path };
    Ok(target.permission()?.into())
}

/// The host of a request. A host in the URI takes precedence over the header (RFC 9112, section
/// 3.2.2), but a proxy may have read the other, so they must agree.
fn host(request: &Parts) -> Result<&str, Fault> {
    let named = one(&request.headers, "Host");
    match (request.uri.authority(), named) {
        (None, named) => named,
        (Some(host), Err(Fault::Missing(_))) => Ok(host.as_str()),
        (Some(host), Ok(named)) if host.as_str().eq_ignore_ascii_case(named) => Ok(named),
        (Some(_), Ok(_)) => Err(Fault::TwoHosts),
        (Some(_), Err(fault)) => Err(fault),
    }
}

impl ProxyFamily {
    /// Whether `request` has a description in headers of this family.
    fn is_used_by(self, request: &Parts) -> bool {
        let has = |names: &[&str]| names.iter().any(|it| request.headers.contains_key(*it));
        match self {
            Self::Nginx | Self::Haproxy => has(&["X-Original-Method", "X-Original-URI", "X-Original-Host"]),
            Self::Traefik | Self::Caddy => has(&["X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Uri"]),
            Self::Envoy => request.uri.path().len() > ENVOY_PREFIX.len(),
        }
    }

    fn target(self, request: &Parts) -> Result<Target<'_>, Fault> {
        let header = |name| one(&request.headers, name);
        Ok(match self {
            Self::Nginx | Self::Haproxy => Target {
                method: header("X-Original-Method")?,
                scheme: None,
                host: header("X-Original-Host")?,
                path: header("X-Original-URI")?,
            },
            Self::Traefik | Self::Caddy => Target {
                method: header("X-Forwarded-Method")?,
                scheme: Some(header("X-Forwarded-Proto")?),
                host: header("X-Forwarded-Host")?,
                path: header("X-Forwarded-Uri")?,
            },
            Self::Envoy => Target {
                method: request.method.as_str(),
                scheme: None,
                host: host(request)?,
                path: request.uri.path().strip_prefix(ENVOY_PREFIX).unwrap_or_default(),
            },
        })
    }
}

/// The value of a header that must be there once.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Fault> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(Fault::Missing(name)),
        (Some(value), None) => value.to_str().map_err(|_| Fault::NotText(name)),
        (Some(_), Some(_)) => Err(Fault::Twice(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut builder = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            builder = builder.header(*name, value.as_bytes());
        }
        builder.body(()).unwrap().into_parts().0
    }

    fn described(family: ProxyFamily, request: &Parts) -> Result<String, Fault> {
        family.target(request)?.permission()
    }

    const NGINX: [(&str, &str); 4] = [
        ("Host", "auth:9843"),
        ("X-Original-Method", "PUT"),
        ("X-Original-Host", "Shop.example"),
        ("X-Original-URI", "/a%2Db?c"),
    ];
    const TRAEFIK: [(&str, &str); 5] = [
        ("Host", "auth:9843"),
        ("X-Forwarded-Method", "PUT"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "Shop.example:443"),
        ("X-Forwarded-Uri", "/a%2Db?c"),
    ];

    #[test]
    fn each_family_has_headers_of_its_own() {
        let both = [&NGINX[..], &TRAEFIK[1..]].concat();
        let expected = Ok("http:PUT:shop.example/a-b".to_owned());
        for (family, headers) in [
            (ProxyFamily::Nginx, &NGINX[..]),
            (ProxyFamily::Haproxy, &NGINX),
            (ProxyFamily::Traefik, &TRAEFIK),
            (ProxyFamily::Caddy, &TRAEFIK),
        ] {
            assert_eq!(described(family, &request("GET", "/v1/authorize", headers)), expected, "{family}");
            assert_eq!(described(family, &request("GET", "/v1/authorize", &both)), expected, "{family}");
        }
        let theirs = request("GET", "/v1/authorize", &TRAEFIK);
        assert_eq!(described(ProxyFamily::Nginx, &theirs), Err(Fault::Missing("X-Original-Method")));
        let envoys = request("PUT", "/v1/authorize/a%2Db?c", &[("Host", "Shop.example")]);
        assert_eq!(described(ProxyFamily::Envoy, &envoys), expected);
    }

    #[test]
    fn each_header_must_be_there_once_and_be_text() {
        for (family, headers) in [(ProxyFamily::Nginx, &NGINX[..]), (ProxyFamily::Traefik, &TRAEFIK)] {
            for (at, (name, value)) in headers.iter().enumerate().skip(1) {
                let mut without = headers.to_vec();
                without.remove(at);
                let fault = described(family, &request("GET", "/", &without)).unwrap_err();
                assert_eq!(fault.to_string(), format!("{name} is missing"));
                let twice = [headers, &[(*name, *value)]].concat();
                let fault = described(family, &request("GET", "/", &twice)).unwrap_err();
                assert_eq!(fault.to_string(), format!("{name} occurs twice"));
                let mut garbled = headers.to_vec();
                garbled[at].1 = "é";
                let fault = described(family, &request("GET", "/", &garbled)).unwrap_err();
                assert_eq!(fault.to_string(), format!("{name} is not ASCII text"));
            }
        }
    }

    #[test]
    fn the_request_itself_has_one_host() {
        let permission = |uri, headers: &[(&str, &str)]| itself(&request("GET", uri, headers)).map(Cow::into_owned);
        let (a, b) = (("Host", "A.example:9843"), ("Host", "b"));
        let expected = Ok("http:GET:a.example:9843/v1/authorize".to_owned());
        assert_eq!(permission("/v1/authorize?x", &[a]), expected);
        assert_eq!(permission("http://a.example:9843/v1/authorize", &[a]), expected);
        assert_eq!(permission("http://a.example:9843/v1/authorize", &[]), expected, "as in HTTP/2");
        assert_eq!(permission("http://a.example:9843/v1/authorize", &[b]), Err(Fault::TwoHosts));
        assert_eq!(permission("/v1/authorize", &[a, b]), Err(Fault::Twice("Host")));
        assert_eq!(permission("/v1/authorize", &[]), Err(Fault::Missing("Host")));
    }

    #[test]
    fn envoys_path_must_be_there() {
        for path in ["/v1/authorize", "/v1/authorize?x", "/v1/authorize//", "/v1/authorize/../x", "/v1/authorizex"] {
            let request = request("GET", path, &[("Host", "h")]);
            assert!(matches!(described(ProxyFamily::Envoy, &request), Err(Fault::Path(_))), "{path}");
        }
        let root = request("GET", "/v1/authorize/", &[("Host", "h")]);
        assert_eq!(described(ProxyFamily::Envoy, &root), Ok("http:GET:h/".to_owned()));
    }
}
