//! The address of a PostgreSQL database: a URL as libpq takes it, and what libpq reads from
//! the environment. <https://www.postgresql.org/docs/current/libpq-connect.html>

use super::{passfile, tls};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

/// An address, with everything that a connection to it needs.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
    named: String,
}

/// Why a text is not the address of a PostgreSQL database. It never quotes the text, which can
/// have a password in it.
#[derive(Debug, thiserror::Error)]
pub enum BadAddress {
    /// It is malformed.
    #[error("the address of the database is malformed ({0}): write it as postgresql://user@host:port/database")]
    Malformed(String),
    /// It may go unencrypted.
    #[error(
        "the address of the database has sslmode={0}: use verify-full, or disable; the others may go unencrypted without a word"
    )]
    SslMode(String),
    /// The password file can't be used.
    #[error("the password file {} can't be used: {error}", path.display())]
    PassFile {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        error: String,
    },
    /// A file for TLS can't be used.
    #[error("the file {} of the database's address can't be used: {error}", path.display())]
    TlsFile {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        error: String,
    },
    /// There are no certificates to check the server's with.
    #[error(
        "no certificates of authorities are installed on this system: name a file with sslrootcert=<file> in the database's address"
    )]
    NoAuthorities,
}

/// Where libpq of Debian, and the server, put the socket.
const SOCKET: &str = "/var/run/postgresql";

/// The parameters that are for us and not for the driver.
#[derive(Default)]
struct Ours {
    sslmode: Option<String>,
    sslrootcert: Option<String>,
    sslcert: Option<String>,
    sslkey: Option<String>,
    passfile: Option<String>,
}

impl Address {
    /// Whether `text` is an address of this kind.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with("postgresql://") || text.starts_with("postgres://")
    }

    /// Whether `url` contains a password: then it does not belong on a command line.
    #[must_use]
    pub fn has_password(url: &str) -> bool {
        url.parse::<Config>().is_ok_and(|it| it.get_password().is_some())
            || url
                .split_once('?')
                .is_some_and(|(_, query)| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "password"))
            || url.split_once("://").is_some_and(|(_, rest)| {
                let authority = rest.split(['/', '?']).next().unwrap_or_default();
                authority.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'))
            })
    }

    /// The address `url`. What it does not say is taken from the environment of the process, as
    /// libpq does: PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGPASSFILE, PGSSLMODE,
    /// PGSSLROOTCERT, PGSSLCERT, PGSSLKEY, PGCHANNELBINDING, PGCONNECT_TIMEOUT, PGAPPNAME.
    ///
    /// # Errors
    /// See [`BadAddress`].
    pub fn of(url: &str) -> Result<Self, BadAddress> {
        Self::with_environment(url, &|name| std::env::var(name).ok().filter(|it| !it.is_empty()))
    }

    fn with_environment(url: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadAddress> {
        let (mut config, ours) = parse(&with_port(url, variable("PGPORT"))?)?;
        complete(&mut config, variable)?;
        let tls = transport(&mut config, &ours, variable)?;
        let host = match (config.get_hosts().first(), config.get_hostaddrs().first()) {
            (Some(host), _) => text(host),
            (None, Some(address)) => address.to_string(),
            (None, None) => SOCKET.into(),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
        let user = config.get_user().unwrap_or_default().to_owned();
        let database = config.get_dbname().unwrap_or(&user).to_owned();
        if config.get_password().is_none() {
            let named = ours.passfile.or_else(|| variable("PGPASSFILE"));
            let default = || variable("HOME").map(|home| Path::new(&home).join(".pgpass"));
            if let Some(file) = named.clone().map(PathBuf::from).or_else(default) {
                let found = passfile::password(&file, named.is_some(), [&host, &port, &database, &user])?;
                found.map(|it| config.password(it.as_bytes()));
            }
        }
        let hosts: Vec<_> = config.get_hosts().iter().map(text).collect();
        let hosts = if hosts.is_empty() { host } else { hosts.join(",") };
        Ok(Self { config, tls, named: format!("postgresql://{user}@{hosts}:{port}/{database}") })
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config
    }
}

impl Eq for Address {}

/// Without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.named)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.named).finish()
    }
}

