//! This server's membership of the cluster: it listens for changes, reads them into the cache,
//! and renews its lease.

use super::connection::Connection;
use super::error::Cause;
use super::lease::Lease;
use super::renewal::{self, Renewed};
use super::{Site, migrations};
use crate::clock::BootTime;
use crate::log_limit;
use crate::store::{Position, Refresh, StoreError};
use crate::worker::Stop;
use rustix::event::{EventfdFlags, eventfd};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long to wait after a failure before the next attempt.
const RETRY: Duration = Duration::from_millis(200);

/// How many renewals follow one another at once, each because there was a change since the last.
const IN_A_ROW: usize = 4;

/// How long a notification may take at the start.
const NOTIFICATION: Duration = Duration::from_secs(5);

/// A server among those on one database.
pub(super) struct Member {
    pub(super) site: Arc<Site>,
    pub(super) lease: Lease,
    /// For people: the machine and the process.
    name: String,
    address: Mutex<String>,
    /// The connection for listening, reading changes, and renewing the lease.
    line: Mutex<Option<Arc<Connection>>>,
    /// Readable when there is a reason to look: a notification, or the end of the connection.
    wake: Arc<OwnedFd>,
    /// The row's id; none: not registered, or not any more.
    id: Mutex<Option<String>>,
    /// The position that the cache shows.
    position: Mutex<Option<Position>>,
    /// Why the lease does not run.
    reason: Mutex<String>,
}

