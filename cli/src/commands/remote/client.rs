//! The HTTP client for a server's administration.

use crate::args::{RemoteServer, ServerUrl, UsageError};
use jerakia_host::Secret;
use jerakia_host::model::ApiId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ureq::http::{Request, StatusCode};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy};

/// The longest that a request may take: an act waits for its turn and for the disk.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The longest answer, in bytes: more than a page of tokens can take.
const MAX_ANSWER: u64 = 16 << 20;

/// The longest credential file, in bytes.
const MAX_CREDENTIAL: u64 = 512;

const NO_TOKEN: &str = "it has no token: write one as <API ID>:<digits>, alone on one line";

/// The files in which operating systems keep the certificates of authorities.
const CA_FILES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/// A server, and the token that administers it.
pub struct Client {
    url: ServerUrl,
    agent: Agent,
    credential: Secret,
}

/// Why a request to a server failed.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The server refused, for this reason.
    #[error("{0}")]
    Refused(String),
    /// The request is malformed, for this reason.
    #[error("{0}")]
    Usage(String),
    /// The server can't be reached or used.
    #[error("The server {0} can't be used: {1}")]
    Unavailable(String, String),
}

impl RemoteError {
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Usage(_) => 2,
            Self::Unavailable(..) => 3,
        }
    }
}

/// The body of a failure.
#[derive(Deserialize)]
struct Failed {
    message: Option<String>,
}

impl Client {
    pub fn new(server: &RemoteServer<'_>) -> anyhow::Result<Self> {
        let named = format!("--credential-file {}", server.credential_file.display());
        let credential = credential(server.credential_file).map_err(UsageError::of(&named))?;
        let roots = if server.url.is_plain { Vec::new() } else { authorities(server.ca_file.map(AsRef::as_ref))? };
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::from(roots))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        // A redirect would take the token elsewhere, and so would a proxy without TLS.
        let proxy = if server.url.is_plain { None } else { Proxy::try_from_env() };
        let config = Agent::config_builder().tls_config(tls).proxy(proxy).timeout_global(Some(TIMEOUT));
        let config = config.max_redirects(0).http_status_as_error(false);
        Ok(Self { url: server.url.clone(), agent: config.build().new_agent(), credential })
    }

    /// Sends a request, and returns the parsed answer.
    pub fn send<T: DeserializeOwned>(&self, method: &str, path: &str, body: Option<Value>) -> Result<T, RemoteError> {
        let unavailable = |reason: String| RemoteError::Unavailable(self.url.to_string(), reason);
        let body = body.map(|it| it.to_string()).unwrap_or_default();
        let request = Request::builder().method(method).uri(self.url.route(path));
        let request = request.header("X-Authentication", self.credential.expose());
        let request = request.header("Content-Type", "application/json").body(body);
        let request = request.map_err(|it| unavailable(it.to_string()))?;
        let mut response = self.agent.run(request).map_err(|it| unavailable(it.to_string()))?;
        let status = response.status();
        let bytes = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        let bytes = bytes.map_err(|it| unavailable(it.to_string()))?;
        if !status.is_success() {
            return Err(self.refused(status, serde_json::from_slice(&bytes).ok()));
        }
        serde_json::from_slice(&bytes)
            .map_err(|_| unavailable(format!("its answer ({status}) is not that of a Jerakia server")))
    }

    fn refused(&self, status: StatusCode, body: Option<Failed>) -> RemoteError {
        let url = self.url.to_string();
        let Some(message) = body.and_then(|it| it.message) else {
            return RemoteError::Unavailable(url, format!("it answers {status}, but not as a Jerakia server does"));
        };
        match (status.as_u16(), message.as_str()) {
            (401, _) => RemoteError::Refused(format!("The server {url} refuses the token of --credential-file")),
            (403, "forbidden") => RemoteError::Refused(format!(
                "The token of --credential-file may not do this on {url}: it needs a grant for tokens:read or tokens:write"
            )),
            (404, "not found") => {
                let reason = "administration over HTTP is off: set server.admin_api to true on that server".into();
                RemoteError::Unavailable(url, reason)
            }
            (400 | 413 | 415, _) => RemoteError::Usage(message),
            (403 | 404 | 409 | 412, _) => RemoteError::Refused(message),
            _ => RemoteError::Unavailable(url, format!("it answers {status}, {message}")),
        }
    }
}

/// The token in a file, alone on its first line.
fn credential(file: &Path) -> anyhow::Result<Secret> {
    // With its final capacity: a buffer that grows leaves copies of the secret behind.
    let mut text = String::with_capacity(MAX_CREDENTIAL as usize + 1);
    File::open(file)?.take(MAX_CREDENTIAL + 1).read_to_string(&mut text)?;
    let end = text.trim_end().len();
    text.truncate(end);
    let text = Secret::from(text);
    if is_token(text.expose()) { Ok(text) } else { Err(UsageError::new(NO_TOKEN).into()) }
}

/// Whether the text can be a token: the server knows which ones are good. Tokens of Jerakia 3
/// have fewer digits than those of this program.
fn is_token(text: &str) -> bool {
    let parts = text.rsplit_once(':').filter(|_| text.len() as u64 <= MAX_CREDENTIAL);
    parts.is_some_and(|(api_id, secret)| {
        let is_secret = !secret.is_empty() && secret.bytes().all(|it| it.is_ascii_graphic());
        is_secret && api_id.parse::<ApiId>().is_ok()
    })
}

/// The certificates of a file, or of the operating system.
fn authorities(file: Option<&Path>) -> Result<Vec<ureq::tls::Certificate<'static>>, UsageError> {
    let found = || CA_FILES.map(Path::new).into_iter().find(|it| it.is_file());
    let none =
        || UsageError::new("no trusted certificates are installed on this system: name a file of them with --ca-file");
    let file = file.or_else(found).ok_or_else(none)?;
    let named = format!("--ca-file {}", file.display());
    let pem = fs::read(file).map_err(UsageError::of(&named))?;
    let certificates = parse_pem(&pem).filter_map(|it| match it {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    });
    let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(UsageError::of(&named))?;
    if certificates.is_empty() { Err(UsageError::of(&named)("it has no PEM certificate")) } else { Ok(certificates) }
}
