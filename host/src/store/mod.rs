//! The store: what outlives the process. This folder's own files are the interface, the same for
//! each engine; all SQL of the program is in the folders of the engines.
//!
//! | engine | what it is |
//! |---|---|
//! | [`sqlite`] | two files in a directory, for servers and commands on one machine |
//! | [`postgres`] | a PostgreSQL database, for any number of servers and machines |
//!
//! An engine implements three traits, by who uses them: [`ServerStore`] is what a server reads
//! before it decides, [`AdminStore`] what an administrator reads and changes, and [`StateStore`]
//! what servers write: last-seen times and scopes. [`Database`] opens them.
//!
//! Every act is one transaction, durable when the function returns, and a reader sees either
//! all of it or nothing.

mod admin;
mod audit;
mod changes;
mod condition;
mod database;
mod error;
mod filter;
mod import;
mod list;
pub mod postgres;
mod scope;
mod seen;
mod server;
pub mod sqlite;
mod state;
mod transfer;

pub use admin::{AdminStore, Performed, Reach};
pub use audit::{AuditFault, AuditFilter, AuditHead};
pub use changes::{Changes, Position};
pub(crate) use condition::Condition;
pub use database::Database;
pub use error::{ActError, StoreError};
pub use filter::TokenFilter;
pub use import::{Jerakia3Token, NotImportable};
pub use list::Tokens;
pub use scope::{Scope, ScopeKey};
pub use seen::{LastSeen, Seen};
pub use server::{Refresh, ServerStore, Version, View};
pub use state::StateStore;
pub use transfer::{TransferError, Transferred, transfer};

use audit::{AuditCheck, AuditEnds};
use server::Stamp;
