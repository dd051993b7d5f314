//! Tokens that are good while a server runs, and that are not stored: `server.tokens` and
//! `server.token_file`.

use crate::config::{Config, ConfigError, MAX_TOKENS, Source};
use jerakia_host::admin::GivenToken;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use zeroize::Zeroizing;

/// The longest file, in bytes.
const MAX_FILE_LEN: u64 = 1 << 20;

/// The tokens of the setting and of the file.
pub fn tokens(config: &Config) -> Result<Vec<GivenToken>, ConfigError> {
    let setting = &config.server.tokens;
    if let Source::File { path, .. } = &setting.source {
        warn_if_open(path);
    }
    let mut all = setting.value.0.clone();
    if let Some(path) = &config.server.token_file.value {
        all.extend(of_file(path)?);
    }
    let mut seen = HashSet::new();
    match all.iter().find(|it| !seen.insert(&it.api_id)) {
        Some(twice) => Err(ConfigError::TwoTokens { api_id: twice.api_id.to_string() }),
        None => Ok(all),
    }
}

/// The tokens of a file, one on each line that is not empty.
fn of_file(path: &Path) -> Result<Vec<GivenToken>, ConfigError> {
    let fail = |reason: String| ConfigError::TokenFile { path: path.to_owned(), reason };
    // With its final capacity, as far as it is known: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| {
        let length = file.metadata()?.len().min(MAX_FILE_LEN);
        text.reserve_exact(usize::try_from(length).unwrap_or_default() + 2);
        file.take(MAX_FILE_LEN + 1).read_to_end(&mut text)
    });
    let length = read.map_err(|error| fail(format!("it can't be read ({error})")))?;
    if length as u64 > MAX_FILE_LEN {
        return Err(fail(format!("it has more than {MAX_FILE_LEN} bytes")));
    }
    warn_if_open(path);
    let mut tokens = Vec::new();
    for (number, line) in text.split(|it| *it == b'\n').enumerate() {
        let line = line.trim_ascii();
        if !line.is_empty() {
            let token = GivenToken::of(line);
            tokens.push(token.map_err(|error| fail(format!("line {}: {error}", number + 1)))?);
        }
    }
    match tokens.len() {
        0..=MAX_TOKENS => Ok(tokens),
        many => Err(fail(format!("it has {many} tokens, and at most {MAX_TOKENS} are possible"))),
    }
}

/// A pipe has no users but its two ends.
fn warn_if_open(path: &Path) {
    let Ok(metadata) = fs::metadata(path) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() && mode & 0o077 != 0 {
        let path = path.display();
        tracing::warn!("{path} has tokens and is open to other users (mode {mode:04o}): run `chmod 0600 {path}`");
    }
}
