//! Where searches leave their room for the next one, without any of them waiting for another.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Scratch;

/// Places for room: more than threads search with one set at a time, so that each has one to itself.
const PLACES: usize = 16;

/// The place of the next thread.
static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The place at which a thread looks first: it finds there what it left.
    static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % PLACES;
}

/// Room that nobody uses. A lock that another thread holds is passed over, never waited for.
#[derive(Debug, Default)]
pub(super) struct Rooms([Mutex<Vec<Scratch>>; PLACES]);

impl Rooms {
    /// Some room: what this thread left, else what another one did.
    pub(super) fn take(&self) -> Option<Scratch> {
        self.places().find_map(|place| place.try_lock().ok()?.pop())
    }

    /// Keeps it. Where every place is held at this moment it is dropped.
    pub(super) fn keep(&self, scratch: Scratch) {
        if let Some(mut place) = self.places().find_map(|place| place.try_lock().ok()) {
            place.push(scratch);
        }
    }

    /// All places, from this thread's own on.
    fn places(&self) -> impl Iterator<Item = &Mutex<Vec<Scratch>>> {
        let own = OWN.with(|own| *own);
        self.0.iter().cycle().skip(own).take(PLACES)
    }
}
