//! Why PostgreSQL can't be used, worded for its administrator. Never with a password.

use std::error::Error as _;
use std::io;
use tokio_postgres::error::SqlState;

/// What PostgreSQL, or the way to it, did. The sentence continues `The database <address>`.
#[derive(Debug, thiserror::Error)]
pub(in crate::store) enum Cause {
    #[error("can't be reached ({0}): see that PostgreSQL runs there, and that the address is right")]
    Unreachable(String),
    #[error("does not answer: see whether PostgreSQL is stopped or overloaded, and what `pg_stat_activity` shows")]
    Silent,
    #[error(
        "does not accept the user or its password ({0}): see the user in the address, PGPASSWORD, the passfile, and pg_hba.conf there"
    )]
    Login(String),
    #[error("does not exist there: create it with `createdb`")]
    NoDatabase,
    #[error(
        "can't be reached over TLS ({0}): see sslrootcert, and the host name in the address; sslmode=disable does without TLS"
    )]
    Tls(String),
    #[error("is a standby, or read-only: name the primary, or all hosts (postgresql://host1,host2/...)")]
    ReadOnly,
    #[error("is version {0} of PostgreSQL: version 13 or later is needed")]
    TooOld(String),
    #[error("stores text as {0}: create it with `createdb --encoding UTF8 --template template0`")]
    Encoding(String),
    #[error(
        "does not pass notifications on: its address is that of a connection pooler, such as PgBouncer in transaction mode; name PostgreSQL itself"
    )]
    Pooler,
    #[error(
        "does not permit this to its user ({0}): let the owner of the database run jerakia, or grant what is missing"
    )]
    Forbidden(String),
    #[error("is locked by another session: try again; `pg_stat_activity` shows who")]
    Locked,
    #[error("was changed by another session at the same time: try again")]
    Conflict,
    #[error("has such a row already ({0})")]
    Duplicate(String),
    #[error("has no room to grow ({0}): free some space on its disk")]
    Full(String),
    #[error("has no connection left ({0}): raise max_connections, or end other sessions")]
    Busy(String),
    #[error("closed the connection ({0}): try again")]
    Closed(String),
    #[error("has a schema named jerakia that belongs to another program: name another database")]
    Foreign,
    #[error(
        "has schema version {found} and was written by a newer jerakia: this one knows versions up to {known}; use the newer one"
    )]
    Newer { found: i32, known: usize },
    #[error(
        "does not note changes in its journal, since the trigger token_journal of jerakia.token is gone or disabled, so that servers would not see this: nothing was changed; enable it (ALTER TABLE jerakia.token ENABLE ALWAYS TRIGGER token_journal), or restore a backup"
    )]
    NoJournal,
    #[error("has an empty journal (table jerakia.journal), so that servers can't follow its changes: restore a backup")]
    NoHead,
    #[error(
        "has lost the ends of its audit trail (tables jerakia.audit_start and jerakia.audit_head), so that no act can be added to it: nothing was changed; restore a backup"
    )]
    NoTrail,
    #[error("has no room for more scopes")]
    NoRoom,
    #[error(
        "is full: scopes may take {0} bytes, half of them those of one token: delete some (DELETE /v1/scope/<realm>/<identifier>, or the token that stored them), or raise server.max_scopes_size"
    )]
    ScopesFull(i64),
    #[error(
        "may have stored the change or not, as the connection was lost before it said so ({0}): check with `jerakia token show`, and repeat the command"
    )]
    Unknown(String),
    #[error(
        "has stored the change, but it may be lost when a standby takes over ({0}): see to the synchronous standbys, and repeat the command"
    )]
    NotReplicated(String),
    #[error(
        "has stored the change, but the connection was lost before the servers had acknowledged it ({0}): repeat the command, or wait for the longest server.lease and a fourth of it, after which no server decides without the change"
    )]
    Unacknowledged(String),
    #[error(
        "no longer has the change, since another database has taken over: repeat the command, and see that acknowledged changes survive (synchronous standbys)"
    )]
    Lost,
    #[error("gave this server no lease, so that it may not decide: {0}")]
    NoLease(String),
    #[error("is not empty, and a copy replaces nothing: nothing was copied; name an empty database")]
    NotEmpty,
    #[error("failed: {0}")]
    Other(String),
}

impl Cause {
    /// For everybody: without the address.
    pub(super) fn in_short(&self) -> &'static str {
        match self {
            Self::Unreachable(_) | Self::Silent | Self::Tls(_) | Self::Closed(_) => "the database can't be reached",
            Self::Login(_) | Self::NoDatabase | Self::Forbidden(_) => "the database does not accept this program",
            Self::ReadOnly => "the database is a standby, or read-only",
            Self::Locked | Self::Conflict => "the database is locked by another session",
            Self::Full(_) => "the disk of the database is full",
            Self::Busy(_) => "the database has no connection left",
            Self::NoRoom | Self::ScopesFull(_) => "there is no room for more scopes",
            Self::NoJournal | Self::NoHead | Self::NoTrail => "the database lacks what acts depend on",
            Self::NoLease(_) => "this server has no lease from the database",
            Self::Unknown(_) | Self::NotReplicated(_) | Self::Unacknowledged(_) | Self::Lost => {
                "it is not known whether an act is in force everywhere"
            }
            _ => "the database can't be used",
        }
    }
}

impl From<tokio_postgres::Error> for Cause {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(db) = error.as_db_error() {
            return of_code(db.code(), db.message());
        }
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let io = error.source().and_then(|it| it.downcast_ref::<io::Error>());
        if io.is_some_and(|it| it.kind() == io::ErrorKind::PermissionDenied && it.raw_os_error().is_none()) {
            return Self::ReadOnly; // target_session_attrs
        }
        let text = error.to_string();
        if text.contains("TLS") {
            Self::Tls(reason)
        } else if text.contains("authentication") || text.contains("password") {
            Self::Login(reason)
        } else if text.contains("connecting") {
            Self::Unreachable(reason)
        } else if error.is_closed() || io.is_some() {
            Self::Closed(reason)
        } else {
            Self::Other(format!("{text} ({reason})"))
        }
    }
}

fn of_code(code: &SqlState, message: &str) -> Cause {
    let said = || message.to_owned();
    match code.code() {
        "28000" | "28P01" => Cause::Login(said()),
        "3D000" => Cause::NoDatabase,
        "42501" => Cause::Forbidden(said()),
        "25006" => Cause::ReadOnly,
        "55P03" => Cause::Locked,
        "40P01" | "40001" => Cause::Conflict,
        "23505" => Cause::Duplicate(said()),
        "53100" | "53200" => Cause::Full(said()),
        "53300" => Cause::Busy(said()),
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Cause::Closed(said()),
        "JK001" => Cause::NoTrail,
        "JK002" => Cause::NoRoom,
        code => Cause::Other(format!("{message} (SQLSTATE {code})")),
    }
}
