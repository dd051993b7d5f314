//! The command line of `jerakia config`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration file, the environment and the flags, and list everything that is wrong
    #[command(after_help = "\
Example:
  jerakia config check --config new.yaml && mv new.yaml /etc/jerakia/jerakia.yaml")]
    Check,
}
