//! The setting `database`: a directory, or a PostgreSQL database.

use super::value::{NOT_SHOWN, Value};
use jerakia_host::store::Database;
use jerakia_host::store::postgres::{Address, DEFAULT_LEASE};
use serde_json::Value as Json;
use std::ffi::OsStr;

/// Where the tokens are.
#[derive(Clone, Debug)]
pub struct DatabaseLocation {
    pub database: Database,
    has_password: bool,
}

impl DatabaseLocation {
    /// Parses the setting.
    ///
    /// # Errors
    /// A sentence. It never quotes the text, which can have a password in it.
    pub fn parse(text: &OsStr) -> Result<Self, String> {
        let path = |it: &OsStr| Ok(Self { database: Database::Sqlite(it.into()), has_password: false });
        let Some(text) = text.to_str() else { return path(text) };
        if Address::is_one(text) {
            let address = Address::of(text).map_err(|error| error.to_string())?;
            let database = Database::Postgres { address: Box::new(address), lease: DEFAULT_LEASE };
            return Ok(Self { database, has_password: Address::has_password(text) });
        }
        match text.strip_prefix("sqlite:").unwrap_or(text) {
            "" => Err("it is empty".into()),
            it if it.starts_with("postgres:") || it.starts_with("postgresql:") => {
                Err("write it as a URL: postgresql://user@host:port/database".into())
            }
            it if it.starts_with("//") || it.contains("://") => Err("it names another kind of database".into()),
            it if ["host=", "user=", "dbname="].iter().any(|key| it.contains(key)) => {
                Err("write it as a URL: postgresql://user@host:port/database".into())
            }
            it => path(it.as_ref()),
        }
    }
}

impl DatabaseLocation {
    /// Why it can't be on a command line.
    pub fn refused_as_flag(&self) -> Option<&'static str> {
        self.has_password.then_some(
            "it has a password, which every user of this machine could read on a command line: put it into a \
             password file (~/.pgpass, or the one that PGPASSFILE names), or set database in the configuration file",
        )
    }
}

impl Value for DatabaseLocation {
    const IS_SECRET: bool = true;

    fn read(text: &OsStr) -> Option<Self> {
        Self::parse(text).ok()
    }

    fn accepts() -> String {
        "a directory, sqlite:<directory> or postgresql://user@host:port/database".into()
    }

    fn reason(text: &OsStr) -> Option<String> {
        Self::parse(text).err()
    }

    fn refused_as_flag(&self) -> Option<&'static str> {
        Self::refused_as_flag(self)
    }

    /// A password is not shown.
    fn yaml(&self) -> String {
        let text = self.database.to_string();
        let text = if self.has_password { text.replacen('@', &format!(":{NOT_SHOWN}@"), 1) } else { text };
        Json::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<DatabaseLocation, String> {
        DatabaseLocation::parse(text.as_ref())
    }

    #[test]
    fn a_directory_is_the_embedded_database() {
        for text in ["/srv/tokens", "sqlite:/srv/tokens"] {
            assert_eq!(parsed(text).map(|it| it.database), Ok(Database::Sqlite("/srv/tokens".into())));
        }
        for (text, words) in [
            ("", "empty"),
            ("sqlite:", "empty"),
            ("sqlite://srv/tokens", "another kind"),
            ("mysql://app:secret@db/x", "another kind"),
            ("host=db user=app password=secret", "postgresql://"),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(words) && !error.contains("secret"), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_is_neither_shown_nor_a_flag() {
        let with = parsed("postgresql://app:secret@127.0.0.1/x").unwrap();
        assert_eq!(with.yaml(), r#""postgresql://app:(not shown)@127.0.0.1:5432/x""#);
        assert!(with.refused_as_flag().is_some_and(|it| it.contains("PGPASSFILE")));
        assert!(!format!("{with:?}").contains("secret"));
        let without = parsed("postgresql://app@127.0.0.1/x").unwrap();
        assert_eq!(without.yaml(), r#""postgresql://app@127.0.0.1:5432/x""#);
        assert!(without.refused_as_flag().is_none());
    }
}
