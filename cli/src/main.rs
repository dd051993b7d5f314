//! `jerakia`: the token server and its administration.

mod args;
mod commands;
mod exit;
mod logging;
mod terminal;

use args::{Args, Command};
use clap::Parser as _;
use jerakia_host::config::Config;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    if let Command::Completions { shell } = args.command {
        return commands::completions::print(shell);
    }
    let config = Config::load(&args.flags())?;
    logging::start(args, &config)?;
    for key in &config.ignored {
        tracing::warn!(
            "the configuration file has {key:?}, which the original Jerakia knows and this program does not use"
        );
    }
    match &args.command {
        Command::Server(_) => commands::server::run(&config),
        Command::Token { command } => commands::token::run(command, &config),
        Command::Config => commands::config::print(&config),
        Command::Completions { .. } => Ok(()), // above: it needs no configuration
    }
}
