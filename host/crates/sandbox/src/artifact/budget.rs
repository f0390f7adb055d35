//! What the compilation of one component may cost.

use std::time::Duration;

/// Seconds of processor time for any component. The shipped plugins take well under one; this is
/// room for a busy, slow machine.
const CPU_SECONDS: u64 = 10;

/// Seconds more for each MiB of component. A component of CPython (18 MB) takes some 28, which is 1.6
/// for each MiB; machines five times slower should load it too.
const CPU_SECONDS_PER_MIB: u64 = 8;

/// Wall time over processor time: a machine with six times as much to do as it has cores still compiles
/// what is honest. What takes longer does not compute but waits, and nothing will come of it.
const WALL_FACTOR: u32 = 6;

/// Memory for any component. A component of 1.6 MB (QuickJS) takes under 100 MiB.
const MEMORY: u64 = 256 << 20;

/// Memory more for each MiB of component. One of CPython takes 400 MiB, which is 22 for each MiB.
const MEMORY_PER_MIB: u64 = 48 << 20;

/// Bytes of machine code for any component.
const ARTIFACT: usize = 4 << 20;

/// Bytes of machine code for each byte of component: honest ones need three to six.
const ARTIFACT_FACTOR: usize = 16;

/// Bytes of machine code, whatever the component: what a gateway can well hold in memory.
pub(super) const MAX_ARTIFACT: usize = 512 << 20;

/// What the compilation of one component may cost. It grows with the component, since honest code takes
/// time and memory in proportion, and a small file that takes minutes is no honest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Processor time of all threads together, in whole seconds.
    pub cpu_seconds: u64,
    /// Wall time.
    pub wall: Duration,
    /// Bytes of private memory (`RLIMIT_DATA`), where the system counts them.
    pub memory: u64,
    /// Bytes of machine code.
    pub artifact: usize,
}

impl Budget {
    /// The budget of a component of so many bytes.
    #[must_use]
    pub fn of(bytes: usize) -> Self {
        let mib = u64::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u64::MAX);
        let cpu_seconds = CPU_SECONDS.saturating_add(CPU_SECONDS_PER_MIB.saturating_mul(mib));
        Budget {
            cpu_seconds,
            wall: Duration::from_secs(cpu_seconds).saturating_mul(WALL_FACTOR),
            memory: MEMORY.saturating_add(MEMORY_PER_MIB.saturating_mul(mib)),
            artifact: bytes
                .saturating_mul(ARTIFACT_FACTOR)
                .saturating_add(ARTIFACT)
                .min(MAX_ARTIFACT),
        }
    }
}
