//! Random bytes of the operating system.

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::error::KeyError;

/// `N` unpredictable bytes.
///
/// # Errors
/// [`KeyError::Random`] where the operating system gives none.
pub fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// Fills `bytes` with unpredictable ones.
///
/// # Errors
/// [`KeyError::Random`] where the operating system gives none.
pub fn fill(bytes: &mut [u8]) -> Result<(), KeyError> {
    SystemRandom::new()
        .fill(bytes)
        .map_err(|_| KeyError::Random)
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_draws_differ() {
        assert_ne!(
            super::random::<16>().unwrap(),
            super::random::<16>().unwrap()
        );
    }
}
