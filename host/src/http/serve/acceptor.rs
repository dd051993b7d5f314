//! Accepts the connections of one listener, until the server stops.

use super::clients::{Clients, Origin};
use super::connection::{Connections, Transport};
use super::{backlog, connection};
use crate::listen::{Listener, ListeningSocket};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout};

/// How long to wait after `accept` failed, usually because no descriptor is free.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a closing listener waits for a connection whose handshake is in progress.
const HANDSHAKE: Duration = Duration::from_millis(50);

/// How long a closing listener still accepts connections in total.
const DRAIN: Duration = Duration::from_secs(1);

/// A listener, and where its connections go.
pub(super) struct Acceptor {
    pub(super) listener: Listener,
    pub(super) connections: Arc<Connections>,
    pub(super) clients: Arc<Clients>,
}

impl Acceptor {
    /// Accepts until the connections are closing. Then accepts those that have begun, so that
    /// none is reset, and closes the listener.
    pub(super) async fn run(self, mut closing: connection::Closing) {
        loop {
            let (transport, origin) = tokio::select! {
                accepted = self.accept() => accepted,
                () = closing.begins() => break,
            };
            let seat = self.clients.admit(origin).await;
            self.connections.spawn(transport, self.listener.certificates.as_deref(), seat);
        }
        // A socket of systemd keeps its queue, for the next server.
        if !self.listener.is_shared {
            self.drain().await;
        }
    }

    async fn drain(&self) {
        backlog::refuse_more(&self.listener.socket);
        let last = Instant::now() + DRAIN;
        while Instant::now() < last
            && let Some((transport, origin)) = self.queued().await
        {
            match timeout(self.connections.limits().shutdown_grace, self.clients.admit(origin)).await {
                Ok(seat) => self.connections.spawn(transport, self.listener.certificates.as_deref(), seat),
                Err(_) => break,
            }
        }
    }

    /// The next connection of a listener that refuses more.
    async fn queued(&self) -> Option<(Transport, Origin)> {
        match &self.listener.socket {
            ListeningSocket::Tcp(_) => timeout(HANDSHAKE, self.accept()).await.ok(),
            ListeningSocket::Unix(socket) => of_user(socket.queued().ok()?).ok(),
        }
    }

    async fn accept(&self) -> (Transport, Origin) {
        loop {
            match self.try_accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    tracing::warn!(%error, "can't accept a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn try_accept(&self) -> io::Result<(Transport, Origin)> {
        Ok(match &self.listener.socket {
            ListeningSocket::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                (Transport::Tcp(stream, address), Origin::at(address.ip()))
            }
            ListeningSocket::Unix(socket) => of_user(socket.listener.accept().await?.0)?,
        })
    }
}

fn of_user(stream: UnixStream) -> io::Result<(Transport, Origin)> {
    let user = stream.peer_cred()?.uid();
    Ok((Transport::Unix(stream), Origin::User(user)))
}
