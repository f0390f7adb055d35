//! What the plugins of a configuration reach outside of their sandbox.

use std::sync::Arc;

use wardlet_call::{Entropy, Reach};

/// The randomness of the operating system.
#[derive(Debug)]
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        wardlet_keys::fill(bytes).is_ok()
    }
}

/// What one plugin may reach, so far as a capability is granted too.
pub(crate) fn of() -> Reach {
    Reach {
        entropy: Some(Arc::new(SystemEntropy)),
    }
}
