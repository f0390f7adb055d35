//! From names to addresses, until a deadline.

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Instant;

use wardlet_call::HttpFailure;

/// Look-ups of one client at one time: a plugin has at most 16 checks under way, each with one look-up, so that
/// none meets this while its name server answers. The system's resolver cannot be interrupted, so a look-up
/// that is given up keeps its place for as long as the system wants (half a minute).
const MAX_OWN: usize = 16;

/// Look-ups at one time in the whole process, each a thread that waits: without an end, plugins with dead name
/// servers could gather them. It takes sixteen such plugins until the look-ups of others fail.
const MAX_ALL: usize = 16 * MAX_OWN;

static ALL: Lookups = Lookups(AtomicUsize::new(0));

/// How many look-ups are under way.
#[derive(Debug, Default)]
pub(crate) struct Lookups(AtomicUsize);

impl Lookups {
    fn take(&self, most: usize) -> bool {
        let more = |taken| (taken < most).then_some(taken + 1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        self.0.fetch_update(set, fetch, more).is_ok()
    }

    fn give_back(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

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

/// One place among the look-ups of a client, and of the process.
struct Place(Arc<Lookups>);

impl Place {
    fn take(own: &Arc<Lookups>) -> Result<Self, HttpFailure> {
        if !own.take(MAX_OWN) {
            return Err(HttpFailure::TooMany);
        }
        if !ALL.take(MAX_ALL) {
            own.give_back();
            return Err(HttpFailure::Unresolved);
        }
        Ok(Place(Arc::clone(own)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.give_back();
        ALL.give_back();
    }
}

/// Resolves a name on a thread of its own, and comes back at `until` whether it is done or not. `own` are the
/// look-ups of the client that asks.
pub(crate) fn lookup(
    resolver: &Arc<dyn Resolve>,
    own: &Arc<Lookups>,
    host: &str,
    until: Instant,
) -> Result<Vec<IpAddr>, HttpFailure> {
    let place = Place::take(own)?;
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
