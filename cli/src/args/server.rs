//! The command line of `jerakia server`.

use super::UsageError;
use crate::config::SettingFlags;
use clap::Args;
use std::convert::Infallible;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jerakia server
  jerakia server --bind 0.0.0.0 --port 8080
  jerakia server --port 0              pick a free port, and say which on stderr")]
pub struct ServerArgs {
    #[command(flatten)]
    pub(super) settings: SettingFlags<true>,

    // Jerakia 3's. Refused by hand: the parser's own errors would quote the tokens.
    #[arg(short = 'T', long, alias = "create_tokens", hide = true, num_args = 0.., value_parser = unread)]
    create_tokens: Option<Vec<Unread>>,
}

/// A value that is discarded.
#[derive(Clone, Debug)]
struct Unread;

fn unread(_: &str) -> Result<Unread, Infallible> {
    Ok(Unread)
}

impl ServerArgs {
    /// # Errors
    /// When tokens are on the command line.
    pub fn check(&self) -> Result<(), UsageError> {
        if self.create_tokens.is_none() {
            return Ok(());
        }
        Err(UsageError::new(
            "tokens can't be given with -T: every user of this machine can read the arguments of a process. \
             Put them in a file that only you can read, and use --token-file",
        ))
    }
}
