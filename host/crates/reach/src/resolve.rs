//! From names to addresses, until a deadline.

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Instant;

use wardlet_call::HttpFailure;

/// Look-ups at one time in the whole process. The system's resolver cannot be interrupted, so one that is
/// given up goes on for as long as the system wants (half a minute); without an end a slow name server
/// could be used to gather threads.
const MAX_LOOKUPS: usize = 64;

static LOOKUPS: AtomicUsize = AtomicUsize::new(0);

/// Finds the addresses of a name.
pub trait Resolve: Debug + Send + Sync {
    /// All addresses of a host's name. May block.
    ///
    /// # Errors
    /// Whatever the system says; the plugin is told only that there is no address.
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system: `/etc/hosts`, DNS and what else it is set up for.
#[derive(Debug)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok((host, 0)
            .to_socket_addrs()?
            .map(|address| address.ip())
            .collect())
    }
}

/// One place among the look-ups.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        LOOKUPS
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < MAX_LOOKUPS).then_some(taken + 1)
            })
            .ok()
            .map(|_| Place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        LOOKUPS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Resolves a name on a thread of its own, and comes back at `until` whether it is done or not.
pub(crate) fn lookup(
    resolver: &Arc<dyn Resolve>,
    host: &str,
    until: Instant,
) -> Result<Vec<IpAddr>, HttpFailure> {
    let place = Place::take().ok_or(HttpFailure::Unresolved)?;
    let (sender, receiver) = sync_channel(1);
    let (resolver, host) = (Arc::clone(resolver), host.to_owned());
    std::thread::Builder::new()
        .name("wardlet-resolve".into())
        .spawn(move || {
            let _place = place;
            // Nobody listens any more where the time was over.
            let _ = sender.send(resolver.resolve(&host));
        })
        .map_err(|_| HttpFailure::Unresolved)?;
    match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
        Ok(_) | Err(RecvTimeoutError::Disconnected) => Err(HttpFailure::Unresolved),
        Err(RecvTimeoutError::Timeout) => Err(HttpFailure::TimedOut),
    }
}
