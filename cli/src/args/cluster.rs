//! The command line of `jerakia cluster`.

use super::Output;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Example:
  jerakia cluster status --database postgresql://jerakia@db.example.org/jerakia")]
pub enum ClusterCommand {
    /// List the servers on a PostgreSQL database, and how far each has come
    Status {
        /// The format of the list
        #[arg(short, long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
}
