//! TLS: a certificate authority, and a client.

use crate::Client;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Issues certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

/// A certificate with its key, both in PEM.
pub struct Identity {
    pub cert: String,
    pub key: String,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate of the host `name`, for servers and clients.
    pub fn issue(&self, name: &str) -> Identity {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { cert, key: key.serialize_pem() }
    }

    /// How a client connects that trusts this authority, has `identity`, and speaks `protocols`.
    pub fn client(&self, identity: Option<&Identity>, protocols: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let mut config = match identity {
            Some(Identity { cert, key }) => {
                let cert = CertificateDer::from_pem_slice(cert.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![cert], PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
            }
            None => Ok(builder.with_no_client_auth()),
        };
        config.as_mut().unwrap().alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Arc::new(config.unwrap())
    }
}

impl Identity {
    /// Writes it to `<name>.crt` and `<name>.key`, for the owner alone, and returns the paths.
    pub fn write(&self, directory: &Path, name: &str) -> [PathBuf; 2] {
        let paths = ["crt", "key"].map(|it| directory.join(name).with_extension(it));
        fs::write(&paths[0], &self.cert).unwrap();
        fs::write(&paths[1], &self.key).unwrap();
        fs::set_permissions(&paths[1], Permissions::from_mode(0o600)).unwrap();
        paths
    }
}

/// A stream with TLS. The handshake happens with the first bytes.
pub type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// Connects to the host `localhost` at `address`.
pub fn encrypted(address: &str, config: &Arc<ClientConfig>) -> TlsStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    encrypt(stream, config)
}

/// TLS on `stream`, with the host `localhost`.
pub fn encrypt(stream: TcpStream, config: &Arc<ClientConfig>) -> TlsStream {
    StreamOwned::new(ClientConnection::new(config.clone(), "localhost".try_into().unwrap()).unwrap(), stream)
}

impl Client<TlsStream> {
    pub fn connect_tls(address: &str, config: &Arc<ClientConfig>) -> Self {
        Self::over(encrypted(address, config))
    }
}
