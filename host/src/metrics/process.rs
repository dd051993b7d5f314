//! The process, by the names that Prometheus's own libraries use; from /proc.

use super::page::Page;
use procfs::process::{LimitValue, Process};
use procfs::{ProcResult, boot_time_secs, page_size, ticks_per_second};
use std::fmt;

/// What /proc says.
struct Use {
    processor_seconds: f64,
    resident: u64,
    virtual_memory: u64,
    open_files: usize,
    most_files: Option<u64>,
    threads: i64,
    started_at: f64,
}

pub(super) fn write(page: &mut Page<'_>) -> fmt::Result {
    let info = concat!("The version of the program: ", env!("CARGO_PKG_VERSION"));
    page.gauges("jerakia_build_info", info, [([("version", env!("CARGO_PKG_VERSION"))], 1)])?;
    let Ok(used) = Use::now() else { return Ok(()) };
    let count = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
    page.counter("process_cpu_seconds", "Processor time, user and system", used.processor_seconds)?;
    page.gauge("process_resident_memory_bytes", "Memory in use", count(used.resident))?;
    page.gauge("process_virtual_memory_bytes", "Address space: most of it is never used", count(used.virtual_memory))?;
    page.gauge("process_open_fds", "Open file descriptors", count(used.open_files as u64))?;
    if let Some(most) = used.most_files {
        page.gauge("process_max_fds", "The most file descriptors that can be open", count(most))?;
    }
    page.gauge("process_threads", "Threads", used.threads)?;
    page.gauge("process_start_time_seconds", "When the process started, since the epoch", used.started_at)
}

impl Use {
    fn now() -> ProcResult<Self> {
        let process = Process::myself()?;
        let (stat, ticks) = (process.stat()?, ticks_per_second() as f64);
        let most_files = match process.limits()?.max_open_files.soft_limit {
            LimitValue::Value(most) => Some(most),
            LimitValue::Unlimited => None,
        };
        Ok(Self {
            processor_seconds: (stat.utime + stat.stime) as f64 / ticks,
            resident: stat.rss.saturating_mul(page_size()),
            virtual_memory: stat.vsize,
            open_files: process.fd_count()?,
            most_files,
            threads: stat.num_threads,
            started_at: boot_time_secs()? as f64 + stat.starttime as f64 / ticks,
        })
    }
}
