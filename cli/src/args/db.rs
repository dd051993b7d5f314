//! The command line of `jerakia db`.

use clap::Subcommand;
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  jerakia db backup /backup/jerakia-$(date +%F)
  jerakia db check
  jerakia db restore /backup/jerakia-2026-11-24/tokens.db
  jerakia db copy --from sqlite:/var/db/jerakia --to postgresql://jerakia@db.example.org/jerakia")]
pub enum DbCommand {
    /// Copy the databases into a directory, also while servers run
    Backup {
        /// The directory for the copies, created if missing; nothing in it is overwritten
        directory: PathBuf,
    },
    /// Check the databases, also while servers run: exit 1 if there is a flaw
    Check,
    /// Replace the database by a backup; no server may run
    ///
    /// The replaced database is kept beside it, under a name with the time. A backup brings back the
    /// tokens as they were: those that were revoked since are good again.
    Restore {
        /// A tokens.db or a state.db that `jerakia db backup` has written
        file: PathBuf,
        /// Restore tokens whose audit trail was edited
        #[arg(long)]
        with_edited_trail: bool,
    },
    /// Copy everything from SQLite to an empty PostgreSQL database; no server may run on the source
    ///
    /// Tokens, the audit trail, scopes and last-seen times, in one transaction. The source stays as it is.
    Copy {
        /// The source: sqlite:DIRECTORY
        #[arg(long, value_name = "DATABASE")]
        from: OsString,
        /// The destination: postgresql://user@host:port/database
        #[arg(long, value_name = "DATABASE")]
        to: OsString,
    },
}
