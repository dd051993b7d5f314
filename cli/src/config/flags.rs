//! Makes command line flags from the table of settings.

use super::Config;
use super::table::Entry;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use std::collections::BTreeMap;
use std::ffi::OsString;

/// Flags of settings, for a command to flatten: the server's, or those that all commands
/// share.
#[derive(Clone, Debug, Default)]
pub struct SettingFlags<const OF_THE_SERVER: bool>(BTreeMap<&'static str, OsString>);

impl<const OF_THE_SERVER: bool> SettingFlags<OF_THE_SERVER> {
    /// The flags on the command line, by the names of their settings.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, OsString)> {
        self.0.clone().into_iter()
    }

    fn has(name: &str) -> bool {
        if OF_THE_SERVER {
            name.starts_with("server.") && !Config::is_secret(name)
        } else {
            matches!(name, "database" | "databasedir" | "loglevel")
        }
    }
}

/// The flag of a setting, without its dashes.
pub(super) fn flag(name: &str) -> String {
    match name {
        "loglevel" => "log-level".into(), // as in Jerakia 3
        _ => name.trim_start_matches("server.").replace('_', "-"),
    }
}

/// Jerakia 3's letters.
fn letter(name: &str) -> Option<char> {
    match name {
        "loglevel" => Some('l'),
        "server.bind" => Some('b'),
        "server.port" => Some('p'),
        "server.token_ttl" => Some('t'),
        _ => None,
    }
}

fn argument(entry: &Entry) -> Arg {
    let flag = flag(entry.name);
    Arg::new(entry.name)
        .long(flag.clone())
        .short(letter(entry.name))
        .alias(flag.replace('-', "_"))
        .value_name("VALUE")
        .value_parser(value_parser!(OsString))
        .help(entry.flag_help())
}

impl<const OF_THE_SERVER: bool> Args for SettingFlags<OF_THE_SERVER> {
    fn augment_args(command: Command) -> Command {
        let entries = Config::defaults();
        entries
            .iter()
            .filter(|it| Self::has(it.name))
            .fold(command, |command, entry| command.arg(argument(entry).global(!OF_THE_SERVER)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const OF_THE_SERVER: bool> FromArgMatches for SettingFlags<OF_THE_SERVER> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let names = Config::NAMES.iter().copied().filter(|it| Self::has(it));
        Ok(Self(names.filter_map(|name| Some((name, matches.get_one::<OsString>(name)?.clone()))).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
