//! The allocator of a plugin: it moves a mark through the memory that is there.
//!
//! A sandbox lives for one check, so little needs to be freed, and a list of free blocks would be
//! code and memory for nothing. The last block is given back or grown in place, which is what a
//! growing vector or string needs. A batch of leaves is given back as a whole: what is allocated
//! after [`begin_batch`] is counted, and when the last of it is freed the mark goes back. Without
//! that, a redactor would need several times the memory of a large answer.
//!
//! The arena begins where the linker put its end of static data (`__heap_base`); the memory grows
//! only past its first size, since each growth is a system call of the host.
#![allow(unsafe_code, reason = "an allocator deals in addresses")]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::Cell;
use core::ptr;

/// The size of a WebAssembly page in bytes (core specification, section 2.3.8).
const PAGE: usize = 65_536;

unsafe extern "C" {
    /// Put in by the linker: its address is the first byte after stack and static data.
    static __heap_base: u8;
}

#[global_allocator]
static ARENA: Arena = Arena {
    next: Cell::new(0),
    end: Cell::new(0),
    floor: Cell::new(0),
    live: Cell::new(0),
};

/// Says that what is allocated from now on may be given back as a whole, once all of it is freed.
pub(crate) fn begin_batch() {
    ARENA.floor.set(ARENA.next.get());
    ARENA.live.set(0);
}

struct Arena {
    /// The first free byte; 0 before the first allocation, and again where all is freed.
    next: Cell<usize>,
    /// The byte after the last one that the memory has.
    end: Cell<usize>,
    /// Where the batch begins. Blocks below it stay where they are; `next` is never below it.
    floor: Cell<usize>,
    /// The blocks of the batch that are in use.
    live: Cell<usize>,
}

// SAFETY: the target has no threads, so nothing is ever reached from two of them.
unsafe impl Sync for Arena {}

impl Arena {
    /// Makes sure that everything below `end` is there. False where the host refuses to grow.
    fn reaches(&self, end: usize) -> bool {
        if end <= self.end.get() {
            return true;
        }
        let missing = (end - self.end.get()).div_ceil(PAGE);
        // Half as much again saves growths; a limit that forbids that may still allow what is needed.
        for pages in [missing.max(memory_size(0) / 2), missing] {
            if memory_grow(0, pages) != usize::MAX {
                self.end.set(memory_size(0).saturating_mul(PAGE));
                return true;
            }
        }
        false
    }

    fn begin(&self) {
        if self.next.get() == 0 {
            self.next.set((&raw const __heap_base).expose_provenance());
            self.end.set(memory_size(0) * PAGE);
        }
    }

    /// Whether a block may move the mark: it is the last one, and of this batch.
    fn is_last(&self, block: *mut u8, size: usize) -> bool {
        self.is_of_batch(block) && block.addr() + size == self.next.get()
    }

    fn is_of_batch(&self, block: *mut u8) -> bool {
        block.addr() >= self.floor.get()
    }

    /// Counts a block of the batch as freed; with the last one, the mark goes back.
    fn release(&self, block: *mut u8) {
        if self.is_of_batch(block) {
            self.live.set(self.live.get() - 1);
            if self.live.get() == 0 {
                self.next.set(self.floor.get());
            }
        }
    }
}

// SAFETY: blocks are carved from memory that nobody else uses (above `__heap_base`), each from the
// mark upwards with its layout's alignment, so that no two live blocks overlap as long as the mark
// stays above all live blocks. It moves down in two ways. To the start, or within, of the last
// block, by that block's owner. And to the floor, when no block at or above the floor is live:
// `live` counts each of them once, since a block is at or above the floor exactly if it was
// allocated after `begin_batch` set the floor to the mark, and blocks below never pass the floor,
// since they are not grown in place.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.begin();
        let start = self.next.get().checked_next_multiple_of(layout.align());
        let block = start.and_then(|start| Some((start, start.checked_add(layout.size())?)));
        match block {
            Some((start, end)) if self.reaches(end) => {
                self.next.set(end);
                self.live.set(self.live.get() + 1);
                ptr::with_exposed_provenance_mut(start)
            }
            _ => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if self.is_last(block, layout.size()) {
            self.next.set(block.addr());
        }
        self.release(block);
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if self.is_last(block, layout.size()) {
            return match block.addr().checked_add(new_size) {
                Some(end) if self.reaches(end) => {
                    self.next.set(end);
                    block
                }
                _ => ptr::null_mut(),
            };
        }
        if new_size <= layout.size() {
            return block;
        }
        // SAFETY: the caller's size is not zero (contract of `realloc`) and its alignment is the old
        // one, which was valid.
        let moved =
            unsafe { self.alloc(Layout::from_size_align_unchecked(new_size, layout.align())) };
        if !moved.is_null() {
            // SAFETY: both blocks are at least as long as the old size, and do not overlap.
            unsafe { ptr::copy_nonoverlapping(block, moved, layout.size()) };
            self.release(block);
        }
        moved
    }
}
