//! `jerakia config`

use crate::config::{Config, Flags};
use crate::{exit, terminal};

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

/// Lists all problems of the settings. The last one is the command's error.
pub fn check(flags: &Flags) -> anyhow::Result<()> {
    let (mut problems, unused) = Config::problems(flags);
    for key in unused {
        terminal::note(&format!("{key:?} is a key of Jerakia 3 that this program does not use: remove it"));
    }
    Config::unknown_variables().iter().for_each(|it| terminal::note(&terminal::escaped(it)));
    let last = problems.pop();
    problems.into_iter().for_each(|it| exit::print(&it.into()));
    match last {
        Some(error) => Err(error.into()),
        None => terminal::print_lines([match Config::file(flags) {
            Some(path) => format!("the settings can be used; configuration file {}", path.display()),
            None => "the settings can be used; no configuration file".into(),
        }]),
    }
}
