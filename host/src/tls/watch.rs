//! Notices new certificates.

use super::Certificates;
use crate::worker::{Liveness, Worker};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How often the files are read. A new certificate is in force after at most two rounds.
const ROUND: Duration = Duration::from_secs(1);

/// Replaces `certificates` when their files change, until the worker is dropped. The contents
/// are compared, since secrets of container platforms change by symbolic links.
///
/// # Errors
/// When the operating system gives no thread.
pub(crate) fn watch(certificates: Arc<Certificates>) -> io::Result<Worker> {
    Worker::start("certificates", &Liveness::default(), move |stop| {
        while !stop.is_set_within(ROUND) {
            certificates.reload_if_changed();
        }
    })
}