/// Adds PGPORT to a URL that names one host and no port: the driver would take its default.
fn with_port(url: &str, port: Option<String>) -> Result<String, BadAddress> {
    let Some((scheme, rest)) = url.split_once("://") else { return Ok(url.into()) };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if authority.matches('@').count() > 1 {
        return Err(BadAddress::Malformed("it has more than one @: one in a password is written %40".into()));
    }
    let host = authority.rsplit('@').next().unwrap_or_default();
    let names_none = !host.is_empty() && !host.contains(',') && (host.ends_with(']') || !host.contains(':'));
    match port.filter(|_| names_none) {
        Some(port) => Ok(format!("{scheme}://{authority}:{port}{path}")),
        None => Ok(url.into()),
    }
}

/// Separates the parameters that the driver does not know.
fn parse(url: &str) -> Result<(Config, Ours), BadAddress> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut ours, mut theirs) = (Ours::default(), form_urlencoded::Serializer::new(String::new()));
    for (name, value) in form_urlencoded::parse(query.replace('+', "%2B").as_bytes()) {
        let own = match &*name {
            "sslmode" => &mut ours.sslmode,
            "sslrootcert" => &mut ours.sslrootcert,
            "sslcert" => &mut ours.sslcert,
            "sslkey" => &mut ours.sslkey,
            "passfile" => &mut ours.passfile,
            _ => {
                theirs.append_pair(&name, &value);
                continue;
            }
        };
        *own = Some(value.into_owned());
    }
    // In a URL of libpq a space is %20, and + is itself.
    let query = theirs.finish().replace('+', "%20");
    let url = if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") };
    let config = url.parse::<Config>().map_err(|error| {
        let source = std::error::Error::source(&error).map(|it| format!(": {it}")).unwrap_or_default();
        BadAddress::Malformed(format!("{error}{source}"))
    })?;
    Ok((config, ours))
}

/// Adds what the URL doesn't say.
fn complete(config: &mut Config, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), BadAddress> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        for host in variable("PGHOST").as_deref().unwrap_or(SOCKET).split(',') {
            config.host(host);
        }
    }
    if let Some(port) = variable("PGPORT").filter(|_| config.get_ports().is_empty()) {
        let malformed = || BadAddress::Malformed("PGPORT is not a port".into());
        config.port(port.parse().map_err(|_| malformed())?);
    }
    if config.get_user().is_none() {
        match variable("PGUSER").or_else(|| variable("USER")).or_else(|| variable("LOGNAME")) {
            Some(user) => config.user(user),
            None => return Err(BadAddress::Malformed("it names no user, and neither does PGUSER".into())),
        };
    }
    if let Some(database) = variable("PGDATABASE").filter(|_| config.get_dbname().is_none()) {
        config.dbname(database);
    }
    if let Some(password) = variable("PGPASSWORD").filter(|_| config.get_password().is_none()) {
        config.password(password);
    }
    if config.get_application_name().is_none() {
        config.application_name(variable("PGAPPNAME").unwrap_or_else(|| "jerakia".into()));
    }
    if config.get_connect_timeout().is_none() {
        let seconds = variable("PGCONNECT_TIMEOUT").and_then(|it| it.parse().ok()).filter(|it| *it > 0);
        config.connect_timeout(Duration::from_secs(seconds.unwrap_or(5)));
    }
    // A partner that is gone without a word is noticed within about these times.
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(5));
    }
    config.keepalives(true);
    if config.get_keepalives_interval().is_none() {
        config
            .keepalives_idle(Duration::from_secs(5))
            .keepalives_interval(Duration::from_secs(1))
            .keepalives_retries(3);
    }
    // Of several hosts, the primary.
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    Ok(())
}

