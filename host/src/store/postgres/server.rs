//! The database as a server uses it: it decides from memory while its lease runs.

use super::changes::{self, Since};
use super::error::Cause;
use super::member::Member;
use super::state::PostgresState;
use super::{Address, PostgresAdmin, Site};
use crate::clock::BootTime;
use crate::store::server::Stamp;
use crate::store::{AdminStore, Position, Refresh, ServerStore, StateStore, StoreError, Version, View};
use crate::worker::{Liveness, Worker};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A server's connections to a database.
pub struct PostgresServer {
    member: Arc<Member>,
    state: Arc<PostgresState>,
    liveness: Liveness,
}

impl PostgresServer {
    /// Opens the database, creates or migrates its schema, and begins to listen. `lease`: how long
    /// it may decide without hearing from the database.
    ///
    /// # Errors
    /// It can't be used.
    pub fn open(address: &Address, lease: Duration) -> Result<Self, StoreError> {
        let site = Site::open(address)?;
        let fail = |cause| site.error(cause);
        let member = Member::new(site.clone(), lease).map_err(fail)?;
        // Before anything is read: what is committed meanwhile is notified.
        member.check_notifications().map_err(fail)?;
        let state = Arc::new(PostgresState::new(site.clone()));
        Ok(Self { member: member.into(), state, liveness: Liveness::default() })
    }

    fn error(&self, cause: Cause) -> StoreError {
        self.member.site.error(cause)
    }
}

impl ServerStore for PostgresServer {
    fn is_current(&self, now: BootTime) -> Result<bool, StoreError> {
        if self.member.lease.is_running(now) { Ok(true) } else { Err(self.error(Cause::NoLease(self.member.reason()))) }
    }

    fn changes_since(&self, position: Option<&Position>) -> Result<View, StoreError> {
        let Some(position) = position else { return self.everything() };
        let (line, _) = self.member.line().map_err(|it| self.error(it))?;
        match changes::since(&line, position).map_err(|it| self.error(it))? {
            Since::Changes(changes) => {
                Ok(View { version: Version(Stamp::Position(changes.position.clone())), changes })
            }
            Since::Pruned => self.everything(),
            Since::Another => {
                self.member.distrust();
                self.everything()
            }
        }
    }

    /// On a connection of its own, so that renewals don't wait for it.
    fn everything(&self) -> Result<View, StoreError> {
        let site = &self.member.site;
        let read = || {
            let connection = site.connect()?;
            let all = changes::everything(&connection)?;
            site.put_back(connection);
            Ok(all)
        };
        let changes = read().map_err(|it| self.error(it))?;
        Ok(View { version: Version(Stamp::Position(changes.position.clone())), changes })
    }

    fn set_current(&self, version: &Version) {
        if let Stamp::Position(position) = &version.0 {
            self.member.set_position(position.clone());
        }
    }

    fn start(&self, refresh: Refresh) -> Result<Option<Worker>, StoreError> {
        // At once, so that a server which says that it is ready is.
        self.member.cycle(&refresh, true)?;
        let member = self.member.clone();
        let worker = Worker::start("lease", &self.liveness, move |stop| member.run(stop, &refresh));
        worker.map(Some).map_err(|it| self.error(Cause::Other(it.to_string())))
    }

    fn set_address(&self, address: SocketAddr) {
        self.member.set_address(&address.to_string());
    }

    fn administrator(&self) -> Result<Box<dyn AdminStore>, StoreError> {
        Ok(Box::new(PostgresAdmin::of(&self.member.site)?))
    }

    fn state(&self) -> Arc<dyn StateStore> {
        self.state.clone()
    }

    fn rehearse_act(&self) -> Result<(), StoreError> {
        PostgresAdmin::of(&self.member.site)?.rehearse()
    }

    fn liveness(&self) -> &Liveness {
        &self.liveness
    }
}
