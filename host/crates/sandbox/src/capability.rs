//! What a plugin may import, and what of it has to be granted.

use wardlet_call::Reach;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::{
    clock, counter, document, findings, fs_read, http_fetch, key_value, log, random, rate_limit,
    scan, secret_use,
};
use crate::check::{State, wasi};

/// The contract's package (`wit/`).
pub(crate) const CONTRACT: &str = "wardlet:plugin";

/// The version of the contract that this host speaks.
pub(crate) const CONTRACT_VERSION: &str = "0.1.0";

/// Something that a plugin can do beside reading what it judges. Each is an interface of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// Write to the operator's debug log.
    Log,
    /// See the time at which the check began.
    Clock,
    /// Draw random bytes.
    Random,
    /// Let the host search what is shown for the plugin's own patterns.
    Scan,
    /// Keep entries between checks.
    KeyValue,
    /// Count between checks.
    Counter,
    /// Take from the operator's buckets.
    RateLimit,
    /// Start a language's runtime on a virtual WASI.
    Wasi,
    /// Send requests to the servers that the operator named.
    HttpFetch,
    /// Read below the folders that the operator named.
    FsRead,
    /// Use secrets of the operator without seeing them.
    SecretUse,
}

/// The names of all capabilities, as `grants` in the configuration has them.
pub const CAPABILITIES: &[&str] = &[
    Capability::Log.name(),
    Capability::Clock.name(),
    Capability::Random.name(),
    Capability::Scan.name(),
    Capability::KeyValue.name(),
    Capability::Counter.name(),
    Capability::RateLimit.name(),
    Capability::Wasi.name(),
    Capability::HttpFetch.name(),
    Capability::FsRead.name(),
    Capability::SecretUse.name(),
];

impl Capability {
    /// All of them.
    pub const ALL: [Capability; 11] = [
        Capability::Log,
        Capability::Clock,
        Capability::Random,
        Capability::Scan,
        Capability::KeyValue,
        Capability::Counter,
        Capability::RateLimit,
        Capability::Wasi,
        Capability::HttpFetch,
        Capability::FsRead,
        Capability::SecretUse,
    ];

    /// The capability of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Capability::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Its name, which is that of its interface; for WASI, of its package.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Capability::Log => "log",
            Capability::Clock => "clock",
            Capability::Random => "random",
            Capability::Scan => "scan",
            Capability::KeyValue => "key-value",
            Capability::Counter => "counter",
            Capability::RateLimit => "rate-limit",
            Capability::Wasi => "wasi",
            Capability::HttpFetch => "http-fetch",
            Capability::FsRead => "fs-read",
            Capability::SecretUse => "secret-use",
        }
    }

    /// What it means, for an operator who reads `wardlet check`.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Capability::Log => "writes to the debug log",
            Capability::Clock => "sees the time",
            Capability::Random => "draws random bytes",
            Capability::Scan => "has what it sees searched for its patterns",
            Capability::KeyValue => "keeps entries between checks",
            Capability::Counter => "counts between checks",
            Capability::RateLimit => "takes from buckets",
            Capability::Wasi => {
                "runs on a virtual WASI (output to the debug log; no files, environment or sockets)"
            }
            Capability::HttpFetch => "sends HTTP requests",
            Capability::FsRead => "reads files",
            Capability::SecretUse => "uses secrets without seeing them",
        }
    }

    /// Whether a call of it may wait, for a disk or a network. A plugin that imports one that does
    /// runs on the second engine and on threads of its own.
    #[must_use]
    pub const fn waits(self) -> bool {
        match self {
            Capability::KeyValue
            | Capability::Counter
            | Capability::HttpFetch
            | Capability::FsRead => true,
            Capability::Log
            | Capability::Clock
            | Capability::Random
            | Capability::Scan
            | Capability::RateLimit
            | Capability::Wasi
            | Capability::SecretUse => false,
        }
    }

    /// Whether a call of it changes something that outlives the check. A check with effects is never
    /// run a second time in place of the first.
    #[must_use]
    pub const fn has_effects(self) -> bool {
        match self {
            Capability::KeyValue
            | Capability::Counter
            | Capability::RateLimit
            | Capability::HttpFetch => true,
            Capability::Log
            | Capability::Clock
            | Capability::Random
            | Capability::Scan
            | Capability::Wasi
            | Capability::FsRead
            | Capability::SecretUse => false,
        }
    }

    /// Whether what stands behind it outside of the sandbox is there.
    pub(crate) fn is_within(self, reach: &Reach) -> bool {
        match self {
            Capability::Log | Capability::Clock | Capability::Scan | Capability::Wasi => true,
            Capability::Random => reach.entropy.is_some(),
            Capability::KeyValue | Capability::Counter => reach.store.is_some(),
            Capability::RateLimit => reach.buckets.is_some(),
            Capability::HttpFetch => reach.http.is_some(),
            Capability::FsRead => reach.folders.is_some(),
            Capability::SecretUse => reach.secrets.is_some(),
        }
    }

    /// Links it for stores that hold the state of a check, which `state` finds there.
    pub(crate) fn link<T: 'static>(
        self,
        linker: &mut Linker<T>,
        granted: &[Capability],
        state: fn(&mut T) -> &mut State,
    ) -> wasmtime::Result<()> {
        match self {
            Capability::Log => log::add_to_linker::<_, HasSelf<State>>(linker, state),
            Capability::Clock => clock::add_to_linker::<_, HasSelf<State>>(linker, state),
            Capability::Random => random::add_to_linker::<_, HasSelf<State>>(linker, state),
            Capability::Scan => scan::add_to_linker::<_, HasSelf<State>>(linker, state),
            Capability::KeyValue => key_value::add_to_linker::<_, HasSelf<State>>(linker, state),
            Capability::Counter => counter::add_to_linker::<_, HasSelf<State>>(linker, state),
            Capability::RateLimit => rate_limit::add_to_linker::<_, HasSelf<State>>(linker, state),
            Capability::Wasi => wasi::link(linker, granted, state),
            Capability::HttpFetch => http_fetch::add_to_linker::<_, HasSelf<State>>(linker, state),
            Capability::FsRead => fs_read::add_to_linker::<_, HasSelf<State>>(linker, state),
            Capability::SecretUse => secret_use::add_to_linker::<_, HasSelf<State>>(linker, state),
        }
    }
}

/// Interfaces that every plugin may import: they show only what the grant's projection shows.
pub(crate) const ALWAYS: &[&str] = &["types", "document", "findings"];

/// A linker that holds what is always there and what was granted, and nothing else: a plugin that
/// imports more cannot be linked.
pub(crate) fn linker(
    engine: &wasmtime::Engine,
    granted: &[Capability],
) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    document::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    findings::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    for capability in granted {
        capability.link(&mut linker, granted, |state| state)?;
    }
    Ok(linker)
}
