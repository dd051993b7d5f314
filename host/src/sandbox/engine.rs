//! The engine that runs components: a pool of instances with capped memory.

use super::{SandboxError, compilation, ticker};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{Config, CustomCodeMemory, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// The most memory an instance can have, in bytes. The token component uses
/// about 25 KiB, and never grows it.
pub const MEMORY_LIMIT: usize = 1 << 20;

/// The longest an instance can compute before it is stopped. See `ticker.rs`.
pub const DEADLINE: Duration = Duration::from_millis(ticker::TICK.as_millis() as u64 * ticker::DEADLINE_TICKS);

/// The most instances at a time. A decision never waits, so there is at most one per
/// thread. An unused place takes address space but no memory.
pub const INSTANCES: u32 = 256;

/// This many bytes of memory are wiped, rather than returned to the kernel, when an
/// instance is dropped: that saves a system call.
const KEPT_RESIDENT: usize = 64 * 1024;

/// An engine for [`super::Sandbox::of`], with the ticker that counts its deadlines.
///
/// # Errors
/// When the processor or the operating system lacks what wasmtime needs.
pub fn engine() -> Result<Engine, SandboxError> {
    start(compilation::config())
}

/// An engine for [`super::embedded::component_in_place`] alone. It makes no memory executable, and
/// so runs where the operating system forbids that.
///
/// # Errors
/// As [`engine`].
pub(super) fn engine_in_place() -> Result<Engine, SandboxError> {
    let mut config = compilation::config();
    config.with_custom_code_memory(Some(Arc::new(InPlace)));
    start(config)
}

/// For code that is executable already, as the program's own code is.
struct InPlace;

impl CustomCodeMemory for InPlace {
    fn required_alignment(&self) -> usize {
        1
    }

    fn publish_executable(&self, _start: *const u8, _length: usize) -> wasmtime::Result<()> {
        Ok(())
    }

    fn unpublish_executable(&self, _start: *const u8, _length: usize) -> wasmtime::Result<()> {
        Ok(())
    }
}

fn start(mut config: Config) -> Result<Engine, SandboxError> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES)
        .total_memories(INSTANCES)
        .total_tables(INSTANCES)
        .max_memories_per_component(1)
        .max_tables_per_component(1)
        .max_core_instances_per_component(1)
        .max_memory_size(MEMORY_LIMIT)
        .table_elements(1024)
        .linear_memory_keep_resident(KEPT_RESIDENT)
        .table_keep_resident(16 * 1024);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)).wasm_backtrace_max_frames(None); // a trap's name says enough
    let engine = Engine::new(&config)?;
    // Started here, once per engine: two tickers would halve the deadline.
    ticker::start(&engine).map_err(|error| SandboxError::Unusable(format!("no thread for deadlines: {error}")))?;
    Ok(engine)
}
