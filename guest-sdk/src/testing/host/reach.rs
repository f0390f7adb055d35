//! The imports that reach outside of the sandbox, backed by what the test put there.

pub(crate) mod key_value {
    use super::super::with;
    use crate::key_value::Failure;

    pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Failure> {
        with(|behind| {
            let value = behind.outside.get(key, behind.now)?;
            let length = value.as_ref().map_or(0, Vec::len);
            behind.spend(length).map_err(|_| Failure::TooLarge)?;
            Ok(value)
        })
    }

    pub(crate) fn set(key: &str, value: &[u8], lifetime: Option<u64>) -> Result<(), Failure> {
        let entry = (value, lifetime);
        with(|behind| behind.outside.set(key, entry, false, behind.now)).map(drop)
    }

    pub(crate) fn insert(key: &str, value: &[u8], lifetime: Option<u64>) -> Result<bool, Failure> {
        let entry = (value, lifetime);
        with(|behind| behind.outside.set(key, entry, true, behind.now))
    }

    pub(crate) fn delete(key: &str) -> Result<bool, Failure> {
        with(|behind| behind.outside.delete(key, behind.now))
    }
}

pub(crate) mod counter {
    use super::super::with;
    use crate::counter::Failure;

    pub(crate) fn add(key: &str, delta: i64, window: Option<u64>) -> Result<i64, Failure> {
        with(|behind| behind.outside.add(key, delta, window, behind.now))
    }

    pub(crate) fn get(key: &str) -> Result<i64, Failure> {
        with(|behind| behind.outside.count(key, behind.now))
    }
}

pub(crate) mod rate_limit {
    use crate::rate_limit::{Failure, Outcome};

    pub(crate) fn take(bucket: &str, amount: u32) -> Result<Outcome, Failure> {
        super::super::with(|behind| behind.outside.take(bucket, amount))
    }
}

pub(crate) mod http_fetch {
    use super::super::with;
    use crate::http_fetch::{Failure, Request, Response};

    /// Requests of one check, where the operator says nothing (contract, `http-fetch`).
    const MAX_REQUESTS: u32 = 4;

    pub(crate) fn fetch(request: &Request) -> Result<Response, Failure> {
        with(|behind| {
            let attached = std::mem::take(&mut behind.attached);
            if behind.requests >= MAX_REQUESTS {
                return Err(Failure::TooMany);
            }
            behind.requests += 1;
            let response = behind.outside.fetch(request, attached)?;
            let texts = response.headers.iter();
            let texts: usize = texts.map(|h| h.name.len() + h.value.len()).sum();
            behind
                .spend(texts + response.body.len())
                .map_err(|_| Failure::TooLarge)?;
            Ok(response)
        })
    }
}

pub(crate) mod fs_read {
    use super::super::with;
    use crate::fs_read::{Entry, Failure, Status};

    pub(crate) fn read(folder: &str, path: &str) -> Result<Vec<u8>, Failure> {
        with(|behind| {
            let bytes = behind.outside.read(folder, path)?;
            behind.spend(bytes.len()).map_err(|_| Failure::TooLarge)?;
            Ok(bytes)
        })
    }

    pub(crate) fn list(folder: &str, path: &str) -> Result<Vec<Entry>, Failure> {
        with(|behind| {
            let entries = behind.outside.list(folder, path)?;
            let bytes = entries.iter().map(|entry| entry.name.len()).sum();
            behind.spend(bytes).map_err(|_| Failure::TooLarge)?;
            Ok(entries)
        })
    }

    pub(crate) fn stat(folder: &str, path: &str) -> Result<Status, Failure> {
        with(|behind| behind.outside.stat(folder, path))
    }
}

pub(crate) mod secret_use {
    use super::super::with;
    use crate::secret_use::Failure;

    pub(crate) fn hmac(secret: &str, data: &[u8]) -> Result<Vec<u8>, Failure> {
        with(|behind| behind.outside.hmac(secret, data))
    }

    pub(crate) fn attach(secret: &str) -> Result<(), Failure> {
        with(|behind| {
            behind.outside.attach(secret, &behind.attached)?;
            behind.attached.push(secret.to_owned());
            Ok(())
        })
    }
}
