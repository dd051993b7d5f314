//! `http:<METHOD>:<host><path>`: the permission for a request to another service, normalised.
//! A request that programs read differently has no permission.

use crate::model::MAX_PERMISSION_LEN;
use std::borrow::Cow;
use std::net::Ipv6Addr;

/// The longest method, in bytes.
pub(super) const MAX_METHOD_LEN: usize = 64;

/// The longest path, in bytes.
pub(super) const MAX_PATH_LEN: usize = 4096;

/// Why no permission describes a request, as in "no permission: ...".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A header is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A header occurs more than once.
    #[error("{0} occurs twice")]
    Twice(&'static str),
    /// A header has bytes that are not ASCII.
    #[error("{0} is not ASCII text")]
    NotText(&'static str),
    /// The method is not a word, or too long.
    #[error("the method is not a word of at most {MAX_METHOD_LEN} characters")]
    Method,
    /// The scheme is none of those with a known default port.
    #[error("the scheme is not http, https, ws or wss")]
    Scheme,
    /// The host is not a name or an address, with or without a port.
    #[error("the host is not a name or an address with a port or without")]
    Host,
    /// The request names two hosts.
    #[error("the request's URI and its Host header name two hosts")]
    TwoHosts,
    /// The path can be read in different ways.
    #[error("the path {0}")]
    Path(&'static str),
    /// A part of the path is not UTF-8.
    #[error("the path is not UTF-8")]
    NotUtf8,
    /// The path, or the text, is longer than the component takes.
    #[error("it would have more than 4096 bytes")]
    TooLong,
}

/// A request as its client made it.
pub(super) struct Target<'a> {
    pub(super) method: &'a str,
    /// `http`, `https`, `ws` or `wss`; none if the proxy doesn't name it.
    pub(super) scheme: Option<&'a str>,
    /// Name or address, with or without a port.
    pub(super) host: &'a str,
    /// May have a query.
    pub(super) path: &'a str,
}

impl Target<'_> {
    /// `http:<METHOD>:<host><path>`: the host in lower case, without a default port; the
    /// path without its query.
    pub(super) fn permission(&self) -> Result<String, Fault> {
        let path = self.path.split('?').next().unwrap_or_default();
        if path.len() > MAX_PATH_LEN || self.host.len() > MAX_PATH_LEN {
            return Err(Fault::TooLong);
        }
        if self.method.len() > MAX_METHOD_LEN || self.method.is_empty() || !self.method.bytes().all(is_token) {
            return Err(Fault::Method);
        }
        let mut text = String::with_capacity("http::".len() + self.method.len() + self.host.len() + path.len());
        text.push_str("http:");
        text.push_str(self.method);
        text.push(':');
        push_host(self.host, self.scheme, &mut text)?;
        push_path(path, &mut text)?;
        Ok(text)
    }
}

/// The permission that a server asks for, where a person writes one by hand. Texts that begin
/// with `http:` get the same rules as requests; without a scheme, the ports 80 and 443 are both
/// left out. All others stay as they are.
///
/// # Errors
/// No request has such a permission, so that no grant permits it.
pub fn normalized(permission: &str) -> Result<Cow<'_, str>, Fault> {
    let Some(rest) = permission.strip_prefix("http:") else { return Ok(permission.into()) };
    let (method, rest) = rest.split_once(':').ok_or(Fault::Host)?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let text = Target { method, scheme: None, host, path }.permission()?;
    if text.len() > MAX_PERMISSION_LEN { Err(Fault::TooLong) } else { Ok(text.into()) }
}

/// Whether a method can have `byte` (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'"' | b'(' | b')' | b',' | b'/' | b':'..=b'@' | b'['..=b']' | b'{' | b'}')
}

