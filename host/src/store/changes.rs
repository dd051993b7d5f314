//! What a server's cache reads and writes: what changed since a revision, all
//! there is, and when tokens were last seen.

use super::{Store, StoreError, acts::status};
use crate::model::TokenRecord;
use rusqlite::{Row, Transaction, TransactionBehavior, params};

/// A token as a server needs it.
#[derive(Debug, PartialEq, Eq)]
pub struct CachedRow {
    /// Never given to another token, even with the same API ID.
    pub id: i64,
    /// The key it is looked for by.
    pub api_id: String,
    /// What the decision is made on.
    pub known: TokenRecord,
}

/// A consistent view of the database, or of what is new in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Changes {
    /// The revision that this leads to.
    pub revision: i64,
    /// Tokens that are new or have changed.
    pub rows: Vec<CachedRow>,
    /// API IDs of tokens that were deleted.
    pub deleted: Vec<String>,
}

const COLUMNS: &str = "SELECT id, api_id, digest, active FROM token";

impl Store {
    /// All tokens.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn everything(&self) -> Result<Changes, StoreError> {
        self.read(|act, revision| {
            let rows = act.prepare_cached(COLUMNS)?.query_map([], cached_row)?.collect::<Result<_, _>>()?;
            Ok(Changes { revision, rows, deleted: Vec::new() })
        })
    }

    /// What changed after revision `since`; none when the database is at an earlier
    /// revision, which means that an older copy was put in its place.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn changes_since(&self, since: i64) -> Result<Option<Changes>, StoreError> {
        self.read(|act, revision| {
            if revision < since {
                return Ok(None);
            }
            let mut changes = Changes { revision, rows: Vec::new(), deleted: Vec::new() };
            if revision > since {
                let sql = format!("{COLUMNS} WHERE revision > ?1");
                changes.rows = act.prepare_cached(&sql)?.query_map([since], cached_row)?.collect::<Result<_, _>>()?;
                let sql = "SELECT api_id FROM tombstone WHERE revision > ?1";
                changes.deleted =
                    act.prepare_cached(sql)?.query_map([since], |row| row.get(0))?.collect::<Result<_, _>>()?;
            }
            Ok(Some(changes))
        })
    }

    /// Writes when tokens, by their ids, were last seen: in one transaction. An
    /// earlier time never replaces a later one, which another server may have seen.
    ///
    /// # Errors
    /// The database can't be written; then nothing was.
    pub fn record_last_seen(&mut self, seen: &[(i64, i64)]) -> Result<(), StoreError> {
        let sql = "UPDATE token SET last_seen = ?2 WHERE id = ?1 AND ifnull(last_seen, 0) < ?2";
        let write = |act: Transaction<'_>| {
            let mut update = act.prepare_cached(sql)?;
            for (id, at) in seen {
                update.execute(params![id, at])?;
            }
            drop(update);
            act.commit()
        };
        let act = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let done = act.and_then(write);
        done.map_err(|error| self.error(error))
    }

    /// Runs `read` on one view of the database, given the revision it is at.
    fn read<T>(&self, read: impl FnOnce(&Transaction<'_>, i64) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let reading = || {
            let act = self.connection.unchecked_transaction()?;
            let revision = act.prepare_cached("SELECT value FROM revision")?.query_row([], |row| row.get(0))?;
            read(&act, revision)
        };
        reading().map_err(|error| self.error(error))
    }
}

fn cached_row(row: &Row<'_>) -> rusqlite::Result<CachedRow> {
    let known = TokenRecord { digest: row.get(2)?, status: status(row.get(3)?) };
    Ok(CachedRow { id: row.get(0)?, api_id: row.get(1)?, known })
}
