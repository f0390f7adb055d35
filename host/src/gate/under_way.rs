//! How many calls are between their first step and their last.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts calls under way.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderWay(Arc<AtomicU64>);

/// One call under way, for as long as it lives.
#[derive(Debug)]
pub(super) struct OneUnderWay(Arc<AtomicU64>);

impl UnderWay {
    pub(super) fn begin(&self) -> OneUnderWay {
        self.0.fetch_add(1, Ordering::Relaxed);
        OneUnderWay(Arc::clone(&self.0))
    }

    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for OneUnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
