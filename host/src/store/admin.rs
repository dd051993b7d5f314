//! The store as an administrator uses it: acts, lists and the audit trail.

use super::{ActError, AuditFault, AuditFilter, AuditHead, StateStore, StoreError, TokenFilter, Tokens, import, list};
use crate::admin::{Act, ActRefusal, Actor, AuditEntry, AuditHash};
use crate::model::{ApiId, StoredToken, Token};
use crate::store::Jerakia3Token;
use std::fmt;
use std::sync::Arc;

/// A connection for one administrator at a time. Not for the request path.
pub trait AdminStore: Send {
    /// Performs all of `acts` in one transaction, or none. On success they are durable, and in
    /// force as far as [`Reach`] says. `each` gets the number of an act, from 0 on, and what it
    /// did; none of it holds before the function returns. Where the engine begins again, such as
    /// after a conflict, `each` is called from 0 on again.
    ///
    /// For each act: finds the token, and where a token acts, that one; calls
    /// `Act::decide`; writes the result, the journal's entry and the audit trail's. Of an act
    /// that is refused only an entry in the trail stays. A deleted token's last-seen times and
    /// scopes are deleted, too.
    ///
    /// # Errors
    /// That of the first act that fails.
    fn perform_each(&mut self, acts: &[Act], each: &mut dyn FnMut(usize, Performed)) -> Result<Reach, ActError>;

    /// Returns from acts once they are durable, before servers know them. Has no effect where
    /// servers see every commit at once.
    fn set_no_wait(&mut self) {}

    /// The token of `api_id`, as it is stored.
    ///
    /// # Errors
    /// The database can't be read.
    fn token(&self, api_id: &str) -> Result<Option<StoredToken>, StoreError>;

    /// The first `limit` tokens whose API ID comes after this one, or from the first on, in the
    /// order of their API IDs' bytes.
    ///
    /// # Errors
    /// The database can't be read.
    fn tokens_after(&self, api_id: Option<&str>, limit: usize) -> Result<Vec<StoredToken>, StoreError>;

    /// What servers write.
    ///
    /// # Errors
    /// It can't be used.
    fn state(&self) -> Result<Arc<dyn StateStore>, StoreError>;

    /// The entries of `filter`, in order: at most `limit`, which is at most 1,000.
    ///
    /// # Errors
    /// The database can't be read.
    fn audit(&self, filter: &AuditFilter, limit: usize) -> Result<Vec<AuditEntry>, StoreError>;

    /// Checks the whole trail; with `noted`, also that it has an entry with this hash.
    ///
    /// # Errors
    /// The outer: the database can't be read. The inner: the first fault.
    fn verify_audit(&self, noted: Option<AuditHash>) -> Result<Result<AuditHead, AuditFault>, StoreError>;

    /// Removes the entries before the first one that is not older than `before`, in seconds since
    /// the epoch, and adds an entry that says so. The chain continues with the kept entries.
    /// Returns how many were removed.
    ///
    /// # Errors
    /// The outer: the database can't be written. The inner: the trail has a fault, and
    /// nothing was removed.
    fn prune_audit(&mut self, before: i64, actor: &Actor, at: i64) -> Result<Result<i64, AuditFault>, StoreError>;
}

/// What a token was before an act, and is after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// None where there was none.
    pub before: Option<StoredToken>,
    /// None where there is none any more.
    pub after: Option<StoredToken>,
}

/// The servers on which acts are in force for every request that starts after they returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every one: servers see each commit of their database.
    Everywhere,
    /// Those that have acknowledged the acts. The others answer 503 until they have, too.
    Acknowledged {
        /// How many have acknowledged them.
        servers: usize,
        /// How many were cut off.
        cut_off: usize,
    },
    /// The acts are durable. Servers learn of them within moments; nobody waited for that.
    Unawaited,
}

/// To follow what was done, such as `disabled`: `on 3 servers`. Empty where there is nothing to say.
impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (servers, cut_off) = match *self {
            Self::Everywhere => return Ok(()),
            Self::Unawaited => {
                return f.write_str(
                    "in the database; servers follow within moments, and one that is cut off once its lease is over",
                );
            }
            Self::Acknowledged { servers: 0, cut_off: 0 } => return Ok(()), // no server runs
            Self::Acknowledged { servers, cut_off } => (servers, cut_off),
        };
        write!(f, "on {servers} {}", if servers == 1 { "server" } else { "servers" })?;
        match cut_off {
            0 => Ok(()),
            1 => f.write_str("; 1 was cut off and answers 503"),
            many => write!(f, "; {many} were cut off and answer 503"),
        }
    }
}

/// What every engine does in the same way.
impl dyn AdminStore + '_ {
    /// Performs one act.
    ///
    /// # Errors
    /// See [`ActError`].
    pub fn perform(&mut self, act: &Act) -> Result<(Performed, Reach), ActError> {
        let (mut performed, reach) = self.perform_all(std::slice::from_ref(act))?;
        let only = performed.pop().ok_or_else(|| ActRefusal::NotFound(act.api_id.to_string()))?;
        Ok((only, reach))
    }

    /// Performs all of `acts` in one transaction, or none.
    ///
    /// # Errors
    /// That of the first act that fails.
    pub fn perform_all(&mut self, acts: &[Act]) -> Result<(Vec<Performed>, Reach), ActError> {
        let mut all = Vec::with_capacity(acts.len());
        let reach = self.perform_each(acts, &mut |at, performed| {
            all.truncate(at);
            all.push(performed);
        })?;
        Ok((all, reach))
    }

    /// The tokens that `filter` selects, by API ID. Omits last-seen times after `now`, in seconds
    /// since the epoch: a clock was wrong.
    ///
    /// # Errors
    /// A database can't be read.
    pub fn list(&self, filter: TokenFilter, now: i64) -> Result<Tokens<'_>, StoreError> {
        Tokens::of(self, filter, now)
    }

    /// A token as an administrator sees it at `now`, in seconds since the epoch.
    ///
    /// # Errors
    /// A database can't be read.
    pub fn show(&self, api_id: &str, now: i64) -> Result<Option<Token>, StoreError> {
        Ok(self.token(api_id)?.map(|it| self.shown(it, now)))
    }

    /// Like `show`, for a token that was read already.
    #[must_use]
    pub fn shown(&self, stored: StoredToken, now: i64) -> Token {
        list::shown(self, stored, now)
    }

    /// Imports all of `tokens`, or none. They work unchanged from then on.
    ///
    /// # Errors
    /// One of their API IDs exists already, or the database can't be used.
    pub fn import(&mut self, tokens: &[(ApiId, Jerakia3Token)], actor: &Actor, at: i64) -> Result<(), ActError> {
        import::import(self, tokens, actor, at)
    }
}

#[cfg(test)]
mod tests {
    use super::Reach;

    #[test]
    fn servers_that_were_cut_off_are_counted_apart() {
        let text = |servers, cut_off| Reach::Acknowledged { servers, cut_off }.to_string();
        assert_eq!(text(3, 0), "on 3 servers");
        assert_eq!(text(1, 1), "on 1 server; 1 was cut off and answers 503");
        assert_eq!(text(0, 2), "on 0 servers; 2 were cut off and answer 503");
        assert_eq!(text(0, 0), "", "no server runs");
        assert_eq!(Reach::Everywhere.to_string(), "");
    }
}