impl Member {
    pub(super) fn new(site: Arc<Site>, length: Duration) -> Result<Self, Cause> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        let wake = wake.map_err(|it| Cause::Other(std::io::Error::from(it).to_string()))?;
        let machine = rustix::system::uname();
        let name = format!("{} {}", machine.nodename().to_string_lossy(), std::process::id());
        Ok(Self {
            site,
            lease: Lease::new(length),
            name,
            address: Mutex::default(),
            line: Mutex::default(),
            wake: wake.into(),
            id: Mutex::default(),
            position: Mutex::default(),
            reason: Mutex::new("it has not read the tokens yet".into()),
        })
    }

    /// Notes the position that the cache shows.
    pub(super) fn set_position(&self, position: Option<Position>) {
        *locked(&self.position) = position;
    }

    /// Notes where the server listens, for people.
    pub(super) fn set_address(&self, address: &str) {
        *locked(&self.address) = address.into();
        let (id, line) = (locked(&self.id).clone(), locked(&self.line).clone());
        if let (Some(id), Some(line)) = (id, line)
            && let Err(cause) = renewal::set_address(&line, &id, address)
        {
            tracing::debug!(%cause, "the list of servers lacks this one's address");
        }
    }

    /// Why the lease does not run.
    pub(super) fn reason(&self) -> String {
        locked(&self.reason).clone()
    }

    /// Ends the lease at once, since the database has another history than the cache.
    pub(super) fn distrust(&self) {
        self.lease.end();
        let reason = "the journal is not the one that it has read: another database, or an older state of it, has taken over; everything is read again";
        tracing::error!("{}", self.site.error(Cause::NoLease(reason.into())));
        *locked(&self.reason) = reason.into();
    }

    /// The connection that listens; opens it if there is none. The other value: whether it is new,
    /// so that notifications may have been missed.
    pub(super) fn line(&self) -> Result<(Arc<Connection>, bool), Cause> {
        let mut line = locked(&self.line);
        if let Some(open) = line.as_ref().filter(|it| it.is_open()) {
            return Ok((open.clone(), false));
        }
        let new = Arc::new(Connection::open(&self.site, Some(self.wake.clone()))?);
        migrations::check(&new)?;
        new.execute("LISTEN jerakia_tokens", &[])?;
        *line = Some(new.clone());
        Ok((new, true))
    }

    /// Checks that a notification from another connection reaches the one that listens, while that
    /// is idle. A connection pooler can lose it.
    pub(super) fn check_notifications(&self) -> Result<(), Cause> {
        let (line, _) = self.line()?;
        let before = line.notifications();
        let other = self.site.connect()?;
        let sent = BootTime::now();
        other.execute("SELECT pg_notify('jerakia_tokens', $1)", &[&self.name])?;
        self.site.put_back(other);
        while line.notifications() == before {
            if BootTime::now().since(sent) > NOTIFICATION {
                return Err(Cause::Pooler);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Renews the lease until the end of this server.
    pub(super) fn run(&self, stop: &Stop, refresh: &Refresh) {
        let every = self.lease.length() / 3;
        let mut wait = Duration::ZERO;
        while !stop.or_readable_within(Some(self.wake.as_fd()), wait) {
            let is_notified = self.drain();
            wait = match self.cycle(refresh, is_notified) {
                Ok(()) => every,
                Err(error) => {
                    self.fail(&error);
                    RETRY.min(every)
                }
            };
        }
        self.leave();
    }

    /// Reads what there may be to read, and renews the lease. The first renewal after a change is
    /// its acknowledgement.
    pub(super) fn cycle(&self, refresh: &Refresh, is_notified: bool) -> Result<(), StoreError> {
        let fail = |cause| self.site.error(cause);
        let (line, is_new) = self.line().map_err(fail)?;
        if is_notified || is_new {
            refresh()?;
        }
        for _ in 0..IN_A_ROW {
            let id = self.registered(&line).map_err(fail)?;
            let position = locked(&self.position).clone();
            let sent = BootTime::now();
            let Renewed { is_alive, head } =
                renewal::renew(&line, &id, position.as_ref(), self.lease.length()).map_err(fail)?;
            if !is_alive {
                // Acts don't wait for this server any more. Registered anew, it reads before it is
                // granted a lease again.
                self.lease.end();
                *locked(&self.id) = None;
                refresh()?;
                continue;
            }
            if position.as_ref() == Some(&head) {
                self.lease.extend(sent);
                return Ok(());
            }
            if position.is_some_and(|it| !it.can_be_followed_by(&head)) {
                self.distrust();
            }
            refresh()?;
            // Only a cache that has reached the head may be trusted from `sent` on.
            if locked(&self.position).as_ref().is_some_and(|it| head.can_be_followed_by(it) || head == *it) {
                self.lease.extend(sent);
            }
        }
        Ok(()) // there are changes all the time; the notification of the last one is waiting
    }

    /// The id of the row; adds one if there is none.
    fn registered(&self, line: &Connection) -> Result<String, Cause> {
        let mut id = locked(&self.id);
        if let Some(id) = &*id {
            return Ok(id.clone());
        }
        let new = uuid::Uuid::new_v4().simple().to_string();
        renewal::register(line, &new, self.lease.length(), [&self.name, &locked(&self.address)])?;
        Ok(id.insert(new).clone())
    }

    fn fail(&self, error: &StoreError) {
        *locked(&self.reason) = error.to_string();
        if log_limit::OUTAGES.allows() {
            tracing::error!(%error, "can't renew the lease: without one, requests are answered 503");
        }
        // Whatever is wrong, a new connection has none of it.
        *locked(&self.line) = None;
    }

    /// Ends the lease, and says so.
    fn leave(&self) {
        self.lease.end();
        *locked(&self.reason) = "this server is stopping".into();
        let Some(id) = locked(&self.id).take() else { return };
        let Some(line) = locked(&self.line).take().filter(|it| it.is_open()) else { return };
        if let Err(cause) = renewal::leave(&line, &id) {
            tracing::debug!(%cause, "the next act waits for this server's lease");
        }
    }

    fn drain(&self) -> bool {
        let mut counter = [0; 8];
        rustix::io::read(&*self.wake, &mut counter).is_ok()
    }
}

impl Position {
    /// Whether `later` can be a later position of the same journal.
    fn can_be_followed_by(&self, later: &Self) -> bool {
        later.revision > self.revision
    }
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
