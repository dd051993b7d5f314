//! `jerakia completions`

use crate::args::Args;
use crate::terminal;
use clap::CommandFactory as _;
use clap_complete::Shell;

pub fn print(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "jerakia", &mut script);
    terminal::print_bytes(&script)
}
