//! The limit of file descriptors, and the number of connections that it allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors kept for the database, the log and data files.
const RESERVE: u64 = 256;

/// Raises the limit of descriptors to the hard limit. Returns how many of the `wanted`
/// connections fit into all descriptors but [`RESERVE`], or into half of them if that is more.
pub(crate) fn for_connections(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let raised = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        Err(error) => {
            tracing::warn!(%error, "the limit of file descriptors can't be raised");
            limit.current
        }
    };
    let Some(descriptors) = raised else { return wanted }; // without limit
    let possible = usize::try_from(descriptors.saturating_sub(RESERVE).max(descriptors / 2)).unwrap_or(usize::MAX);
    if possible < wanted {
        tracing::warn!(
            "server.max_connections is {wanted}, lowered to {possible}: the process can have {descriptors} file descriptors; \
             raise their hard limit (ulimit -Hn, LimitNOFILE=)"
        );
    }
    wanted.min(possible)
}
