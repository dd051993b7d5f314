//! `jerakia db copy`: moves everything from the files of one machine to PostgreSQL.

use super::postgres::{Address, Cause, Fill, PostgresAdmin, error_at};
use super::sqlite::{Export, ExportView};
use super::{AuditFault, StoreError};
use crate::admin::{Actor, NewAuditEntry};
use serde_json::json;
use std::path::Path;

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// One of the two can't be used.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The audit trail was edited.
    #[error("nothing was copied: the audit trail in {from} was edited: {fault}")]
    Edited {
        /// The directory.
        from: String,
        /// The first fault.
        fault: AuditFault,
    },
    /// The copy lacks something.
    #[error("nothing was copied: {to} counts {found} {what} in place of {expected}")]
    Incomplete {
        /// The copy.
        to: String,
        /// Rows of which kind.
        what: &'static str,
        /// How many were sent.
        expected: i64,
        /// How many arrived.
        found: i64,
    },
}

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    /// Tokens.
    pub tokens: i64,
    /// Entries of the audit trail.
    pub entries: i64,
    /// Last-seen times of secrets.
    pub last_seen: i64,
    /// Scopes.
    pub scopes: i64,
}

/// Copies everything in the SQLite databases of `from` to the empty PostgreSQL database `to`, in
/// one transaction, and checks the counts and the audit trail there before it is committed. The
/// trail gets an entry about the copy. `from` stays as it is.
///
/// # Errors
/// See [`TransferError`]. Then nothing was copied.
pub fn transfer(from: &Path, to: &Address, actor: &Actor, at: i64) -> Result<Transferred, TransferError> {
    let export = Export::open(from)?;
    let view = export.view()?;
    let mut target = PostgresAdmin::open(to)?;
    let fail = |cause: Cause| error_at(to, cause);
    let fill = target.fill()?;
    let sent = Transferred {
        tokens: tokens(&view, &fill, &fail)?,
        entries: entries(&view, &fill, &fail)?,
        last_seen: last_seen(&view, &fill, &fail)?,
        scopes: scopes(&view, &fill, &fail)?,
    };
    let edited = |fault| TransferError::Edited { from: from.display().to_string(), fault };
    let ends = view.ends()?.ok_or_else(|| edited(AuditFault::NoEnds))?;
    fill.ends(ends).map_err(fail)?.map_err(edited)?;
    sent.compare(fill.counts().map_err(fail)?, to)?;
    let changed = json!({ "database": [from.to_string_lossy(), to.to_string()] }).to_string();
    let (act, outcome) = ("copy database", "done");
    let entry = NewAuditEntry { at, actor, act, api_id: "", changed, outcome, request_id: None };
    fill.finish(view.last_number()?, &entry).map_err(fail)?;
    Ok(sent)
}

impl Transferred {
    fn compare(&self, found: [i64; 4], to: &Address) -> Result<(), TransferError> {
        let names = ["tokens", "entries of the audit trail", "last-seen times", "scopes"];
        let sent = [self.tokens, self.entries, self.last_seen, self.scopes];
        for ((what, expected), found) in names.into_iter().zip(sent).zip(found) {
            if expected != found {
                return Err(TransferError::Incomplete { to: to.to_string(), what, expected, found });
            }
        }
        Ok(())
    }
}

type Fail<'a> = &'a dyn Fn(Cause) -> StoreError;

fn tokens(view: &ExportView<'_>, fill: &Fill<'_>, fail: Fail<'_>) -> Result<i64, StoreError> {
    let (mut sent, mut after) = (0, None);
    loop {
        let page = view.tokens(after.as_deref())?;
        let Some(last) = page.last() else { return Ok(sent) };
        fill.tokens(&page).map_err(fail)?;
        sent += page.len() as i64;
        after = Some(last.api_id.clone());
    }
}

fn entries(view: &ExportView<'_>, fill: &Fill<'_>, fail: Fail<'_>) -> Result<i64, StoreError> {
    let (mut sent, mut after) = (0, 0);
    loop {
        let page = view.entries(after)?;
        let Some(last) = page.last() else { return Ok(sent) };
        fill.entries(&page).map_err(fail)?;
        sent += page.len() as i64;
        after = last.number;
    }
}

/// Times of tokens that are gone are left out.
fn last_seen(view: &ExportView<'_>, fill: &Fill<'_>, fail: Fail<'_>) -> Result<i64, StoreError> {
    let (mut sent, mut after) = (0, (String::new(), i64::MIN));
    loop {
        let page = view.last_seen((&after.0, after.1))?;
        let Some(last) = page.last() else { return Ok(sent) };
        sent += i64::try_from(fill.last_seen(&page).map_err(fail)?).unwrap_or(i64::MAX);
        after = (last.api_id.to_string(), last.secret.into());
    }
}

fn scopes(view: &ExportView<'_>, fill: &Fill<'_>, fail: Fail<'_>) -> Result<i64, StoreError> {
    let (mut sent, mut after) = (0, (String::new(), String::new()));
    loop {
        let page = view.scopes((&after.0, &after.1))?;
        let Some(last) = page.last() else { return Ok(sent) };
        fill.scopes(&page).map_err(fail)?;
        sent += page.len() as i64;
        after = (last.realm.clone(), last.identifier.clone());
    }
}
