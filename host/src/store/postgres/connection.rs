//! One connection to PostgreSQL, with our settings.

use super::Site;
use super::error::Cause;
use crate::clock::BootTime;
use futures_util::TryStreamExt as _;
use std::future::{Future, poll_fn};
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_postgres::error::Severity;
use tokio_postgres::tls::TlsStream;
use tokio_postgres::types::ToSql;
use tokio_postgres::{
    AsyncMessage, Client, IsolationLevel, Row, SimpleQueryMessage, SimpleQueryRow, Socket, Transaction,
};

/// The longest wait for a connection, for each of several hosts.
const CONNECT: Duration = Duration::from_secs(30);

/// The longest wait for the answer to a statement.
pub(super) const STATEMENT: Duration = Duration::from_secs(10);

/// The longest wait for a commit, which may wait for standbys.
const COMMIT: Duration = Duration::from_secs(30);

/// What every session begins with. Locks: nobody waits for longer than servers can do without a
/// renewal. Idle in a transaction: a client that was stopped does not keep its row locks.
const SETTINGS: &str = "SET client_min_messages = warning;
    SET lock_timeout = '2s';
    SET idle_in_transaction_session_timeout = '10s';
    SET default_transaction_isolation = 'read committed';
    SET search_path = pg_catalog;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// An open connection. Its methods block, for a bounded time.
pub(super) struct Connection {
    client: Client,
    shared: Shared,
}

#[derive(Clone)]
struct Shared {
    site: Arc<Site>,
    heard: Arc<Heard>,
}

/// What PostgreSQL says without being asked, and whether it answers.
#[derive(Default)]
struct Heard {
    notifications: AtomicU64,
    warning: Mutex<Option<String>>,
    /// An answer is outstanding, for which nobody waits any more.
    is_behind: AtomicBool,
}

impl Connection {
    /// Opens one. `wake` becomes readable on each notification, and when the connection ends.
    pub(super) fn open(site: &Arc<Site>, wake: Option<Arc<OwnedFd>>) -> Result<Self, Cause> {
        let address = &site.address;
        let connecting = async { address.config.connect(address.tls.clone()).await };
        let (client, connection) = site.runtime.within(CONNECT, connecting)?;
        let heard = Arc::<Heard>::default();
        site.runtime.spawn(drive(connection, heard.clone(), wake));
        let connection = Self { client, shared: Shared { site: site.clone(), heard } };
        connection.message(SETTINGS, STATEMENT)?;
        connection.check()?;
        Ok(connection)
    }

    fn check(&self) -> Result<(), Cause> {
        let sql = "SELECT current_setting('server_version_num')::int, current_setting('server_version'),
            current_setting('server_encoding'), pg_is_in_recovery()";
        let row = self.one(sql, &[])?;
        if row.try_get::<_, i32>(0)? < 130_000 {
            return Err(Cause::TooOld(row.try_get(1)?));
        }
        if row.try_get::<_, &str>(2)? != "UTF8" {
            return Err(Cause::Encoding(row.try_get(2)?));
        }
        if row.try_get(3)? { Err(Cause::ReadOnly) } else { Ok(()) }
    }

