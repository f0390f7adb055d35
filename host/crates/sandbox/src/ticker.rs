//! The clock of deadlines: a thread that advances the engine's epoch while checks run.
//!
//! It sleeps for good while nothing runs, so an idle gateway wakes nobody, and a check pays two
//! atomic operations for it; only the first check after an idle second wakes the thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// How often the epoch advances: the precision of deadlines.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// How many ticks without a check before the thread goes to sleep: one second.
const IDLE_TICKS: u32 = 200;

#[derive(Debug)]
struct Shared {
    /// Checks begun, ever. The thread compares it with what it saw before.
    begun: AtomicU64,
    /// Checks under way.
    running: AtomicU64,
    asleep: AtomicBool,
    stop: AtomicBool,
}

/// Owns the thread; it ends with the last owner.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

impl Ticker {
    pub(crate) fn start(engine: Engine) -> std::io::Result<Self> {
        Self::start_with(engine, TICK, IDLE_TICKS)
    }

    fn start_with(engine: Engine, every: Duration, idle_ticks: u32) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            begun: AtomicU64::new(0),
            running: AtomicU64::new(0),
            asleep: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let handle = thread::Builder::new().name("wardlet-epoch".into()).spawn({
            let shared = Arc::clone(&shared);
            move || tick(&engine, &shared, every, idle_ticks)
        })?;
        Ok(Ticker {
            shared,
            thread: handle.thread().clone(),
        })
    }

    /// Makes sure that the epoch advances for as long as the returned value lives.
    pub(crate) fn running(&self) -> Running<'_> {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        self.shared.begun.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Running(&self.shared)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// A check under way.
pub(crate) struct Running<'a>(&'a Shared);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(engine: &Engine, shared: &Shared, every: Duration, idle_ticks: u32) {
    let mut idle = 0;
    let mut seen = 0;
    while !shared.stop.load(Ordering::SeqCst) {
        let begun = shared.begun.load(Ordering::SeqCst);
        let busy = begun != seen || shared.running.load(Ordering::SeqCst) > 0;
        seen = begun;
        idle = if busy { 0 } else { idle + 1 };
        if idle < idle_ticks {
            thread::sleep(every);
            engine.increment_epoch();
            continue;
        }
        // A check that begins after this store sees it and wakes us; one that began before it is
        // seen here. Either way no check runs without ticks.
        shared.asleep.store(true, Ordering::SeqCst);
        while shared.running.load(Ordering::SeqCst) == 0
            && shared.begun.load(Ordering::SeqCst) == seen
            && !shared.stop.load(Ordering::SeqCst)
        {
            thread::park();
        }
        shared.asleep.store(false, Ordering::SeqCst);
        idle = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::{Duration, Instant};

    use wasmtime::{Instance, Module, Store, Trap};

    use super::Ticker;

    /// Each round waits until the thread is asleep, and then runs a loop for ever that only a tick can end.
    #[test]
    fn whoever_begins_while_it_sleeps_wakes_it() {
        let engine = crate::engine::new_engine().unwrap();
        let text = "(module (func (export \"f\") (loop $forever (br $forever))))";
        let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        let ticker = Ticker::start_with(engine.clone(), Duration::from_micros(200), 1).unwrap();
        let patience = Instant::now();
        for round in 0..500 {
            while !ticker.shared.asleep.load(Ordering::SeqCst) {
                assert!(
                    patience.elapsed() < Duration::from_secs(60),
                    "never asleep in round {round}"
                );
                std::thread::yield_now();
            }
            let _running = ticker.running();
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(2);
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let forever = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
            let stopped = forever.call(&mut store, ()).unwrap_err();
            assert_eq!(stopped.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
        }
    }

    /// Races the thread on its way to sleep, which is where a wake-up could be lost.
    #[test]
    fn whoever_begins_while_it_falls_asleep_is_seen() {
        let engine = crate::engine::new_engine().unwrap();
        let ticker = Ticker::start_with(engine.clone(), Duration::from_micros(50), 1).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(1);
        let text = "(module (func (export \"f\") (loop $forever (br $forever))))";
        let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let forever = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
        for _ in 0..2_000 {
            let _running = ticker.running();
            store.set_epoch_deadline(1);
            forever.call(&mut store, ()).unwrap_err();
        }
    }
}
