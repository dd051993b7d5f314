//! Where the server listens: TCP, with TLS or without, Unix sockets, and sockets of systemd.

mod address;
mod passed;
mod unix;

pub use address::Address;
pub(crate) use passed::Passed;

use crate::tls::Certificates;
use socket2::{Domain, Protocol, Socket, Type};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use unix::{Busy, UnixSocket};

/// Connections that wait to be accepted. A client whose connection does not fit in the queue tries
/// again after a second. So the queue is as long as the kernel allows (net.core.somaxconn), up
/// to this.
const MAX_BACKLOG: i32 = 4096;

/// Why the server can't listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address.
    #[error("can't listen on {address}: {source}: choose another with server.listen, or with --bind and --port")]
    Address {
        /// Which one.
        address: Address,
        /// What is wrong with it.
        source: io::Error,
    },
    /// Another process listens there.
    #[error("can't listen on {0}: another process listens there: stop it, or choose another path")]
    Lives(Address),
    /// The path is taken.
    #[error("can't listen on {0}: there is something else than a socket: remove it, or choose another path")]
    NoSocket(Address),
    /// `https://` without a certificate.
    #[error("can't listen on {0}: set server.tls_cert and server.tls_key")]
    NoCertificate(String),
    /// systemd passed a file descriptor that can't be used.
    #[error("can't use the socket that systemd passes as {name:?}: {source}: use ListenStream= in the socket unit")]
    Passed {
        /// Its name, or its number.
        name: String,
        /// What is wrong with it.
        source: io::Error,
    },
}

/// A socket on which the server accepts connections.
pub struct Listener {
    pub(crate) socket: ListeningSocket,
    /// None without TLS.
    pub(crate) certificates: Option<Arc<Certificates>>,
    name: String,
    /// systemd has the socket open, too: it outlives this process, and its queue is not lost.
    pub(crate) is_shared: bool,
}

/// Its kind.
pub(crate) enum ListeningSocket {
    Tcp(TcpListener),
    Unix(UnixSocket),
}

/// `http://127.0.0.1:9843`, `https://…` or `unix:…`.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Listener {
    /// The address of a TCP socket.
    pub(crate) fn socket_address(&self) -> Option<SocketAddr> {
        match &self.socket {
            ListeningSocket::Tcp(listener) => listener.local_addr().ok(),
            ListeningSocket::Unix(_) => None,
        }
    }

    /// Warns if tokens can be read on their way here.
    pub(crate) fn warn_if_readable(&self) {
        let Some(address) = self.socket_address() else { return };
        if self.certificates.is_none() && !address.ip().to_canonical().is_loopback() {
            tracing::warn!(
                "{self} is not encrypted: on the way to it tokens can be read; listen on https://, or put a proxy with TLS in front"
            );
        }
    }

    /// Serves HTTP without TLS on `listener`.
    ///
    /// # Errors
    /// When the socket has no address.
    pub fn http(listener: TcpListener) -> io::Result<Self> {
        Self::tcp(listener, None, false)
    }

    /// Listens on `address`: in a runtime. `group` is that of a Unix socket.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub(crate) fn open(
        address: &Address,
        group: Option<u32>,
        certificates: Option<&Arc<Certificates>>,
    ) -> Result<Self, ListenError> {
        let fail = |source| ListenError::Address { address: address.clone(), source };
        match address {
            Address::Http(at) => Self::tcp(bound(*at).map_err(fail)?, None, false).map_err(fail),
            Address::Https(at) => {
                let missing = || ListenError::NoCertificate(address.to_string());
                let certificates = certificates.ok_or_else(missing)?.clone();
                Self::tcp(bound(*at).map_err(fail)?, Some(certificates), false).map_err(fail)
            }
            Address::Unix(path) => {
                let socket = UnixSocket::bind(path, group).map_err(|busy| match busy {
                    Busy::Lives => ListenError::Lives(address.clone()),
                    Busy::NoSocket => ListenError::NoSocket(address.clone()),
                    Busy::System(source) => fail(source),
                })?;
                let socket = ListeningSocket::Unix(socket);
                Ok(Self { socket, certificates: None, name: address.to_string(), is_shared: false })
            }
        }
    }

    fn tcp(listener: TcpListener, certificates: Option<Arc<Certificates>>, is_shared: bool) -> io::Result<Self> {
        let at = listener.local_addr()?;
        let address = if certificates.is_some() { Address::Https(at) } else { Address::Http(at) };
        Ok(Self { socket: ListeningSocket::Tcp(listener), certificates, name: address.to_string(), is_shared })
    }
}

/// A TCP socket that listens on `address`: in a runtime.
///
/// # Errors
/// When the address can't be used.
pub(crate) fn bound(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?; // a restarted server need not wait for the last one's connections
    socket.bind(&address.into())?;
    socket.listen(MAX_BACKLOG)?;
    TcpListener::from_std(socket.into())
}
