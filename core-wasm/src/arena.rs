//! Memory for the component: an arena that is part of its initial memory.
//!
//! A decision allocates a few hundred bytes. Taking them from memory that is there
//! from the start means that the memory never grows, so that a fresh
//! instance costs no system call, which is most of what it would cost otherwise.
//!
//! Blocks are only ever laid behind one another. When the last one is freed, at
//! the end of every call, what was used is wiped and the arena starts over: a
//! host that keeps an instance can call it for ever, and finds no secret in its
//! memory between calls. An allocation that does not fit fails, and the instance
//! traps.

#![allow(unsafe_code)] // a global allocator can't be written without

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const SIZE: usize = 32 * 1024;

struct Arena {
    bytes: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
    live: AtomicUsize,
}

#[global_allocator]
static ARENA: Arena = Arena { bytes: UnsafeCell::new([0; SIZE]), used: AtomicUsize::new(0), live: AtomicUsize::new(0) };

// SAFETY: a component instance has one thread; nothing is shared.
unsafe impl Sync for Arena {}

// SAFETY: each block lies within `bytes`, is aligned as asked for, and begins at or
// behind the end of every live one, since `used` shrinks only when none is live.
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
            // SAFETY: `used` bytes of `bytes` were handed out, and none is in use.
            unsafe { ptr::write_bytes(self.bytes.get().cast::<u8>(), 0, self.used.load(Relaxed)) };
            self.used.store(0, Relaxed);
        }
    }
}
