//! `jerakia health`: asks a running server whether it can decide.

use crate::args::{HealthArgs, Place};
use crate::config::Config;
use crate::terminal;
use anyhow::{Context as _, anyhow, bail};
use serde::Deserialize;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::TlsConfig;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 16 << 10;

/// The body of an answer.
#[derive(Deserialize)]
struct Answer {
    message: Option<String>,
}

/// Prints `ready` or `degraded` if the server can decide; otherwise fails with the reason.
pub fn run(args: &HealthArgs, config: impl FnOnce() -> anyhow::Result<Config>) -> anyhow::Result<()> {
    let place = match &args.url {
        Some(place) => place.clone(),
        None => own(&config()?)?,
    };
    let timeout = Duration::from_secs(args.timeout);
    let answer = match &place {
        Place::Url(url) => ask(url, timeout),
        Place::Unix(path) => ask_socket(path, timeout),
    };
    let (status, body) = answer.with_context(|| format!("the server {place} does not answer"))?;
    let message = serde_json::from_slice(&body).ok().and_then(|it: Answer| it.message);
    match (status, message) {
        (200, message) => terminal::print_lines([terminal::escaped(&message.unwrap_or_else(|| "ready".into()))]),
        (503, Some(message)) => bail!("the server {place} answers 503, {message}: see its log"),
        (status, _) => bail!("the server {place} answers {status}, not as Jerakia does"),
    }
}

/// The server of these settings. One without TLS is preferred: it can't refuse a client without a
/// certificate.
fn own(config: &Config) -> anyhow::Result<Place> {
    let mut places: Vec<_> = config.addresses()?.iter().filter_map(Place::of).collect();
    places.sort_by_key(Place::is_encrypted);
    let none = || anyhow!("the settings name no address with a port: name the server with --url");
    places.into_iter().next().ok_or_else(none)
}

/// Certificates are not verified: nothing secret is sent, and few name 127.0.0.1.
fn ask(url: &str, timeout: Duration) -> anyhow::Result<(u16, Vec<u8>)> {
    let tls = TlsConfig::builder()
        .disable_verification(true)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = Agent::config_builder().tls_config(tls).proxy(None).timeout_global(Some(timeout));
    let agent = config.max_redirects(0).http_status_as_error(false).build().new_agent();
    let mut response = agent.get(format!("{url}/readyz")).call()?;
    let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec()?;
    Ok((response.status().as_u16(), body))
}

fn ask_socket(path: &str, timeout: Duration) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    parsed(&answer).context("it does not speak HTTP")
}

/// The status and the body of an answer with `Connection: close`.
fn parsed(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let status = answer.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    let head = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    Some((std::str::from_utf8(status).ok()?.parse().ok()?, answer[head + 4..].to_vec()))
}
