//! `jerakia doctor`: finds what needs attention, and says what to do about it.

mod cluster;
mod tokens;

use super::db;
use crate::config::{Config, Flags};
use crate::terminal;
use anyhow::bail;
use jerakia_host::clock;
use jerakia_host::store::Database;
use jerakia_host::store::sqlite::{self, DatabaseFile, Survey};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use tokens::TokenFindings;

/// Less free space than this on the disk of the databases, in MiB, is a finding.
const LITTLE_SPACE: u64 = 64;

/// The results of all checks: what is fine, and what to do about the rest.
#[derive(Default)]
struct Report {
    fine: Vec<String>,
    to_do: Vec<String>,
}

impl Report {
    /// Adds the findings of one check; `fine` if there are none.
    fn add(&mut self, fine: String, to_do: Vec<String>) {
        if to_do.is_empty() {
            self.fine.push(fine);
        }
        self.to_do.extend(to_do);
    }
}

pub fn run(config: &Config, flags: &Flags) -> anyhow::Result<()> {
    let mut report = Report::default();
    settings(config, flags, &mut report);
    match config.database() {
        Database::Sqlite(directory) => database(&directory, &mut report),
        Database::Postgres { address, .. } => cluster::check(&address, &mut report),
    }
    let fine = report.fine.iter().map(|it| format!("ok     {it}"));
    let to_do = report.to_do.iter().map(|it| format!("to do  {it}"));
    terminal::print_lines(fine.chain(to_do).map(|it| terminal::escaped(&it)))?;
    match report.to_do.len() {
        0 => Ok(()),
        1 => bail!("1 thing needs attention"),
        many => bail!("{many} things need attention"),
    }
}

/// Whoever can write these files and directories decides what a server answers.
fn settings(config: &Config, flags: &Flags, report: &mut Report) {
    let file = Config::file(flags);
    let directories = [&config.policydir.value, &config.vardir.value, &config.schema.docroot.value];
    let paths = file.iter().chain(directories);
    let mut to_do: Vec<_> = paths
        .filter_map(|path| {
            let (mode, path) = (mode(path).filter(|it| it & 0o002 != 0)?, path.display());
            Some(format!("{path} can be written by all users (mode {mode:04o}): run `chmod o-w {path}`"))
        })
        .collect();
    to_do.dedup();
    if let Some(log) = &config.logfile.value {
        to_do.extend(log_file(log));
    }
    to_do.extend(Config::unknown_variables());
    let fine = file.map_or("settings: no configuration file".into(), |it| format!("settings: {}", it.display()));
    report.add(fine, to_do);
}

fn log_file(path: &Path) -> Option<String> {
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.display();
    if !directory.is_dir() {
        return Some(format!("the log file {name} can't be made: run `mkdir -p {}`", directory.display()));
    }
    let mode = mode(path).filter(|it| it & 0o077 != 0)?;
    Some(format!("the log file {name} is open to other users (mode {mode:04o}): run `chmod 0600 {name}`"))
}

fn mode(path: &Path) -> Option<u32> {
    Some(fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

fn database(databasedir: &Path, report: &mut Report) {
    if fs::symlink_metadata(databasedir.join(DatabaseFile::Tokens.file_name())).is_err() {
        let databasedir = databasedir.display();
        return report.to_do.push(format!(
            "there is no token database in {databasedir}: name its directory with --databasedir, or make a first token with `jerakia token create`"
        ));
    }
    let survey = match Survey::of(databasedir) {
        Ok(survey) => survey,
        Err(error) => return report.to_do.push(error.to_string()),
    };
    let directory = survey.directory.display();
    report.add(format!("files in {directory}: modes and owners"), files(&survey));
    let mib = survey.free.unwrap_or_default() >> 20;
    report.add(format!("disk of {directory}: {mib} MiB free"), space(&survey));
    report.add(format!("servers that run on it: {}", survey.servers.len()), servers(&survey));
    let mut usable = survey.names.is_none();
    for which in DatabaseFile::ALL {
        let checked = sqlite::check(databasedir, which);
        // An older database is not opened: that would migrate it.
        usable &= checked.as_ref().is_ok_and(|it| it.as_ref().is_none_or(|it| it.is_current && it.flaws.is_empty()));
        let path = databasedir.join(which.file_name());
        match checked {
            Ok(None) => {}
            Err(error) => report.to_do.push(error.to_string()),
            Ok(Some(checked)) => {
                let flaws = checked.flaws.iter();
                let to_do = flaws.map(|it| format!("{} {it}: {}", path.display(), db::remedy(which, it))).collect();
                report.add(format!("{}: {}, no flaw", path.display(), db::count(checked.rows, which)), to_do);
            }
        }
    }
    if usable {
        let mut findings = TokenFindings::at(clock::now());
        match sqlite::each_token(databasedir, findings.now(), |token| findings.look(token)) {
            Ok(()) => findings.report(report),
            Err(error) => report.to_do.push(error.to_string()),
        }
    }
}

fn files(survey: &Survey) -> Vec<String> {
    let mut to_do: Vec<_> = survey.names.iter().map(ToString::to_string).collect();
    let unfinished = survey.unfinished.iter().map(|it| it.display());
    to_do.extend(unfinished.map(|it| {
        format!("{it} is left over from a backup or restore that was killed: unless one runs, run `rm {it}`")
    }));
    let expected = |path: &Path| if path == survey.directory { 0o700 } else { 0o600 };
    let owner = fs::metadata(&survey.directory).map(|it| it.uid()).ok();
    for path in [&survey.directory].into_iter().chain(&survey.files) {
        let name = path.display();
        if let Some(mode) = mode(path).filter(|it| it & 0o077 != 0) {
            let expected = expected(path);
            to_do.push(format!("{name} is open to other users (mode {mode:04o}): run `chmod {expected:04o} {name}`"));
        }
        let uid = fs::metadata(path).map(|it| it.uid()).ok();
        if let (Some(uid), Some(owner)) = (uid, owner)
            && uid != owner
        {
            to_do.push(format!(
                "{name} belongs to user {uid}, and its directory to user {owner}, so the server may run as that user: run `chown {owner} {name}`"
            ));
        }
    }
    to_do
}

fn space(survey: &Survey) -> Vec<String> {
    let directory = survey.directory.display();
    let mut to_do = Vec::new();
    if let Some(free) = survey.free.filter(|it| it >> 20 < LITTLE_SPACE) {
        let free = free >> 20;
        to_do
            .push(format!("the disk of {directory} has {free} MiB free: free some space, {LITTLE_SPACE} MiB at least"));
    }
    if !survey.has_reserve {
        to_do.push(format!(
            "{directory} has no reserve, so that a token may not be revoked on a full disk: free 4 MiB on it, and run `jerakia token list`"
        ));
    }
    to_do
}

fn servers(survey: &Survey) -> Vec<String> {
    let elsewhere = survey.servers.iter().filter(|it| !it.in_place);
    let sentence = |process| {
        format!(
            "the server with process {process} has other files open than those that have the names now, and answers 503: restart it"
        )
    };
    elsewhere.map(|it| sentence(it.process)).collect()
}
