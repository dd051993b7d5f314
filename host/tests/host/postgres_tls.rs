//! TLS to PostgreSQL: its certificate and host name are checked, and the password is bound to the
//! connection.

use jerakia_harness::{Database, PostgreSql};
use jerakia_host::store::postgres::{Address, PostgresAdmin};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustix::fs::{Gid, Uid, chown};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Turns TLS on, with a certificate for `localhost`, and password logins for the user `app`.
fn secure(database: &Database<'_>, authority: &CertifiedIssuer<'_, KeyPair>) {
    let (server, data) = (database.server(), database.server().data());
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".into()]).unwrap().signed_by(&key, authority).unwrap();
    let owner = fs::metadata(&data).unwrap();
    for (name, text) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let file = data.join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        chown(&file, Some(Uid::from_raw(owner.uid())), Some(Gid::from_raw(owner.gid()))).unwrap();
    }
    let rules = data.join("pg_hba.conf");
    let before = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, format!("host all app all scram-sha-256\n{before}")).unwrap();
    database.psql("CREATE ROLE app LOGIN PASSWORD 'geheim'");
    database.psql(&format!("GRANT CREATE ON DATABASE {} TO app", database.name()));
    database.psql("ALTER SYSTEM SET ssl = on");
    server.stop();
    server.resume();
}

fn file(directory: &Path, name: &str, text: &str) -> PathBuf {
    let file = directory.join(name);
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    file
}

#[test]
fn the_certificate_is_checked_and_the_password_bound_to_it() {
    let (server, directory) = (PostgreSql::start(&[]), tempfile::tempdir().unwrap());
    let (database, ours, other) = (server.database(), authority(), authority());
    let file = |name, text: &str| file(directory.path(), name, text);
    let [root, wrong_root] = [("root.crt", &ours), ("other.crt", &other)].map(|(name, it)| file(name, &it.pem()));
    let [pass, wrong_pass] =
        [("pass", "geheim"), ("wrong", "falsch")].map(|(name, it)| file(name, &format!("*:*:*:app:{it}")));
    let open = |host: &str, root: &Path, pass: &Path| {
        let (port, name) = (server.port(), database.name());
        let parameters = "sslmode=verify-full&channel_binding=require";
        let (root, pass) = (root.display(), pass.display());
        let url = format!("postgresql://app@{host}:{port}/{name}?{parameters}&sslrootcert={root}&passfile={pass}");
        PostgresAdmin::open(&Address::of(&url).unwrap()).map_err(|it| it.to_string())
    };
    let refused = |host, root, pass, words: &str| {
        let error = open(host, root, pass).map(drop).unwrap_err();
        assert!(error.contains(words) && !error.contains("falsch") && !error.contains("geheim"), "{error}");
    };
    refused("localhost", &root, &pass, "can't be reached over TLS (server does not support TLS)");
    secure(&database, &ours);
    let admin = open("localhost", &root, &pass).unwrap();
    assert_eq!(
        database.psql(
            "SELECT DISTINCT ssl, usename FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'app'"
        ),
        "t|app"
    );
    drop(admin);
    refused("127.0.0.1", &root, &pass, "can't be reached over TLS (invalid peer certificate");
    refused("localhost", &wrong_root, &pass, "can't be reached over TLS (invalid peer certificate");
    refused("localhost", &root, &wrong_pass, "does not accept the user or its password");
}
