//! Reads certificates and keys.

use rustix::fs::OFlags;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// The longest file, in bytes.
const MAX_LEN: u64 = 1 << 20;

/// In the order of our preference (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Files in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The server's certificate, followed by those of intermediate authorities.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities of clients. With them, a client needs a certificate; CRLs are not checked.
    pub client_ca: Option<PathBuf>,
}

/// Why certificates can't be used. Never quotes a file.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file can't be read.
    #[error("{} can't be read: {error}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file's contents can't be used.
    #[error("{} can't be used: {reason}", path.display())]
    Unusable {
        /// Which one.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Files {
    /// Warns if others than the owner of the key and its group can read it.
    pub(super) fn warn_if_open(&self) {
        let mode = fs::metadata(&self.key).map_or(0, |it| it.permissions().mode() & 0o777);
        if mode & 0o027 != 0 {
            let path = self.key.display();
            tracing::warn!(
                "{path} has the server's private key and is open to other users (mode {mode:04o}): run `chmod 0640 {path}`"
            );
        }
    }
}

/// What the files contain.
pub(super) struct Contents {
    cert: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
    client_ca: Option<Vec<u8>>,
}

/// Distinguishes the results of reading.
#[derive(PartialEq, Eq)]
pub(super) struct Fingerprint(Result<[u8; 32], String>);

impl Fingerprint {
    pub(super) fn of(read: &Result<&Contents, &TlsError>) -> Self {
        Self(match read {
            Ok(contents) => {
                let mut hash = Sha256::new();
                for part in [Some(&contents.cert), Some(&*contents.key), contents.client_ca.as_ref()] {
                    hash.update(part.map_or(0, |it| it.len() as u64 + 1).to_le_bytes());
                    hash.update(part.map_or(&[][..], |it| it));
                }
                Ok(hash.finalize().into())
            }
            Err(error) => Err(error.to_string()),
        })
    }
}

impl Contents {
    pub(super) fn read(files: &Files) -> Result<Self, TlsError> {
        Ok(Self {
            cert: read(&files.cert)?,
            key: read(&files.key)?.into(),
            client_ca: files.client_ca.as_deref().map(read).transpose()?,
        })
    }

    /// How to encrypt connections, and when the first of the server's certificates ends.
    pub(super) fn parse(&self, files: &Files) -> Result<(ServerConfig, SystemTime), TlsError> {
        let unusable = |path: &Path, reason: &str| TlsError::Unusable { path: path.into(), reason: reason.into() };
        let chain = certificates(&self.cert).map_err(|it| unusable(&files.cert, it))?;
        let ends = chain.iter().map(|it| end(it).ok_or("it has a malformed certificate"));
        let ends = ends.collect::<Result<Vec<_>, _>>().map_err(|it| unusable(&files.cert, it))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| {
            unusable(&files.key, "it has no private key in PEM; a key with a passphrase has to be decrypted")
        })?;
        let provider = Arc::new(ring::default_provider());
        // TLS 1.2 and 1.3: rustls has no others.
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let builder = builder.map_err(|it| unusable(&files.cert, &it.to_string()))?;
        let builder = match (&self.client_ca, &files.client_ca) {
            (Some(pem), Some(path)) => {
                let fail = |it: &str| unusable(path, it);
                let mut roots = RootCertStore::empty();
                for authority in certificates(pem).map_err(fail)? {
                    roots.add(authority).map_err(|it| fail(&it.to_string()))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|it| fail(&it.to_string()))?)
            }
            _ => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(chain, key);
        let mut config = config
            .map_err(|it| unusable(&files.key, &format!("{it}; it must be the key of {}", files.cert.display())))?;
        config.alpn_protocols = PROTOCOLS.map(Into::into).into();
        Ok((config, ends.into_iter().min().unwrap_or(UNIX_EPOCH)))
    }
}

/// At least one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
        Err(_) => Err("it is not valid PEM"),
        Ok(none) if none.is_empty() => Err("it has no certificate in PEM"),
        Ok(some) => Ok(some),
    }
}

/// When a certificate ends.
fn end(certificate: &[u8]) -> Option<SystemTime> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let seconds = certificate.validity().not_after.timestamp();
    Some(UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap_or_default()))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let fail = |error| TlsError::Unreadable { path: path.into(), error };
    // Without waiting: nobody may ever write to a FIFO.
    let options = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path);
    let file = options.map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    if !metadata.is_file() {
        return Err(TlsError::Unusable { path: path.into(), reason: "it is not a file".into() });
    }
    let length = metadata.len();
    // With its final capacity: a buffer that grows leaves copies of a key behind.
    let mut contents = Vec::with_capacity(usize::try_from(length.min(MAX_LEN)).unwrap_or_default() + 1);
    file.take(MAX_LEN + 1).read_to_end(&mut contents).map_err(fail)?;
    if contents.len() as u64 > MAX_LEN {
        return Err(TlsError::Unusable { path: path.into(), reason: format!("it has more than {MAX_LEN} bytes") });
    }
    Ok(contents)
}
