//! The command line of `jerakia audit`.

use super::Output;
use clap::{Args, Subcommand};
use jerakia_host::admin::AuditHash;
use jerakia_host::model::{ApiId, Moment};

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  jerakia audit list --api-id my_app --since 7d
  jerakia audit verify
  jerakia audit prune --before 365d")]
pub enum AuditCommand {
    /// List acts: who did what to which token, and when
    List(AuditListArgs),
    /// Check that no entry was changed, removed or added by hand; exits with 1 if one was
    ///
    /// Prints the hash of the last entry. Note it elsewhere: with --from, a later check also detects
    /// that the newest entries were cut off and the end of the trail was set back.
    Verify {
        /// Also check that the trail still has the entry with this hash
        #[arg(long, value_name = "HASH")]
        from: Option<AuditHash>,
    },
    /// Remove old entries; the trail can still be verified
    Prune {
        /// Remove entries older than this: 365d (ago), 2027-01-31 (UTC) or 2027-01-31T12:00:00Z
        #[arg(long, value_name = "DATE")]
        before: Moment,
    },
}

#[derive(Debug, Args)]
pub struct AuditListArgs {
    /// Only acts on this API ID
    #[arg(long, value_name = "API_ID")]
    pub api_id: Option<ApiId>,

    /// Only acts since this time: 7d (ago), 2027-01-31 (UTC) or 2027-01-31T12:00:00Z
    #[arg(long, value_name = "DATE")]
    pub since: Option<Moment>,

    /// The format of the list
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}
