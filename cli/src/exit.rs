//! Exit codes: 0 done, 1 refused or not found, 2 usage, 3 the store can't be used.

use crate::config::ConfigError;
use crate::terminal;
use jerakia_host::guard::GuardError;
use jerakia_host::server::ServerError;
use jerakia_host::store::{ActError, StoreError};
use jerakia_host::tokens::TokenError;
use std::process::ExitCode;

/// Tells the user what went wrong.
pub fn report(error: &anyhow::Error) -> ExitCode {
    terminal::note(&terminal::escaped_lines(&format!("{error:#}")));
    ExitCode::from(code(error))
}

fn code(error: &anyhow::Error) -> u8 {
    if error.is::<ConfigError>() {
        return 2;
    }
    let store = error.is::<StoreError>()
        || matches!(error.downcast_ref(), Some(ActError::Store(_)))
        || matches!(error.downcast_ref(), Some(TokenError::Act(ActError::Store(_))))
        || matches!(error.downcast_ref(), Some(ServerError::Guard(GuardError::Store(_))));
    if store { 3 } else { 1 }
}
