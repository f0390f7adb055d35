//! Capability `secret-use`: secrets that never enter the sandbox. Only their names do.

use std::sync::Arc;

use wardlet_call::{SecretFailure, Secrets};
use wasmtime::Result;

use super::State;
use crate::bindings::secret_use::{Failure, Host};

/// What a function of the interface answers.
type Answer<T> = std::result::Result<T, Failure>;

impl Host for State {
    fn hmac(&mut self, secret: String, data: Vec<u8>) -> Result<Answer<Vec<u8>>> {
        self.meter.host_call()?;
        Ok(self
            .secrets()
            .and_then(|secrets| Ok(secrets.hmac(&secret, &data)?.to_vec())))
    }

    fn attach(&mut self, secret: String) -> Result<Answer<()>> {
        self.meter.host_call()?;
        Ok(self.secrets().and_then(|secrets| {
            secrets.may_attach(&secret, &self.attached)?;
            self.attached.push(secret);
            Ok(())
        }))
    }
}

impl State {
    fn secrets(&self) -> Answer<Arc<dyn Secrets>> {
        let secrets = self.reach().secrets.as_ref();
        secrets.map(Arc::clone).ok_or(Failure::NotGranted)
    }
}

impl From<SecretFailure> for Failure {
    fn from(failure: SecretFailure) -> Self {
        match failure {
            SecretFailure::NotGranted => Failure::NotGranted,
            SecretFailure::TooLarge => Failure::TooLarge,
            SecretFailure::TooMany => Failure::TooMany,
        }
    }
}
