//! The command line of `jerakia audit`.

use super::Output;
use clap::{Args, Subcommand};
use jerakia_host::admin::AuditHash;
use jerakia_host::model::Moment;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  jerakia audit list --api-id my_app --since 7d
  jerakia audit verify
  jerakia audit prune --before 365d")]
pub enum AuditCommand {
    /// List acts: who did what to which token, and when
    List(AuditListArgs),
    /// Check that no entry was changed, removed or added by hand; exits with 1 where one was
    ///
    /// Prints the hash of the last entry. Noted elsewhere, it also shows later whether entries
    /// were cut off at the end together with the record of where the trail ends: see --from.
    Verify {
        /// Also that the trail still has the entry with this hash
        #[arg(long, value_name = "HASH")]
        from: Option<AuditHash>,
    },
    /// Remove old entries; the trail can still be verified
    Prune {
        /// Older ones than this: 365d (ago), 2027-01-31 (UTC) or 2027-01-31T12:00:00Z
        #[arg(long, value_name = "DATE")]
        before: Moment,
    },
}

#[derive(Debug, Args)]
pub struct AuditListArgs {
    /// Only acts on this API ID
    #[arg(long, value_name = "API_ID")]
    pub api_id: Option<String>,

    /// Only since then: 7d (ago), 2027-01-31 (UTC) or 2027-01-31T12:00:00Z
    #[arg(long, value_name = "DATE")]
    pub since: Option<Moment>,

    /// How the list looks
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}
