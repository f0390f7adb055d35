//! Room on the disk: a reserve for what is owed, and how much is left beside it.

use std::io;
use std::sync::Mutex;

use super::files::Store;

/// The file that holds the reserve.
const RESERVE: &str = "reserve";

/// What is kept back for the outcomes of calls that are under way when the disk is full: a thousand
/// ordinary entries, or 64 of the longest.
const RESERVE_BYTES: u64 = 4 << 20;

/// With less than this left, calls that ask for a durable decision are to be refused: the tools
/// with the highest risk stop first, while there is time to make room.
const NEARLY_BYTES: u64 = 64 << 20;

/// With less than this left, every call is to be refused: publishing needs some room too.
const FULL_BYTES: u64 = 16 << 20;

/// How much room the disk of a log has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Enough: 64 MiB or more.
    Plenty,
    /// Less than 64 MiB: refuse calls whose decision is to be durable.
    Nearly,
    /// Less than 16 MiB, or the reserve was spent: refuse all calls.
    Full,
}

impl Room {
    /// What so many free bytes are.
    fn of(free: u64) -> Self {
        match free {
            _ if free < FULL_BYTES => Room::Full,
            _ if free < NEARLY_BYTES => Room::Nearly,
            _ => Room::Plenty,
        }
    }
}

/// The reserve of one log.
pub(super) struct Reserve {
    store: Store,
    held: Mutex<bool>,
}

impl Reserve {
    /// A reserve that was not taken yet.
    pub(super) fn new(store: Store) -> Self {
        Reserve {
            store,
            held: Mutex::new(false),
        }
    }

    /// Gives the reserve back to the disk. Says whether there was one.
    pub(super) fn spend(&self) -> bool {
        let Ok(mut held) = self.held.lock() else {
            return false;
        };
        std::mem::take(&mut *held) && self.store.remove(RESERVE).is_ok()
    }

    /// Takes the reserve where it is not held and the disk has room for it.
    pub(super) fn refill(&self) -> io::Result<()> {
        let Ok(mut held) = self.held.lock() else {
            return Ok(());
        };
        if *held {
            return Ok(());
        }
        // A crash here leaves a file that is shorter than it should be: the next call makes it whole.
        let file = self.store.append(RESERVE)?;
        if file.metadata()?.len() < RESERVE_BYTES {
            if self.free()? < FULL_BYTES + RESERVE_BYTES {
                return Ok(());
            }
            self.store.reserve(&file, RESERVE_BYTES)?;
        }
        *held = true;
        Ok(())
    }

    /// How much room there is. A disk that does not say counts as full.
    pub(super) fn room(&self) -> Room {
        let held = self.held.lock().is_ok_and(|held| *held);
        match self.free() {
            Ok(free) if held => Room::of(free),
            // Without the reserve an outcome may find no room.
            _ => Room::Full,
        }
    }

    /// Bytes that we may still use.
    fn free(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(self.store.folder())?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

#[cfg(test)]
mod tests {
    use super::Room;

    #[test]
    fn room_by_free_bytes() {
        for (mebibytes, room) in [
            (0, Room::Full),
            (15, Room::Full),
            (16, Room::Nearly),
            (63, Room::Nearly),
            (64, Room::Plenty),
            (u64::MAX >> 20, Room::Plenty),
        ] {
            assert_eq!(Room::of(mebibytes << 20), room, "{mebibytes} MiB");
        }
    }
}