/// Whether and how connections are encrypted.
fn transport(
    config: &mut Config,
    ours: &Ours,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<MakeRustlsConnect, BadAddress> {
    let given = |own: &Option<String>, name| own.clone().or_else(|| variable(name));
    if let Some("require") = variable("PGCHANNELBINDING").as_deref() {
        config.channel_binding(ChannelBinding::Require);
    }
    let mode = given(&ours.sslmode, "PGSSLMODE");
    let mode = match mode.as_deref() {
        None if is_local(config) => SslMode::Disable,
        Some("disable") => SslMode::Disable,
        // Nothing less than a checked certificate: without one, anybody in between can read along.
        None | Some("verify-full" | "verify-ca" | "require") => SslMode::Require,
        Some(other) => return Err(BadAddress::SslMode(other.into())),
    };
    config.ssl_mode(mode);
    let roots = given(&ours.sslrootcert, "PGSSLROOTCERT");
    let own = given(&ours.sslcert, "PGSSLCERT").zip(given(&ours.sslkey, "PGSSLKEY"));
    let own = own.map(|(certificate, key)| [certificate, key].map(PathBuf::from));
    if mode == SslMode::Disable {
        return Ok(tls::unused());
    }
    let home = variable("HOME").map(|home| Path::new(&home).join(".postgresql/root.crt")).filter(|it| it.is_file());
    let roots = match roots.as_deref() {
        Some("system") => None,
        Some(file) => Some(PathBuf::from(file)),
        None => home,
    };
    tls::verified(roots.as_deref(), own.as_ref())
}

/// Whether all hosts are this machine.
fn is_local(config: &Config) -> bool {
    let local = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback()),
        Host::Unix(_) => true,
    };
    let addresses = config.get_hostaddrs();
    if addresses.is_empty() {
        config.get_hosts().iter().all(local)
    } else {
        addresses.iter().all(|it| it.is_loopback())
    }
}

fn text(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str, environment: &[(&str, &str)]) -> Result<Address, BadAddress> {
        Address::with_environment(url, &|name| {
            environment.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_completes_a_url() {
        let environment = [("PGUSER", "me"), ("PGPASSWORD", "secret"), ("PGHOST", "/tmp"), ("PGPORT", "5433")];
        let found = address("postgresql:///tokens", &environment).unwrap();
        assert_eq!(found.to_string(), "postgresql://me@/tmp:5433/tokens");
        assert_eq!(found.config.get_password(), Some(&b"secret"[..]));
        assert!(!format!("{found:?}").contains("secret"));
        let named = address("postgresql://you:other@127.0.0.1/tokens?application_name=a+b", &environment).unwrap();
        assert_eq!(named.to_string(), "postgresql://you@127.0.0.1:5433/tokens");
        assert_eq!(named.config.get_password(), Some(&b"other"[..]));
        assert_eq!(named.config.get_application_name(), Some("a+b"));
    }

    #[test]
    fn a_certificate_is_checked_unless_the_address_is_local() {
        let mode = |url: &str| address(url, &[("PGUSER", "me")]).map(|it| it.config.get_ssl_mode());
        for local in ["postgresql:///tokens", "postgresql://localhost/t", "postgresql://127.0.0.1,[::1]/t"] {
            assert_eq!(mode(local).unwrap(), SslMode::Disable, "{local}");
        }
        for remote in
            ["postgresql://db1/t", "postgresql://localhost,db1/t", "postgresql://localhost/t?sslmode=verify-full"]
        {
            assert!(matches!(mode(remote), Ok(SslMode::Require) | Err(BadAddress::NoAuthorities)), "{remote}");
        }
        assert_eq!(mode("postgresql://db1/t?sslmode=disable").unwrap(), SslMode::Disable);
        let error = mode("postgresql://db1/t?sslmode=prefer").unwrap_err().to_string();
        assert!(error.contains("sslmode=prefer: use verify-full"), "{error}");
    }

    #[test]
    fn errors_never_quote_a_password() {
        for bad in
            ["postgresql://me:secret@h:port/t", "postgresql://me:secret@h/t?x=1", "postgresql://me:pass@secret@h/t"]
        {
            let error = address(bad, &[]).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_found() {
        for with in ["postgresql://me:s@h/t", "postgresql://h/t?password=s", "postgresql://me:s@h:bad/t"] {
            assert!(Address::has_password(with), "{with}");
        }
        assert!(!Address::has_password("postgresql://me@h:5432/t?passfile=/f"));
    }
}
