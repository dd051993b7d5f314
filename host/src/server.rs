//! The server: starts everything, serves until SIGTERM or SIGINT, shuts down gracefully.

mod controls;

pub use controls::Controls;

use crate::admin::GivenToken;
use crate::cache::Cache;
use crate::guard::{Guard, GuardError};
use crate::http::{
    self, ConnectionLimits, Connections, LookupLimits, METRICS_LIMITS, ProxyFamily, Rules, Traffic, TrustedProxy,
};
use crate::listen::{self, Address, ListenError, Listener, Passed};
use crate::lookup::{self, Engine};
use crate::metrics::{Elsewhere, Metrics};
use crate::model::ExpiryPolicy;
use crate::scope::Scopes;
use crate::service_manager;
use crate::store::Database;
use crate::tls::{self, Certificates, TlsError};
use crate::worker::Worker;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// The settings of a server.
#[derive(Debug)]
pub struct Settings {
    /// Where the tokens are.
    pub database: Database,
    /// The addresses to listen on, beside the sockets that systemd passes.
    pub listen: Vec<Address>,
    /// Whether `listen` counts only when systemd passes no socket.
    pub listen_is_default: bool,
    /// The group of Unix sockets, by its number; none for that of the process.
    pub socket_group: Option<u32>,
    /// The certificate for TLS.
    pub tls: Option<tls::Files>,
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
    /// An address.
    #[error("{0}")]
    Listen(#[from] ListenError),
    /// The certificate.
    #[error("{0}: see server.tls_cert, server.tls_key and server.tls_client_ca")]
    Tls(#[from] TlsError),
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

/// A server that is ready, and has its addresses.
pub struct Server {
    runtime: Runtime,
    listeners: Vec<Listener>,
    rules: watch::Receiver<Rules>,
    controls: Controls,
    watch: Option<Worker>,
    guard: Guard,
    engine: Arc<Engine>,
    lookup_limits: LookupLimits,
    forward_auth: Option<ProxyFamily>,
    admin_api: bool,
    expiry: ExpiryPolicy,
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    metrics: Option<Listener>,
    log_lines_lost: fn() -> u64,
}

impl Server {
    /// Opens the database, reads all tokens, and listens.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub fn start(settings: &Settings) -> Result<Self, ServerError> {
        refuse_core_dumps();
        let passed = Passed::take();
        let rules = controls::rules(settings.limits, &settings.trusted_proxies);
        let certificates = settings.tls.clone().map(Certificates::read).transpose()?.map(Arc::new);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        // As soon as there is a runtime: unhandled, SIGHUP ends a process.
        let hangup = runtime.block_on(async { signal(SignalKind::hangup()) })?;
        let unstored = settings.unstored.iter().map(|it| (it.api_id.clone(), it.digest)).collect();
        let guard = Guard::open_with(&settings.database, unstored, settings.token_ttl, settings.metrics.is_some())?;
        report_unstored(&settings.unstored, guard.authenticator().cache());

        // From here on, before anybody knows that it listens, a signal stops it cleanly.
        let context = runtime.enter();
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let listeners = listen(settings, passed, certificates.as_ref())?;
        if let Some(address) = listeners.iter().find_map(Listener::socket_address) {
            guard.authenticator().cache().store().set_address(address);
        }
        let metrics = settings.metrics.map(listen_for_metrics).transpose()?;
        drop(context);
        let engine = Arc::new(Engine::new(&settings.lookup));
        let (sender, rules) = watch::channel(rules);
        Ok(Self {
            runtime,
            listeners,
            rules,
            watch: certificates.clone().map(tls::watch).transpose()?,
            controls: Controls::new(sender, certificates),
            guard,
            engine,
            lookup_limits: settings.lookup_limits,
            forward_auth: settings.forward_auth,
            admin_api: settings.admin_api,
            expiry: settings.expiry,
            hangup,
            terminate,
            interrupt,
            metrics,
            log_lines_lost: settings.log_lines_lost,
        })
    }

    /// Where it listens.
    pub fn listeners(&self) -> impl Iterator<Item = &Listener> {
        self.listeners.iter()
    }

    /// Changes it while it runs.
    #[must_use]
    pub fn controls(&self) -> Controls {
        self.controls.clone()
    }

    /// Where it serves metrics; none if nowhere.
    #[must_use]
    pub fn metrics_address(&self) -> Option<&Listener> {
        self.metrics.as_ref()
    }

    /// Serves until SIGTERM or SIGINT; then ends as [`http::serve`] does, and writes
    /// last-seen times. Each SIGHUP calls `on_hangup`, on a thread that may block; several that
    /// come while it runs call it once more.
    pub fn run(self, on_hangup: impl Fn() + Send + Sync + 'static) {
        let Self {
            runtime,
            listeners,
            rules,
            controls,
            watch: _watch,
            guard,
            engine,
            lookup_limits,
            forward_auth,
            admin_api,
            expiry,
            mut hangup,
            mut terminate,
            mut interrupt,
            metrics,
            log_lines_lost,
        } = self;
        let on_hangup = Arc::new(on_hangup);
        runtime.spawn(async move {
            while hangup.recv().await.is_some() {
                let on_hangup = on_hangup.clone();
                service_manager::reloading();
                if tokio::task::spawn_blocking(move || on_hangup()).await.is_err() {
                    tracing::error!("SIGHUP was not acted upon; see the error before this one");
                }
                service_manager::ready();
            }
        });
        let stopping = rules.clone();
        let stop = async move {
            tokio::select! { _ = terminate.recv() => (), _ = interrupt.recv() => () }
            tracing::info!("stopping");
            let limits = stopping.borrow().limits;
            service_manager::stopping(limits.shutdown_delay + limits.shutdown_grace);
        };
        let authenticator = guard.authenticator();
        let certificates = controls.certificates.clone();
        let scopes = Scopes::new(authenticator.cache().store().state(), lookup_limits.scopes);
        let traffic = Traffic::new(lookup_limits);
        let lookups = http::lookups(authenticator.clone(), engine, scopes, &traffic);
        let routes = http::router(authenticator.clone(), forward_auth, certificates.clone()).merge(lookups);
        let routes = routes.merge(http::administration(authenticator.clone(), expiry, admin_api, &traffic));
        let counts = traffic.connections.clone();
        if let Some(listener) = metrics {
            let max_connections = rules.borrow().limits.connections;
            let certificates = certificates.clone();
            let elsewhere = Elsewhere { log_lines_lost, max_connections, certificates };
            runtime.spawn(serve_metrics(listener, Metrics::of(authenticator, traffic, elsewhere)));
        }
        service_manager::ready();
        runtime.spawn(service_manager::watch(authenticator.clone(), certificates));
        runtime.block_on(http::serve(listeners, routes, rules, &counts, stop));
    }
}

/// Until the server has ended, so that its shutdown can be seen.
async fn serve_metrics(listener: Listener, metrics: Metrics) {
    let (routes, counts) = (http::metrics(metrics.into()), Connections::default());
    let (_, rules) = watch::channel(Rules { limits: METRICS_LIMITS, trusted_proxies: [].into() });
    http::serve(vec![listener], routes, rules, &counts, std::future::pending()).await;
}

fn listen_for_metrics(address: SocketAddr) -> Result<Listener, ServerError> {
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "everybody who reaches this address can read metrics: they have no API IDs and no secrets");
    }
    let listener = listen::bound(address).and_then(Listener::http);
    listener.map_err(|source| ServerError::Metrics { address, source })
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

fn listen(
    settings: &Settings,
    passed: Passed,
    certificates: Option<&Arc<Certificates>>,
) -> Result<Vec<Listener>, ListenError> {
    let replaced = settings.listen_is_default && !passed.is_empty();
    let addresses = if replaced { &[][..] } else { &settings.listen };
    let mut listeners = passed.open(certificates)?;
    for address in addresses {
        listeners.push(Listener::open(address, settings.socket_group, certificates)?);
    }
    listeners.iter().for_each(Listener::warn_if_readable);
    Ok(listeners)
}

/// A server's memory holds credentials. The kernel writes no core file of a process that is not
/// dumpable, and keeps other processes of the same user from reading its memory.
fn refuse_core_dumps() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "core dumps can't be switched off");
    }
}
