//! The password file of PostgreSQL's own programs: lines of
//! `host:port:database:user:password`, `*` for any, and `\` before a `:` or `\` in a field.
//! <https://www.postgresql.org/docs/current/libpq-pgpass.html>

use super::address::BadAddress;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use zeroize::Zeroizing;

/// Larger files are refused.
const MAX_LEN: u64 = 1 << 20;

/// The password for these: host, port, database and user. A file that is not there has none,
/// unless it must be there.
pub(super) fn password(
    file: &Path,
    must_exist: bool,
    [host, port, database, user]: [&str; 4],
) -> Result<Option<Zeroizing<String>>, BadAddress> {
    let fail = |error: String| BadAddress::PassFile { path: file.to_owned(), error };
    let opened = match File::open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => return Ok(None),
        opened => opened.map_err(|it| fail(it.to_string()))?,
    };
    let metadata = opened.metadata().map_err(|it| fail(it.to_string()))?;
    if metadata.mode() & 0o077 != 0 && fs::metadata(file).is_ok_and(|it| it.is_file()) {
        return Err(fail("others may read it: chmod 600 it".into()));
    }
    let mut text = Zeroizing::new(String::new());
    opened.take(MAX_LEN).read_to_string(&mut text).map_err(|it| fail(it.to_string()))?;
    Ok(text.lines().filter(|it| !it.starts_with('#')).find_map(|line| {
        let [its_host, its_port, its_database, its_user, password] = fields(line)?;
        let is = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        // As libpq has it: a socket's host is its directory, or `localhost`.
        let host = is(&its_host, host) || host.starts_with('/') && *its_host == "localhost";
        (host && is(&its_port, port) && is(&its_database, database) && is(&its_user, user)).then_some(password)
    }))
}

/// The five fields of a line, unescaped. The password is the rest of the line.
fn fields(line: &str) -> Option<[Zeroizing<String>; 5]> {
    let mut fields: [Zeroizing<String>; 5] = Default::default();
    let (mut at, mut chars) = (0, line.chars());
    while let Some(char) = chars.next() {
        match char {
            ':' if at < 4 => at += 1,
            '\\' => fields.get_mut(at)?.push(chars.next()?),
            char => fields.get_mut(at)?.push(char),
        }
    }
    (at == 4).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn the_first_line_that_matches_has_the_password() {
        let text = "# a comment\ndb1:5432:other:me:wrong\ndb1:*:*:me:a\\:b:c\\\\d\n*:*:*:*:last\nlocalhost:1:*:*:never";
        let file = file(text, 0o600);
        let of = |host, user| password(file.path(), true, [host, "5432", "tokens", user]).unwrap().unwrap();
        assert_eq!(*of("db1", "me"), "a:b:c\\d");
        assert_eq!(*of("db2", "me"), "last");
    }

    #[test]
    fn a_socket_is_named_by_its_directory_or_as_localhost() {
        let file = file("localhost:*:*:*:socket", 0o600);
        let of = |host| password(file.path(), true, [host, "5432", "tokens", "me"]).unwrap();
        assert_eq!(of("/run/postgresql").as_deref().map(String::as_str), Some("socket"));
        assert_eq!(of("db1"), None);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_without_its_contents() {
        let error = password(file("*:*:*:*:secret", 0o640).path(), false, [""; 4]).unwrap_err().to_string();
        assert!(error.contains("chmod 600") && !error.contains("secret"), "{error}");
        assert!(password(Path::new("/nonexistent"), true, [""; 4]).is_err());
        assert!(password(Path::new("/nonexistent"), false, [""; 4]).unwrap().is_none());
    }
}
