//! The certificate that the server shows, and the authorities of its clients. Both are replaced
//! while the server runs.

mod files;
mod watch;

pub use files::{Files, TlsError};
pub(crate) use watch::watch;

use files::{Contents, Fingerprint};
use rustls::ServerConfig;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The certificates in force. Connections that exist keep theirs.
pub struct Certificates {
    current: RwLock<Arc<ServerConfig>>,
    source: Mutex<Source>,
    state: Mutex<CertificateState>,
}

/// What to show of the certificates in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateState {
    /// When the first of the certificates in force ends.
    pub expires_at: SystemTime,
    /// How many times new files could not be used since the start, so that the old ones stayed in
    /// force. Files that stay unusable count once.
    pub failed_reloads: u64,
    /// Whether the last one failed.
    pub reload_failed: bool,
}

/// Where the certificates come from.
struct Source {
    files: Files,
    /// What was last read, whether or not it could be used.
    last: Fingerprint,
    /// What was read since, once.
    changed: Option<Fingerprint>,
}

impl Certificates {
    /// Reads the certificates of `files`.
    ///
    /// # Errors
    /// When they can't be used.
    pub fn read(files: Files) -> Result<Self, TlsError> {
        let contents = Contents::read(&files)?;
        let last = Fingerprint::of(&Ok(&contents));
        let (config, expires_at) = contents.parse(&files)?;
        files.warn_if_open();
        warn_if_expired(expires_at);
        Ok(Self {
            current: RwLock::new(Arc::new(config)),
            source: Mutex::new(Source { files, last, changed: None }),
            state: Mutex::new(CertificateState { expires_at, failed_reloads: 0, reload_failed: false }),
        })
    }

    /// The end of the certificates, and failures to replace them.
    #[must_use]
    pub fn state(&self) -> CertificateState {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the certificates again, from `files` from now on. If they can't be used, the old ones
    /// stay in force, and the log says why.
    pub fn reload_from(&self, files: Files) {
        let mut source = self.source();
        source.files = files;
        let contents = Contents::read(&source.files);
        self.replace(&mut source, contents);
    }

    /// Reads the certificates again once the files have other contents, and these have stayed the
    /// same since the last call: a certificate and its key are two files.
    fn reload_if_changed(&self) {
        let mut source = self.source();
        let contents = Contents::read(&source.files);
        let found = Fingerprint::of(&contents.as_ref());
        if found == source.last {
            source.changed = None;
        } else if source.changed.as_ref() == Some(&found) {
            self.replace(&mut source, contents);
        } else {
            source.changed = Some(found);
        }
    }

    /// What clients or the next restart will meet, in words that name no file; none: all is well.
    pub(crate) fn trouble(&self) -> Option<&'static str> {
        let state = self.state();
        if state.expires_at <= SystemTime::now() {
            return Some("the certificate has expired");
        }
        state.reload_failed.then_some("the new certificate can't be used")
    }

    /// How a new connection is encrypted.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, source: &mut Source, contents: Result<Contents, TlsError>) {
        source.last = Fingerprint::of(&contents.as_ref());
        source.changed = None;
        let parsed = contents.and_then(|it| it.parse(&source.files));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.reload_failed = parsed.is_err();
        match parsed {
            Ok((config, expires_at)) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                state.expires_at = expires_at;
                tracing::info!(expires_at = %time(expires_at), "the certificate was read again");
                source.files.warn_if_open();
                warn_if_expired(expires_at);
            }
            Err(error) => {
                state.failed_reloads += 1;
                tracing::error!(%error, "the new certificate can't be used; the old one stays in force");
            }
        }
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn warn_if_expired(expires_at: SystemTime) {
    if expires_at <= SystemTime::now() {
        tracing::warn!(expires_at = %time(expires_at), "the certificate has expired: clients will refuse it");
    }
}

fn time(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let time = i64::try_from(seconds).ok().and_then(|it| jiff::Timestamp::from_second(it).ok());
    time.map_or_else(|| seconds.to_string(), |it| it.to_string())
}
