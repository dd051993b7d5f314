//! The command line of `jerakia server`.

use super::UsageError;
use super::create_tokens::CreateTokens;
use crate::config::SettingFlags;
use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jerakia server
  jerakia server --bind 0.0.0.0 --port 8080
  jerakia server --port 0              pick a free port, and say which on stderr

Tokens of your own are not arguments, which every user of the machine can read: put them in a file, one
<API ID>:<token> on each line, and name it with --token-file or in the setting server.token_file.")]
pub struct ServerArgs {
    #[command(flatten)]
    pub(super) settings: SettingFlags<true>,

    #[command(flatten)]
    create_tokens: CreateTokens,
}

impl ServerArgs {
    /// # Errors
    /// When tokens are on the command line.
    pub fn check(&self) -> Result<(), UsageError> {
        self.create_tokens.refuse()
    }
}
