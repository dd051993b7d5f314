//! The command line of `jerakia server`.

use crate::config::SettingFlags;
use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jerakia server
  jerakia server --bind 0.0.0.0 --port 8080
  jerakia server --port 0              pick a free port, and say which on stderr")]
pub struct ServerArgs {
    #[command(flatten)]
    pub(super) settings: SettingFlags<true>,
}
