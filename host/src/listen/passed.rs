//! Sockets that systemd opens and passes (sd_listen_fds(3)).

use super::unix::UnixSocket;
use super::{ListenError, Listener, ListeningSocket};
use crate::tls::Certificates;
use listenfd::ListenFd;
use std::env;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use tokio::net::{TcpListener, UnixListener};

/// The name (`FileDescriptorName=`) of sockets that speak TLS.
const TLS: &str = "https";

/// All sockets that were passed to this process.
pub(crate) struct Passed {
    sockets: ListenFd,
    names: Vec<String>,
}

impl Passed {
    /// Takes them from the environment. Call it before there are other threads.
    pub(crate) fn take() -> Self {
        // listenfd removes the other two variables, and does not know this one.
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names = names.split(':').map(ToOwned::to_owned).collect();
        Self { sockets: ListenFd::from_env(), names }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.sockets.len() == 0
    }

    /// Serves them all: in a runtime. A TCP socket whose name is [`TLS`] speaks TLS.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub(crate) fn open(mut self, certificates: Option<&Arc<Certificates>>) -> Result<Vec<Listener>, ListenError> {
        (0..self.sockets.len()).map(|number| self.listener(number, certificates)).collect()
    }

    fn listener(&mut self, number: usize, certificates: Option<&Arc<Certificates>>) -> Result<Listener, ListenError> {
        let name = self.names.get(number).filter(|it| !it.is_empty()).cloned().unwrap_or_else(|| number.to_string());
        let fail = |source| ListenError::Passed { name: name.clone(), source };
        if let Ok(Some(listener)) = self.sockets.take_unix_listener(number) {
            return unix(listener).map_err(fail);
        }
        let missing = || fail(io::Error::other("it is no longer there"));
        let listener = self.sockets.take_tcp_listener(number).map_err(fail)?.ok_or_else(missing)?;
        let certificates = match name.as_str() {
            TLS => Some(certificates.ok_or_else(|| ListenError::NoCertificate(name.clone()))?.clone()),
            _ => None,
        };
        let tcp = || {
            check(&listener)?;
            listener.set_nonblocking(true)?;
            Listener::tcp(TcpListener::from_std(listener)?, certificates, true)
        };
        tcp().map_err(fail)
    }
}

fn unix(listener: std::os::unix::net::UnixListener) -> io::Result<Listener> {
    check(&listener)?;
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let address = listener.local_addr()?;
    let name = address.as_pathname().map_or_else(|| "unix:".into(), |it| format!("unix:{}", it.display()));
    let socket = ListeningSocket::Unix(UnixSocket::passed(listener));
    Ok(Listener { socket, certificates: None, name, is_shared: true })
}

/// `Accept=yes` passes connections.
fn check(socket: impl AsFd) -> io::Result<()> {
    if rustix::net::sockopt::socket_acceptconn(socket)? { Ok(()) } else { Err(io::Error::other("it does not listen")) }
}
