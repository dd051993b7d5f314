//! `jerakia completions`, and the questions that the printed scripts ask this program.

use crate::args::Args;
use crate::config::{Config, Flags};
use crate::terminal;
use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};
use jerakia_host::store::{Database, sqlite};
use std::env;
use std::ffi::{OsStr, OsString};

/// Set by the scripts. Not `COMPLETE`, as clap proposes: that may mean something else to others.
const VARIABLE: &str = "_JERAKIA_COMPLETE";

/// The most API IDs to choose from.
const MOST: u32 = 1000;

/// The commands of `jerakia token` whose API ID need not exist.
const OF_NEW_TOKENS: [&str; 2] = ["create", "import"];

/// Prints a script that asks this program, by its name, for completions.
pub fn print(shell: Shell) -> anyhow::Result<()> {
    terminal::print_bytes(&script(shell)?)
}

/// The script of a shell.
pub fn script(shell: Shell) -> anyhow::Result<Vec<u8>> {
    let (name, mut script) = (shell.to_string(), Vec::new());
    let shells = Shells::builtins();
    let shell = shells.completer(&name).with_context(|| format!("there are no completions for {name}"))?;
    shell.write_registration(VARIABLE, "jerakia", "jerakia", "jerakia", &mut script)?;
    Ok(script)
}

/// Answers a script's question and exits. Returns if a user has started the program.
pub fn answer() {
    CompleteEnv::with_factory(command).var(VARIABLE).complete();
}

/// The command line, with API IDs where it wants one that exists.
fn command() -> clap::Command {
    let existing = |command: clap::Command| {
        if OF_NEW_TOKENS.contains(&command.get_name()) {
            return command;
        }
        // In place: `mut_arg` would move it behind the other arguments.
        command.mut_args(|it| if it.get_id() == "api_id" { it.add(ArgValueCompleter::new(api_ids)) } else { it })
    };
    Args::command().mut_subcommand("token", |token| token.mut_subcommands(existing))
}

/// The API IDs that begin with `typed`. None if this user can't read them: a completion prints no
/// errors.
fn api_ids(typed: &OsStr) -> Vec<CompletionCandidate> {
    let found = || -> Option<Vec<String>> {
        let (config, _) = Config::load(&typed_flags(env::args_os())).ok()?;
        match config.database() {
            Database::Sqlite(directory) => sqlite::api_ids_beginning(&directory, typed.to_str()?, MOST).ok(),
            // Nobody waits for another machine while he types.
            Database::Postgres { .. } => None,
        }
    };
    let names = found().unwrap_or_default().into_iter();
    // A database that was edited by hand can have names that a shell would not take as one word.
    names.filter(|it| it.parse::<jerakia_host::model::ApiId>().is_ok()).map(CompletionCandidate::new).collect()
}

/// The flags on the line that is being completed which say where the database is.
fn typed_flags(line: impl Iterator<Item = OsString>) -> Flags {
    let mut flags = Flags::default();
    let mut words = line.skip_while(|it| it != "--").peekable();
    while let Some(word) = words.next() {
        let word = word.to_string_lossy();
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (&*word, words.peek().cloned()),
        };
        match (name, value) {
            ("--config" | "-c", Some(value)) => flags.config = Some(value.into()),
            ("--database", Some(value)) => drop(flags.settings.insert("database", value)),
            ("--databasedir", Some(value)) => drop(flags.settings.insert("databasedir", value)),
            _ => {}
        }
    }
    flags
}
