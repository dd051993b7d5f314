//! The token database of Jerakia 3, to be imported from. It is only read.

use super::error::Cause;
use super::existing::Existing;
use super::files::Location;
use super::{FILE_NAME, StoreError, migrations};
use crate::store::Jerakia3Token;
use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use std::collections::HashSet;
use std::path::Path;

/// The most tokens that are imported at once.
const MAX_TOKENS: usize = 100_000;

/// The tokens in a database of Jerakia 3, sorted by API ID.
///
/// # Errors
/// It is not one, can't be read, or has more than 100,000 tokens.
pub fn read_jerakia3(file: &Path) -> Result<Vec<Jerakia3Token>, StoreError> {
    let location = Location::of(file.to_owned())?;
    let fail = |cause| StoreError::of_file(file, cause);
    let mut existing = Existing::open(location).map_err(|cause| match cause {
        Cause::Missing | Cause::NotADatabase => fail(Cause::NotOfJerakia3),
        cause => fail(cause),
    })?;
    let connection = existing.connection().map_err(fail)?;
    match migrations::version(connection, &migrations::TOKENS) {
        Err(Cause::OfJerakia3) => tokens(connection).map_err(fail),
        Err(Cause::Foreign | Cause::NotADatabase | Cause::Newer { .. }) | Ok(_) => Err(fail(Cause::NotOfJerakia3)),
        Err(cause) => Err(fail(cause)),
    }
}

/// The API IDs of the tokens in `directory`; none where there is no database. Changes
/// nothing.
///
/// # Errors
/// The database can't be read.
pub fn api_ids(directory: &Path) -> Result<HashSet<String>, StoreError> {
    let location = Location::of(directory.join(FILE_NAME))?;
    let named = location.named.clone();
    let read = || {
        let mut existing = match Existing::open(location) {
            Err(Cause::Missing) => return Ok(HashSet::new()),
            existing => existing?,
        };
        let connection = existing.connection()?;
        if migrations::version(connection, &migrations::TOKENS)? == 0 {
            return Ok(HashSet::new());
        }
        let mut select = connection.prepare("SELECT api_id FROM token")?;
        Ok(select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    };
    read().map_err(|cause| StoreError::of_file(&named, cause))
}

fn tokens(connection: &Connection) -> Result<Vec<Jerakia3Token>, Cause> {
    // Cut, as a column of SQLite holds values of any type and length.
    let sql = "SELECT substr(api_id, 1, 65), substr(token, 1, 61), active, substr(last_seen, 1, 40)
        FROM jerakia_server_auth_tokens ORDER BY api_id LIMIT ?1";
    let mut select = connection.prepare(sql)?;
    let all = select.query_map([MAX_TOKENS as i64 + 1], token)?.collect::<Result<Vec<_>, _>>()?;
    if all.len() > MAX_TOKENS { Err(Cause::TooManyOfJerakia3(MAX_TOKENS)) } else { Ok(all) }
}

fn token(row: &Row<'_>) -> rusqlite::Result<Jerakia3Token> {
    Ok(Jerakia3Token {
        api_id: text(row.get_ref(0)?),
        bcrypt: text(row.get_ref(1)?),
        active: is_true(row.get_ref(2)?),
        last_seen: text(row.get_ref(3)?).parse::<Timestamp>().ok().map(Timestamp::as_second),
    })
}

/// Its libraries write text as text or as bytes.
fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    }
}

/// What its libraries write for true. All else, as no value at all, is false to it, too.
fn is_true(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Integer(number) => number == 1,
        value => matches!(&*text(value), "t" | "true"),
    }
}
