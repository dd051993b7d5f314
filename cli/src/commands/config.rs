//! `jerakia config`

use crate::config::Config;
use crate::terminal;

/// Prints a configuration file that gives the same settings.
pub fn print(config: &Config) -> anyhow::Result<()> {
    let (mut lines, mut group) = (Vec::new(), "");
    for entry in config.entries() {
        let (of, name) = entry.name.split_once('.').unwrap_or(("", entry.name));
        if of != group {
            lines.push(format!("{of}:"));
            group = of;
        }
        let indent = if of.is_empty() { "" } else { "  " };
        lines.push(format!("{:<42} # {}", format!("{indent}{name}: {}", entry.value), entry.source));
    }
    terminal::print_lines(lines)
}
