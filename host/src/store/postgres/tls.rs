//! TLS to PostgreSQL: the server's certificate is always checked, with its host name.

use super::address::BadAddress;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where systems have the certificates of the authorities that they trust.
const AUTHORITIES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/// Checks a server's certificate with those in `roots`, or with the system's; shows `own`
/// (certificate, key) to a server that asks.
pub(super) fn verified(roots: Option<&Path>, own: Option<&[PathBuf; 2]>) -> Result<MakeRustlsConnect, BadAddress> {
    let system = || AUTHORITIES.iter().map(Path::new).find(|it| it.is_file()).ok_or(BadAddress::NoAuthorities);
    let file = roots.map_or_else(system, Ok)?;
    let mut store = RootCertStore::empty();
    let (_, unusable) = store.add_parsable_certificates(certificates(file)?);
    if store.is_empty() {
        return Err(BadAddress::TlsFile { path: file.to_owned(), error: "it has no certificate".into() });
    }
    if unusable > 0 {
        tracing::debug!(file = %file.display(), unusable, "certificates are left out");
    }
    let builder = builder()?.with_root_certificates(store);
    let Some([certificate, key]) = own else { return Ok(MakeRustlsConnect::new(builder.with_no_client_auth())) };
    let secret = PrivateKeyDer::from_pem_file(key)
        .map_err(|it| BadAddress::TlsFile { path: key.clone(), error: it.to_string() })?;
    let config = builder.with_client_auth_cert(certificates(certificate)?, secret);
    Ok(MakeRustlsConnect::new(
        config.map_err(|it| BadAddress::TlsFile { path: certificate.clone(), error: it.to_string() })?,
    ))
}

/// For connections without TLS: it trusts nobody.
pub(super) fn unused() -> MakeRustlsConnect {
    let none = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let none = none
        .with_safe_default_protocol_versions()
        .map(|it| it.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    #[expect(clippy::expect_used, reason = "the provider has the default versions of TLS")]
    MakeRustlsConnect::new(none.expect("ring supports TLS 1.2 and 1.3"))
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, BadAddress> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|it| BadAddress::Malformed(it.to_string()))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, BadAddress> {
    let fail =
        |error: rustls::pki_types::pem::Error| BadAddress::TlsFile { path: file.to_owned(), error: error.to_string() };
    CertificateDer::pem_file_iter(file).map_err(fail)?.collect::<Result<_, _>>().map_err(fail)
}
