//! What is stored of the tokens: the environment variable `JERAKIA_TOKENS`.
//!
//! Entries `<api id>=<digest>`, a comma between them; the digest as 64 hex digits.
//! Behind it may stand `;disabled` and `;until=<seconds since 1970>`.

use crate::jerakia::auth::tokens::{KnownToken, Status};
use crate::wasi::cli::environment;
use alloc::{vec, vec::Vec};

const VARIABLE: &str = "JERAKIA_TOKENS";
const DIGEST: usize = 32;

/// Something in the variable is no entry, or an API ID is there twice. Whoever wrote
/// it meant something else by it, so nobody gets in until it is put right.
#[derive(Debug)]
pub(crate) struct Unreadable;

/// The record of `api_id`, if there is one. All entries are read, whichever is asked for.
pub(crate) fn find(api_id: &str) -> Result<Option<KnownToken>, Unreadable> {
    let variables = environment::get_environment();
    let Some((_, text)) = variables.iter().find(|(name, _)| name == VARIABLE) else { return Ok(None) };
    let mut found = None;
    for written in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let (whose, known) = entry(written).ok_or(Unreadable)?;
        if whose == api_id && found.replace(known).is_some() {
            return Err(Unreadable);
        }
    }
    Ok(found)
}

/// The record in the place of one that is not there. No text is known that has this digest.
pub(crate) fn nobodys() -> KnownToken {
    KnownToken { digest: vec![0; DIGEST], status: Status::Disabled, expires_at: None }
}

fn entry(written: &str) -> Option<(&str, KnownToken)> {
    let (api_id, rest) = written.split_once('=')?;
    let mut parts = rest.split(';');
    let mut known = KnownToken { digest: digest(parts.next()?)?, status: Status::Active, expires_at: None };
    for part in parts {
        match part.split_once('=') {
            None if part == "disabled" => known.status = Status::Disabled,
            Some(("until", seconds)) => known.expires_at = Some(seconds.parse().ok()?),
            _ => return None,
        }
    }
    Some((api_id, known))
}

fn digest(hex: &str) -> Option<Vec<u8>> {
    let nibbles: Option<Vec<_>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let bytes: Vec<u8> = nibbles?
        .chunks_exact(2)
        .filter_map(|pair| u8::try_from(pair.iter().fold(0, |value, nibble| value * 16 + nibble)).ok())
        .collect();
    (hex.len() == 2 * DIGEST).then_some(bytes)
}
