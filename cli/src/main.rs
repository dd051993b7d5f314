//! `jerakia`: the token server and its administration.

mod args;
mod commands;
mod config;
mod exit;
mod logging;
mod terminal;

use args::{Args, Command, ConfigCommand, UsageError};
use clap::Parser as _;
use config::Config;
use std::process::ExitCode;

fn main() -> ExitCode {
    commands::completions::answer();
    let args = Args::parse();
    let outcome = run(&args);
    logging::finish();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    if !matches!(args.command, Command::Token { .. }) {
        args.remote.check_absent()?;
    }
    match &args.command {
        Command::Audit { command } => commands::audit::run(command, &configured(args)?),
        Command::Cluster { command } => commands::cluster::run(command, &configured(args)?),
        Command::Completions { shell } => commands::completions::print(*shell),
        Command::Component { command } => commands::component::run(command),
        Command::Config { command: None } => commands::config::print(&configured(args)?),
        Command::Config { command: Some(ConfigCommand::Check) } => commands::config::check(&args.flags()),
        Command::Db { command } => commands::db::run(command, &configured(args)?),
        Command::Doctor => commands::doctor::run(&configured(args)?, &args.flags()),
        Command::Health(health) => commands::health::run(health, || configured(args)),
        Command::Integrate { proxy } => commands::integrate::print(*proxy, &configured(args)?),
        Command::Lookup(lookup) => commands::lookup::run(lookup, &configured(args)?),
        Command::PackageFiles { directory } => commands::package_files::write(directory),
        Command::Server(server) => {
            server.check()?;
            commands::server::run(&configured(args)?, args.flags())
        }
        Command::Version => terminal::print_lines([env!("CARGO_PKG_VERSION")]),
        Command::Token { command, no_wait } => match args.remote.server()? {
            Some(_) if *no_wait => Err(UsageError::new("--no-wait is for a database here: a server waits").into()),
            Some(server) => commands::remote::run(command, &server),
            None => commands::token::run(command, &configured(args)?, *no_wait),
        },
    }
}

/// Loads the settings and starts logging.
fn configured(args: &Args) -> anyhow::Result<Config> {
    let (config, unused) = Config::load(&args.flags())?;
    logging::start(args, &config)?;
    for key in unused {
        tracing::warn!("the configuration file sets {key:?}, a setting of Jerakia 3 that this program ignores");
    }
    Ok(config)
}
