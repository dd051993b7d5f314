//! The command line of `jerakia token import`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jerakia token import /srv/old/tokens.db --dry-run
  jerakia token import /srv/old/tokens.db")]
pub struct ImportArgs {
    /// The tokens.db of Jerakia 3. It is only read
    pub file: PathBuf,

    /// Say what would be imported, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}
