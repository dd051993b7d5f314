//! The server: starts everything, serves until SIGTERM or SIGINT, shuts down gracefully.

use crate::admin::GivenToken;
use crate::cache::Cache;
use crate::descriptors;
use crate::guard::{Guard, GuardError};
use crate::http::{
    self, ConnectionLimits, Connections, LookupLimits, METRICS_LIMITS, ProxyFamily, Traffic, TrustedProxy,
};
use crate::lookup::{self, Engine};
use crate::metrics::{Elsewhere, Metrics};
use crate::model::ExpiryPolicy;
use crate::scope::Scopes;
use crate::service_manager;
use crate::store::Database;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Connections that wait to be accepted.
const MAX_BACKLOG: u32 = 4096;

/// The settings of a server.
#[derive(Debug)]
pub struct Settings {
    /// Where the tokens are.
    pub database: Database,
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port; 0 picks a free one.
    pub port: u16,
    /// How long a full refresh of the cache is trusted.
    pub token_ttl: Duration,
    /// Limits of connections.
    pub limits: ConnectionLimits,
    /// Where policies, data and schemas are.
    pub lookup: lookup::Settings,
    /// How much of the server lookups and scope data may take.
    pub lookup_limits: LookupLimits,
    /// Proxies whose headers are believed.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// The proxies that request `/v1/authorize`, by the headers in which they describe requests.
    pub forward_auth: Option<ProxyFamily>,
    /// Tokens that are good while it runs. A stored token of the same API ID decides.
    pub unstored: Vec<GivenToken>,
    /// Whether tokens can administer others over HTTP.
    pub admin_api: bool,
    /// The rules for the ends of tokens that are created over HTTP.
    pub expiry: ExpiryPolicy,
    /// Where to serve metrics; none: nowhere.
    pub metrics: Option<SocketAddr>,
    /// How many lines of the log were lost since the start.
    pub log_lines_lost: fn() -> u64,
}

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The database, or the component.
    #[error("{0}")]
    Guard(#[from] GuardError),
    /// The address.
    #[error("can't listen on {address}: {source}: choose others with --bind and --port")]
    Bind {
        /// Which one.
        address: SocketAddr,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The address for metrics.
    #[error("can't serve metrics on {address}: {source}: choose another with --metrics")]
    Metrics {
        /// Which one.
        address: SocketAddr,
        /// What is wrong with it.
        source: io::Error,
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
    lookup_limits: LookupLimits,
    trusted_proxies: Vec<TrustedProxy>,
    forward_auth: Option<ProxyFamily>,
    admin_api: bool,
    expiry: ExpiryPolicy,
    address: SocketAddr,
    hangup: Signal,
    limits: ConnectionLimits,
    terminate: Signal,
    interrupt: Signal,
    metrics: Option<TcpListener>,
    log_lines_lost: fn() -> u64,
}

impl Server {
    /// Opens the database, reads all tokens, and listens.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub fn start(settings: &Settings) -> Result<Self, ServerError> {
        refuse_core_dumps();
        let connections = descriptors::for_connections(settings.limits.connections);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        // As soon as there is a runtime: unhandled, SIGHUP ends a process.
        let hangup = runtime.block_on(async { signal(SignalKind::hangup()) })?;
        let unstored = settings.unstored.iter().map(|it| (it.api_id.clone(), it.digest)).collect();
        let guard = Guard::open_with(&settings.database, unstored, settings.token_ttl, settings.metrics.is_some())?;
        report_unstored(&settings.unstored, guard.authenticator().cache());

        // From here on, before anybody knows that it listens, a signal stops it cleanly.
        let context = runtime.enter();
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let address = SocketAddr::new(settings.bind, settings.port);
        let bind = |source| ServerError::Bind { address, source };
        let listener = listen(address).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let metrics = settings.metrics.map(listen_for_metrics).transpose()?;
        drop(context);
        let engine = Arc::new(Engine::new(&settings.lookup));
        let limits = ConnectionLimits { connections, ..settings.limits };
        Ok(Self {
            runtime,
            listener,
            guard,
            engine,
            lookup_limits: settings.lookup_limits,
            trusted_proxies: settings.trusted_proxies.clone(),
            forward_auth: settings.forward_auth,
            admin_api: settings.admin_api,
            expiry: settings.expiry,
            address,
            hangup,
            limits,
            terminate,
            interrupt,
            metrics,
            log_lines_lost: settings.log_lines_lost,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves metrics; none if nowhere.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref()?.local_addr().ok()
    }

    /// Serves until SIGTERM or SIGINT; then ends as [`http::serve`] does, and writes
    /// last-seen times. Each SIGHUP calls `on_hangup`, which must not block.
    pub fn run(self, on_hangup: impl Fn() + Send + 'static) {
        let Self {
            runtime,
            listener,
            guard,
            engine,
            limits,
            lookup_limits,
            trusted_proxies,
            forward_auth,
            admin_api,
            expiry,
            mut hangup,
            mut terminate,
            mut interrupt,
            metrics,
            log_lines_lost,
            ..
        } = self;
        runtime.spawn(async move {
            while hangup.recv().await.is_some() {
                service_manager::reloading();
                on_hangup();
                service_manager::ready();
            }
        });
        let stop = async move {
            tokio::select! { _ = terminate.recv() => (), _ = interrupt.recv() => () }
            tracing::info!("stopping");
            service_manager::stopping(limits.shutdown_delay + limits.shutdown_grace);
        };
        let authenticator = guard.authenticator();
        runtime.spawn(service_manager::watch(authenticator.clone()));
        let scopes = Scopes::new(authenticator.cache().store().state(), lookup_limits.scopes);
        let traffic = Traffic::new(lookup_limits);
        let lookups = http::lookups(authenticator.clone(), engine, scopes, &traffic);
        let routes = http::router(authenticator.clone(), forward_auth).merge(lookups);
        let routes = routes.merge(http::administration(authenticator.clone(), expiry, admin_api, &traffic));
        let counts = traffic.connections.clone();
        if let Some(listener) = metrics {
            let elsewhere = Elsewhere { log_lines_lost, max_connections: limits.connections };
            runtime.spawn(serve_metrics(listener, Metrics::of(authenticator, traffic, elsewhere)));
        }
        service_manager::ready();
        runtime.block_on(http::serve(listener, routes, limits, &trusted_proxies, &counts, stop));
    }
}

/// Until the server has ended, so that its shutdown can be seen.
async fn serve_metrics(listener: TcpListener, metrics: Metrics) {
    let (routes, counts) = (http::metrics(metrics.into()), Connections::default());
    http::serve(listener, routes, METRICS_LIMITS, &[], &counts, std::future::pending()).await;
}

fn listen_for_metrics(address: SocketAddr) -> Result<TcpListener, ServerError> {
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "everybody who reaches this address can read metrics: they have no API IDs and no secrets");
    }
    listen(address).map_err(|source| ServerError::Metrics { address, source })
}

fn report_unstored(tokens: &[GivenToken], cache: &Cache) {
    for GivenToken { api_id, .. } in tokens {
        if cache.with(api_id, |it| it.is_some_and(|it| it.record().id != 0)) {
            tracing::warn!(%api_id, "the database has a token of this API ID, which decides; the one in the settings is not good");
        }
    }
    if !tokens.is_empty() {
        tracing::info!(count = tokens.len(), "tokens that are not stored are good while this server runs");
    }
}

/// A client whose connection does not fit in the queue tries again after a second. So the
/// queue is as long as the kernel allows (net.core.somaxconn), up to [`MAX_BACKLOG`].
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?; // a restarted server need not wait for the last one's connections
    socket.bind(address)?;
    socket.listen(MAX_BACKLOG)
}

/// A server's memory holds credentials. The kernel writes no core file of a process that is not
/// dumpable, and keeps other processes of the same user from reading its memory.
fn refuse_core_dumps() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "core dumps can't be switched off");
    }
}