fn push_host(host: &str, scheme: Option<&str>, text: &mut String) -> Result<(), Fault> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or(Fault::Host)?,
        None => match host.split_at(host.find(':').unwrap_or(host.len())) {
            (_, rest) if rest.len() > 1 && rest[1..].contains(':') => (host, ""),
            both => both,
        },
    };
    if name.contains(':') || host.starts_with('[') {
        let address: Ipv6Addr = name.parse().map_err(|_| Fault::Host)?;
        text.push_str(&format!("[{address}]"));
    } else if !name.is_empty()
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.' | b'_' | b'*'))
    {
        // A star is in nginx's $server_name of `server_name *.example.com`.
        let start = text.len();
        text.push_str(name);
        text[start..].make_ascii_lowercase();
    } else {
        return Err(Fault::Host);
    }
    if let Some(digits) = own_port(port, scheme)? {
        text.push(':');
        text.push_str(digits);
    }
    Ok(())
}

/// The digits in `:8080`; none for no port, and for the default port of the scheme. Without a
/// scheme, the defaults of both `http` and `https` count.
fn own_port<'a>(port: &'a str, scheme: Option<&str>) -> Result<Option<&'a str>, Fault> {
    let defaults: &[u16] = match scheme {
        None => &[80, 443],
        Some("http" | "ws") => &[80],
        Some("https" | "wss") => &[443],
        Some(_) => return Err(Fault::Scheme),
    };
    if port.is_empty() || port == ":" {
        return Ok(None);
    }
    let digits = port.strip_prefix(':').filter(|it| it.bytes().all(|it| it.is_ascii_digit())).ok_or(Fault::Host)?;
    let number = digits.parse().map_err(|_| Fault::Host)?;
    let digits = if number == 0 { "0" } else { digits.trim_start_matches('0') };
    Ok((!defaults.contains(&number)).then_some(digits))
}

/// Appends the normalised path (RFC 3986, sections 6.2.2.1 and 6.2.2.2).
fn push_path(path: &str, text: &mut String) -> Result<(), Fault> {
    let Some(path) = path.strip_prefix('/') else { return Err(Fault::Path("does not begin with a slash")) };
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        text.push('/');
        let start = text.len();
        push_segment(segment, text)?;
        match &text[start..] {
            "." | ".." => return Err(Fault::Path("has a dot segment")),
            "" if segments.peek().is_some() => return Err(Fault::Path("has an empty segment")),
            _ => {}
        }
    }
    Ok(())
}

fn push_segment(mut segment: &str, text: &mut String) -> Result<(), Fault> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'%' | b';' | b'#' | b'\\');
    while let Some(at) = segment.bytes().position(|it| !is_plain(it)) {
        text.push_str(&segment[..at]);
        let mut bytes = segment[at..].bytes();
        match bytes.next() {
            Some(b'%') => push_encoded(bytes.next(), bytes.next(), text)?,
            Some(b';') => return Err(Fault::Path("has a semicolon")),
            Some(b'#') => return Err(Fault::Path("has a fragment")),
            Some(b'\\') => return Err(Fault::Path("has a backslash")),
            _ => return Err(Fault::Path("has a character that no URI has")),
        }
        segment = &segment[at + "%20".len()..];
    }
    text.push_str(segment);
    Ok(())
}

/// Appends the character of `%` and two digits; decoded if that doesn't change its meaning.
fn push_encoded(high: Option<u8>, low: Option<u8>, text: &mut String) -> Result<(), Fault> {
    let digit = |it: Option<u8>| char::from(it?).to_digit(16);
    let (Some(high), Some(low)) = (digit(high), digit(low)) else {
        return Err(Fault::Path("has a percent sign without two hexadecimal digits"));
    };
    match char::from_u32(high * 16 + low).unwrap_or_default() {
        '/' => Err(Fault::Path("has an encoded slash")),
        '\\' => Err(Fault::Path("has an encoded backslash")),
        '\0' => Err(Fault::Path("has an encoded NUL")),
        it if it.is_ascii_alphanumeric() || "-._~".contains(it) => {
            text.push(it);
            Ok(())
        }
        it => {
            text.push_str(&format!("%{:02X}", u32::from(it)));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
