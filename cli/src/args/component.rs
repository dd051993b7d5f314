//! The command line of `jerakia component`.

use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  jerakia component export
  jerakia component inspect jerakia-auth.wasm")]
pub enum ComponentCommand {
    /// Write the portable component that this program carries, or its contract
    Export {
        /// The file to write; - is standard output
        #[arg(default_value = "jerakia-auth.wasm", default_value_if("wit", "true", "jerakia-auth.wit.wasm"))]
        file: PathBuf,
        /// Write the contract instead: the WIT package with its comments, encoded as a .wasm file
        #[arg(long)]
        wit: bool,
    },
    /// Show a component's name, version, size, SHA-256, imports, exports and WIT text
    ///
    /// A component carries no comments. The WIT text has them if the contract is this program's own.
    Inspect {
        /// The component [default: the one that this program carries]
        file: Option<PathBuf>,
    },
}
