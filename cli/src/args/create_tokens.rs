//! Jerakia 3's flag for tokens on the command line. Refused by hand: the parser's own errors
//! would quote the tokens.

use super::UsageError;
use clap::Args;
use std::convert::Infallible;

#[derive(Debug, Args)]
pub struct CreateTokens {
    #[arg(short = 'T', long, alias = "create_tokens", hide = true, num_args = 0.., value_parser = unread)]
    create_tokens: Option<Vec<Unread>>,
}

/// A value that is not kept.
#[derive(Clone, Debug)]
struct Unread;

fn unread(_: &str) -> Result<Unread, Infallible> {
    Ok(Unread)
}

impl CreateTokens {
    /// # Errors
    /// When tokens are on the command line.
    pub fn refuse(&self) -> Result<(), UsageError> {
        if self.create_tokens.is_none() {
            return Ok(());
        }
        Err(UsageError::new(
            "tokens can't be given with -T: every user of this machine can read the arguments of a process. Put them \
             in a file that only you can read, and name it in the setting server.token_file, or use --token-file of \
             jerakia server",
        ))
    }
}
