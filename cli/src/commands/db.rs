//! `jerakia db`

use super::whoever_runs_this;
use crate::args::{DbCommand, UsageError};
use crate::config::{Config, DatabaseLocation};
use crate::terminal;
use anyhow::{Context as _, bail};
use jerakia_host::clock;
use jerakia_host::store::sqlite::{self, BackedUp, Checked, DatabaseFile, Flaw, Restored, Restoring};
use jerakia_host::store::{Database, Transferred, transfer};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub fn run(command: &DbCommand, config: &Config) -> anyhow::Result<()> {
    match command {
        DbCommand::Backup { directory } => backup(&files(config, BACKUP)?, directory),
        DbCommand::Check => check(&files(config, CHECK)?),
        DbCommand::Restore { file, with_edited_trail } => restore(&files(config, RESTORE)?, file, *with_edited_trail),
        DbCommand::Copy { from, to } => copy(location("--from", from)?, location("--to", to)?),
    }
}

fn location(flag: &str, text: &OsStr) -> Result<Database, UsageError> {
    let location = DatabaseLocation::parse(text).map_err(UsageError::of(flag))?;
    match location.refused_as_flag() {
        Some(reason) => Err(UsageError::of(flag)(reason)),
        None => Ok(location.database),
    }
}

fn copy(from: Database, to: Database) -> anyhow::Result<()> {
    let (Database::Sqlite(from), Database::Postgres { address, .. }) = (from, to) else {
        return Err(
            UsageError::new("a copy goes --from sqlite:<directory> --to postgresql://user@host/database").into()
        );
    };
    let Transferred { tokens, entries, last_seen, scopes } =
        transfer(&from, &address, &whoever_runs_this(), clock::now())?;
    let lines = [
        format!("{address}: {tokens} tokens, {entries} audit entries, {last_seen} last-seen times, {scopes} scopes"),
        format!("Set database to this address, and start the servers; {} stays as it was", from.display()),
    ];
    terminal::print_lines(lines.iter().map(|it| terminal::escaped(it)))
}

/// What to do in place of a command that is about files.
const BACKUP: &str = "back it up with its own tools, such as pg_dump";
const CHECK: &str = "check its files with its own tools, such as pg_amcheck, and the trail with `jerakia audit verify`";
const RESTORE: &str = "stop the servers and restore it with its own tools, such as pg_restore";

/// The directory of the databases; for PostgreSQL, what to do instead.
fn files(config: &Config, instead: &str) -> anyhow::Result<PathBuf> {
    match config.database() {
        Database::Sqlite(directory) => Ok(directory),
        postgres @ Database::Postgres { .. } => bail!("{postgres} is a PostgreSQL database: {instead}"),
    }
}

/// The tokens first, so that a failure with the state does not affect them.
fn backup(databasedir: &Path, directory: &Path) -> anyhow::Result<()> {
    let mut flaws = Vec::new();
    if let Some(tokens) = sqlite::backup(databasedir, directory, DatabaseFile::Tokens)? {
        flaws = report_backup(DatabaseFile::Tokens, tokens)?;
    }
    let state = sqlite::backup(databasedir, directory, DatabaseFile::State);
    if let Some(state) = state.context("The tokens are backed up; scopes and last-seen times are not")? {
        report_backup(DatabaseFile::State, state)?;
    }
    match flaws.first() {
        Some(flaw) => bail!("The databases are backed up, but the one of the tokens {flaw}"),
        None => Ok(()),
    }
}

fn report_backup(which: DatabaseFile, done: BackedUp) -> anyhow::Result<Vec<Flaw>> {
    let (path, rows) = (done.path.display(), count(done.checked.rows, which));
    terminal::print_lines([terminal::escaped(&format!("{path}: {rows}, {} bytes", done.size))])?;
    Ok(done.checked.flaws)
}

fn check(databasedir: &Path) -> anyhow::Result<()> {
    let (mut flaws, mut unusable) = (0_usize, None);
    for which in DatabaseFile::ALL {
        match sqlite::check(databasedir, which) {
            Ok(None) => {}
            Ok(Some(checked)) => {
                terminal::print_lines(report(databasedir, which, &checked))?;
                flaws += checked.flaws.len();
            }
            Err(error) => unusable = unusable.or(Some(error)),
        }
    }
    match unusable {
        Some(error) => Err(error.into()),
        None if flaws > 0 => bail!("{flaws} {} found", if flaws == 1 { "flaw was" } else { "flaws were" }),
        None => Ok(()),
    }
}

fn report(databasedir: &Path, which: DatabaseFile, checked: &Checked) -> Vec<String> {
    let path = databasedir.join(which.file_name());
    let path = path.display();
    let version = checked.version;
    let older = if checked.is_current { "" } else { " (an older one: it is migrated when it is next used)" };
    if checked.flaws.is_empty() {
        return vec![format!("{path}: no flaw; schema version {version}{older}, {}", count(checked.rows, which))];
    }
    let flaws = checked.flaws.iter().map(|it| terminal::escaped(&format!("{path} {it}")));
    let mut remedies: Vec<_> = checked.flaws.iter().map(|it| format!("{path}: {}", remedy(which, it))).collect();
    remedies.dedup();
    flaws.chain(remedies).collect()
}

/// What to do about a flaw.
pub fn remedy(which: DatabaseFile, flaw: &Flaw) -> &'static str {
    match which {
        _ if flaw.is_of_trail() => "find out who edited it: `jerakia token list` shows the tokens as they are now",
        DatabaseFile::Tokens => "stop the servers and restore a backup (`jerakia db restore`)",
        DatabaseFile::State => {
            "stop the servers, then restore a backup (`jerakia db restore`) or move the file away, which loses no token"
        }
    }
}

pub fn count(rows: i64, which: DatabaseFile) -> String {
    let many = which.contents();
    let noun = if rows == 1 { many.trim_end_matches('s') } else { many };
    format!("{rows} {noun}")
}

fn restore(databasedir: &Path, file: &Path, with_edited_trail: bool) -> anyhow::Result<()> {
    let actor = whoever_runs_this();
    let restoring = Restoring { file, with_edited_trail, actor: &actor, at: clock::now() };
    let Restored { which, path, checked, kept } = sqlite::restore(databasedir, &restoring)?;
    let mut lines = vec![format!("{}: {}, as in {}", path.display(), count(checked.rows, which), file.display())];
    if let Some(kept) = kept {
        lines.push(format!("{}: what was there before", kept.display()));
    }
    if which == DatabaseFile::Tokens {
        lines.push(
            "Tokens that were revoked after this backup are good again: disable them before you start a server".into(),
        );
    }
    terminal::print_lines(lines.iter().map(|it| terminal::escaped(it)))
}
