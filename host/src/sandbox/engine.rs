//! The engine that runs components: a pool of instances with capped memory.

use super::{SandboxError, compilation, ticker};
use std::time::Duration;
use wasmtime::{Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How much memory an instance may have, in bytes. The token component has, and
/// keeps to, one page of 64 KiB.
pub const MEMORY_LIMIT: usize = 1 << 20;

/// How long an instance may compute: it is stopped at the latest after this.
pub const DEADLINE: Duration = Duration::from_millis(ticker::TICK.as_millis() as u64 * ticker::DEADLINE_TICKS);

/// How many instances there may be at a time. A decision never waits for anything,
/// so there is at most one a thread; what it takes is address space, not memory.
const INSTANCES: u32 = 256;

/// Memory of this size is wiped by hand when an instance is dropped, rather than
/// given back to the kernel: a system call less.
const KEPT_RESIDENT: usize = 64 * 1024;

/// An engine for [`super::Sandbox::of`], with the one ticker that deadlines are
/// counted by.
///
/// # Errors
/// When the processor or the operating system lacks what wasmtime needs.
pub fn engine() -> Result<Engine, SandboxError> {
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
    let mut config = compilation::config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)).wasm_backtrace_max_frames(None); // a trap's name says enough
    let engine = Engine::new(&config)?;
    // Here, as two for one engine would halve the time that is given.
    ticker::start(&engine).map_err(|error| SandboxError::Unusable(format!("no thread for deadlines: {error}")))?;
    Ok(engine)
}
