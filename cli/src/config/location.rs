//! Default locations.

use rustix::fs::{Access, access};
use std::env;
use std::path::{Path, PathBuf};

const SYSTEM_DATABASEDIR: &str = "/var/db/jerakia";
/// Names the configuration file.
pub(super) const VARIABLE: &str = "JERAKIA_CONFIG";
const SYSTEM_FILE: &str = "/etc/jerakia/jerakia.yaml";

/// The configuration file: the one that a flag or a variable names, which must exist, or the
/// system's if that exists.
pub(super) fn configuration_file(flag: Option<&Path>) -> Option<PathBuf> {
    let named = flag.map(Into::into).or_else(|| env::var_os(VARIABLE).map(Into::into));
    named.or_else(|| Path::new(SYSTEM_FILE).exists().then(|| SYSTEM_FILE.into()))
}

/// The system's database directory for a user who can write there; for others a directory of
/// their own (XDG Base Directory Specification).
pub(super) fn databasedir() -> PathBuf {
    let system = Path::new(SYSTEM_DATABASEDIR);
    let nearest = system.ancestors().find(|it| it.exists());
    if nearest.is_some_and(|it| access(it, Access::WRITE_OK).is_ok()) {
        return system.into();
    }
    let own = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|it| it.is_absolute());
    let own = own.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".local/state")));
    own.map_or_else(|| system.into(), |it| it.join("jerakia"))
}
