//! Why a component was not compiled.

use std::io;

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The compiler refuses it, or no sandbox has room for it.
    #[error("{0}")]
    Refused(String),
    /// It takes more processor time than its size allows.
    #[error("takes more than {0} s of processor time")]
    CpuTime(u64),
    /// It takes more wall time than its size allows.
    #[error("takes more than {0} s")]
    WallTime(u64),
    /// It takes more memory than its size allows.
    #[error("takes more than {} MiB of memory", .0 >> 20)]
    Memory(u64),
    /// Its machine code is larger than its size allows.
    #[error("becomes more than {} MiB of machine code", .0 >> 20)]
    Artifact(usize),
    /// The compiler was ended from outside.
    #[error("the compiler was killed (signal {0})")]
    Killed(i32),
    /// The compiler failed by a mistake of its own.
    #[error("the compiler crashed ({0})")]
    Crashed(String),
    /// The compiler gave something else than a whole answer for this engine.
    #[error("the compiler gave no whole answer: {0}")]
    Answer(&'static str),
    /// There is no process for the compiler.
    #[error("the compiler cannot be started: {0}")]
    Start(io::Error),
}

impl CompileError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::CpuTime(_) | Self::WallTime(_) | Self::Memory(_) | Self::Artifact(_) => {
                "honest components of this size need a fraction of that: ask its author, and do not trust it"
            }
            Self::Killed(_) => {
                "if nobody killed it, the system may be out of memory: see its log, and try again"
            }
            Self::Crashed(_) => {
                "the component may be made to do that; `--log wardlet_sandbox=debug` shows what the compiler said"
            }
            Self::Start(_) => {
                "the gateway starts its own program again as the compiler: let this user have one more process"
            }
            Self::Refused(_) | Self::Answer(_) => return None,
        })
    }
}
