//! Reads the records of tokens from the environment variable `JERAKIA_TOKENS`.
//!
//! It has entries `<api id>=<digest>`, separated by commas, each digest as 64 hex digits. After
//! it can follow `;disabled`, `;until=<seconds since 1970>`, and any number of
//! `;grant=<pattern>`.

use crate::jerakia::auth::decision::{Secret, Status, TokenRecord};
use crate::wasi::cli::environment;
use alloc::{string::String, vec, vec::Vec};

const VARIABLE: &str = "JERAKIA_TOKENS";
const DIGEST: usize = 32;
/// The end of a period that never ends.
const NEVER: u64 = u64::MAX;

/// The variable has a malformed entry, or the requested API ID twice. It may not mean what
/// its author intended, so requests are answered 503 until it is corrected.
#[derive(Debug)]
pub(crate) struct Unreadable;

/// The record under `key`, if there is one. Always reads all entries, so that timing doesn't
/// depend on the position.
pub(crate) fn find(key: &str) -> Result<Option<TokenRecord>, Unreadable> {
    let variables = environment::get_environment();
    let Some((_, text)) = variables.iter().find(|(name, _)| name == VARIABLE) else { return Ok(None) };
    let mut found = None;
    for written in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let record = entry(written).ok_or(Unreadable)?;
        if record.api_id == key && found.replace(record).is_some() {
            return Err(Unreadable);
        }
    }
    Ok(found)
}

/// The record to pass if there is none under `key`.
pub(crate) fn absent(key: &str) -> TokenRecord {
    TokenRecord { status: Status::Absent, ..active(key, vec![0; DIGEST]) }
}

fn active(api_id: &str, digest: Vec<u8>) -> TokenRecord {
    TokenRecord {
        api_id: api_id.into(),
        status: Status::Active,
        current: Secret { digest, ends: NEVER },
        former: Secret { digest: vec![0; DIGEST], ends: NEVER },
        ends: NEVER,
        grants: String::new(),
    }
}

fn entry(written: &str) -> Option<TokenRecord> {
    let (api_id, rest) = written.split_once('=')?;
    let mut parts = rest.split(';');
    let mut record = active(api_id, digest(parts.next()?)?);
    let mut grants = Vec::new();
    for part in parts {
        match part.split_once('=') {
            None if part == "disabled" => record.status = Status::Disabled,
            Some(("until", seconds)) => record.ends = seconds.parse().ok()?,
            Some(("grant", pattern)) if !pattern.is_empty() => grants.push(pattern),
            _ => return None,
        }
    }
    record.grants = grants.join("\n");
    Some(record)
}

fn digest(hex: &str) -> Option<Vec<u8>> {
    let nibbles: Option<Vec<_>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let bytes: Vec<u8> = nibbles?
        .chunks_exact(2)
        .filter_map(|pair| u8::try_from(pair.iter().fold(0, |value, nibble| value * 16 + nibble)).ok())
        .collect();
    (hex.len() == 2 * DIGEST).then_some(bytes)
}
