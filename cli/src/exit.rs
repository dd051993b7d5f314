//! Exit codes: 0 done, 1 refused or not found, 2 usage, 3 the database or the server can't be
//! used.

use crate::args::UsageError;
use crate::commands::remote::RemoteError;
use crate::config::ConfigError;
use crate::terminal;
use jerakia_host::store::StoreError;
use std::process::ExitCode;

/// Prints the error and returns its exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    print(error);
    ExitCode::from(code(error))
}

/// Prints the error.
pub fn print(error: &anyhow::Error) {
    terminal::note(&terminal::escaped_lines(&message(error)));
}

/// The error and its causes. A cause that the text before it quotes is not repeated.
pub fn message(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn code(error: &anyhow::Error) -> u8 {
    let remote = error.chain().find_map(|cause| cause.downcast_ref::<RemoteError>());
    if let Some(error) = remote {
        error.exit_code()
    } else if error.chain().any(|cause| cause.is::<ConfigError>() || cause.is::<UsageError>()) {
        2
    } else if error.chain().any(|cause| cause.is::<StoreError>()) {
        3
    } else {
        1
    }
}
