//! The component's allocator: an arena within its initial memory.
//!
//! A decision allocates a few hundred bytes. The arena is part of the initial memory, so
//! memory never grows. Growing takes a system call, which would be most of what a fresh
//! instance costs.
//!
//! Each block follows the one before it. When the last live block is freed, at the end
//! of every call, the arena wipes what was used and starts over. So a host can call one
//! instance for ever, and its memory holds no secret between calls. An allocation that
//! doesn't fit fails, and the instance traps.

#![allow(unsafe_code)] // `GlobalAlloc` is an unsafe trait

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The arguments of a decision, each as long as it may be, and what it takes to match a grant.
#[cfg(feature = "small-memory")]
const SIZE: usize = 14 * 1024;
/// The rest of one page, in which longer arguments are refused rather than trapped on.
#[cfg(not(feature = "small-memory"))]
const SIZE: usize = 32 * 1024;

struct Arena {
    bytes: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
    live: AtomicUsize,
}

#[global_allocator]
static ARENA: Arena = Arena { bytes: UnsafeCell::new([0; SIZE]), used: AtomicUsize::new(0), live: AtomicUsize::new(0) };

// SAFETY: a component instance has one thread, so nothing is shared.
unsafe impl Sync for Arena {}

// SAFETY: each block lies within `bytes`, is aligned as requested, and starts at or after
// the end of every live block, since `used` shrinks only when no block is live.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = self.bytes.get() as usize;
        let start = (base + self.used.load(Relaxed)).next_multiple_of(layout.align());
        match start.checked_add(layout.size()) {
            Some(end) if end <= base + SIZE => {
                self.used.store(end - base, Relaxed);
                self.live.store(self.live.load(Relaxed) + 1, Relaxed);
                start as *mut u8
            }
            _ => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {
        let live = self.live.load(Relaxed) - 1;
        self.live.store(live, Relaxed);
        if live == 0 {
            // SAFETY: `used` is within `bytes`, and no block is live.
            unsafe { ptr::write_bytes(self.bytes.get().cast::<u8>(), 0, self.used.load(Relaxed)) };
            self.used.store(0, Relaxed);
        }
    }
}