    /// Whether it can be used further.
    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed() && !self.shared.heard.is_behind.load(Ordering::Relaxed)
    }

    /// How many notifications have arrived.
    pub(super) fn notifications(&self) -> u64 {
        self.shared.heard.notifications.load(Ordering::Acquire)
    }

    /// Sends statements without parameters in one message, and returns the fields of the last row.
    pub(super) fn message(&self, sql: &str, most: Duration) -> Result<Vec<Option<String>>, Cause> {
        let answers = self.shared.within(most, self.client.simple_query(sql))?;
        let rows = answers.iter().filter_map(|it| match it {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let fields = |row: &SimpleQueryRow| (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect();
        Ok(rows.last().map(fields).unwrap_or_default())
    }

    pub(super) fn rows(&self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, Cause> {
        self.shared.within(STATEMENT, self.client.query(sql, parameters))
    }

    pub(super) fn one(&self, sql: &str, parameters: Parameters<'_>) -> Result<Row, Cause> {
        self.shared.within(STATEMENT, self.client.query_one(sql, parameters))
    }

    pub(super) fn optional(&self, sql: &str, parameters: Parameters<'_>) -> Result<Option<Row>, Cause> {
        self.shared.within(STATEMENT, self.client.query_opt(sql, parameters))
    }

    pub(super) fn execute(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64, Cause> {
        self.shared.within(STATEMENT, self.client.execute(sql, parameters))
    }

    /// Calls `each` with every row as it arrives, for at most `most`.
    pub(super) fn stream(
        &self,
        sql: &str,
        most: Duration,
        mut each: impl FnMut(&Row) -> Result<(), Cause>,
    ) -> Result<(), Cause> {
        let none: [&(dyn ToSql + Sync); 0] = [];
        self.shared.within(most, async {
            let mut rows = pin!(self.client.query_raw(sql, none).await?);
            while let Some(row) = rows.try_next().await? {
                each(&row)?;
            }
            Ok::<_, Cause>(())
        })
    }

    /// Begins a transaction. Dropping it rolls it back.
    pub(super) fn begin(&mut self) -> Result<Work<'_>, Cause> {
        let begin = self.client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start();
        let transaction = self.shared.within(STATEMENT, begin)?;
        Ok(Work { transaction, shared: self.shared.clone() })
    }
}

/// A transaction.
pub(super) struct Work<'a> {
    transaction: Transaction<'a>,
    shared: Shared,
}

impl Work<'_> {
    pub(super) fn rows(&self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, Cause> {
        self.shared.within(STATEMENT, self.transaction.query(sql, parameters))
    }

    pub(super) fn execute(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64, Cause> {
        self.shared.within(STATEMENT, self.transaction.execute(sql, parameters))
    }

    /// Runs statements without parameters.
    pub(super) fn batch(&self, sql: &str) -> Result<(), Cause> {
        self.shared.within(STATEMENT, self.transaction.batch_execute(sql))
    }

    /// Commits it, and returns a time after that.
    ///
    /// A commit that PostgreSQL answers with a warning is not acknowledged: it stopped waiting for
    /// a synchronous standby.
    pub(super) fn commit(self) -> Result<BootTime, Cause> {
        let Self { transaction, shared } = self;
        shared.heard.warning().take();
        let committed = shared.within(COMMIT, transaction.commit());
        let at = BootTime::now();
        match (committed, shared.heard.warning().take()) {
            (Ok(()), None) => Ok(at),
            (Ok(()), Some(warning)) => Err(Cause::NotReplicated(warning)),
            (Err(Cause::Closed(reason)), _) => Err(Cause::Unknown(reason)),
            (Err(Cause::Silent), _) => Err(Cause::Unknown("it did not answer".into())),
            (Err(cause), _) => Err(cause),
        }
    }
}

impl Shared {
    fn within<T, E>(&self, most: Duration, work: impl Future<Output = Result<T, E>>) -> Result<T, Cause>
    where
        Cause: From<E>,
    {
        let done = self.site.runtime.within(most, work);
        if matches!(done, Err(Cause::Silent)) {
            self.heard.is_behind.store(true, Ordering::Relaxed);
        }
        done
    }
}

impl Heard {
    fn warning(&self) -> MutexGuard<'_, Option<String>> {
        self.warning.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Moves messages in both directions until the connection ends. A warning is noted before the
/// answer that follows it is passed on.
async fn drive<T: TlsStream + Unpin>(
    mut connection: tokio_postgres::Connection<Socket, T>,
    heard: Arc<Heard>,
    wake: Option<Arc<OwnedFd>>,
) {
    let wake = || {
        // A nonzero counter makes an eventfd readable.
        wake.as_ref().map(|it| rustix::io::write(it, &1_u64.to_ne_bytes()))
    };
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notification(_)) => {
                heard.notifications.fetch_add(1, Ordering::Release);
                wake();
            }
            Ok(AsyncMessage::Notice(notice)) => {
                tracing::debug!(severity = notice.severity(), "PostgreSQL says: {}", notice.message());
                if notice.parsed_severity() == Some(Severity::Warning) {
                    *heard.warning() = Some(notice.message().to_owned());
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "a connection to PostgreSQL ended");
                break;
            }
        }
    }
    drop(connection);
    wake();
}
