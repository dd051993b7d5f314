//! The server: starts everything, serves until it is told to stop, and stops
//! cleanly.

use crate::authenticator::Authenticator;
use crate::guard::{Guard, GuardError};
use crate::http;
use crate::lookup::{self, Engine};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

/// What a server needs to know.
#[derive(Debug)]
pub struct Settings {
    /// Where the token database is.
    pub databasedir: PathBuf,
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port; 0 picks a free one.
    pub port: u16,
    /// How long a full refresh of the cache is trusted.
    pub token_ttl: Duration,
    /// Where policies, data and schemas are.
    pub lookup: lookup::Settings,
}

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The database, or the component.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The address.
    #[error("can't listen on {address}: {error}: choose others with --bind and --port")]
    Bind {
        /// Which one.
        address: SocketAddr,
        /// What is wrong with it.
        error: io::Error,
    },
    /// Threads, signals, and the like.
    #[error("the operating system refuses what a server needs: {0}")]
    System(#[from] io::Error),
}

/// A server that is ready, and has its port.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    guard: Guard,
    engine: Arc<Engine>,
    address: SocketAddr,
}

impl Server {
    /// Opens the database, reads all tokens, and listens.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub fn start(settings: &Settings) -> Result<Self, ServerError> {
        refuse_core_dumps();
        let guard = Guard::open(&settings.databasedir, settings.token_ttl)?;

        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let address = SocketAddr::new(settings.bind, settings.port);
        let bind = |error| ServerError::Bind { address, error };
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let engine = Arc::new(Engine::new(&settings.lookup));
        Ok(Self { runtime, listener, guard, engine, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until SIGTERM or SIGINT. Requests in flight then have ten seconds to
    /// finish, and last-seen times are written.
    ///
    /// # Errors
    /// When the operating system refuses what it needs.
    pub fn run(self) -> Result<(), ServerError> {
        Ok(self.runtime.block_on(serve(self.listener, self.guard.authenticator(), self.engine))?)
    }
}

async fn serve(listener: TcpListener, service: &Arc<Authenticator>, engine: Arc<Engine>) -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! { _ = terminate.recv() => (), _ = interrupt.recv() => () }
        tracing::info!("stopping");
    };
    let routes = http::router(service.clone()).merge(http::lookups(service.clone(), engine));
    http::serve(listener, routes, stop).await;
    Ok(())
}

/// The memory of a server holds what clients have presented. The kernel writes no
/// core file of a process that is not dumpable, and lets no other process of the
/// same user read its memory.
fn refuse_core_dumps() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "core dumps can't be switched off");
    }
}
