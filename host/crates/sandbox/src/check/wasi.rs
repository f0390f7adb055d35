//! Capability `wasi`: the little of WASI 0.2 without which the runtimes of some languages do not
//! start. There is an output, which goes to the debug log, and a closed input; an environment, which is
//! empty; a filesystem without a folder; and, where the grant has `clock` and `random` too, their
//! snapshot and their bytes. Nothing here waits, and there are no sockets.

mod cli;
mod clocks;
mod files;
mod random;
mod streams;

use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime::{Error, Result, Trap};

use super::State;
use crate::bindings::wasi::wasi as bindings;
use crate::capability::Capability;
use crate::fault::Overrun;
use crate::limits::Limit;

/// The minor version whose interfaces these are. A plugin may ask for any patch of it.
const VERSION: &str = "0.2.";

/// What one check uses of it. It takes no memory before a plugin writes.
#[derive(Debug, Default)]
pub(super) struct Used {
    /// Handles that the plugin holds.
    handles: u32,
    /// How often it looked at the monotonic clock.
    looks: u64,
    output: streams::Lines,
}

/// What has to be granted for an import of this name; none for what is not there. One that brings
/// only types shows nothing, and runtimes import the clock's for the times of files that they never see.
pub(crate) fn needs(import: &str, types_only: bool) -> Option<&'static [Capability]> {
    let (interface, version) = import.strip_prefix("wasi:")?.split_once('@')?;
    let patch = version.strip_prefix(VERSION)?;
    if patch.is_empty() || !patch.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(match interface {
        "io/error" | "io/poll" | "io/streams" => &[Capability::Wasi],
        "cli/environment" | "cli/exit" | "cli/stdin" | "cli/stdout" | "cli/stderr" => {
            &[Capability::Wasi]
        }
        "cli/terminal-input" | "cli/terminal-output" => &[Capability::Wasi],
        "cli/terminal-stdin" | "cli/terminal-stdout" | "cli/terminal-stderr" => &[Capability::Wasi],
        "filesystem/types" | "filesystem/preopens" => &[Capability::Wasi],
        "clocks/monotonic-clock" | "clocks/wall-clock" if types_only => &[Capability::Wasi],
        "clocks/monotonic-clock" | "clocks/wall-clock" => &[Capability::Wasi, Capability::Clock],
        "random/random" | "random/insecure" | "random/insecure-seed" => {
            &[Capability::Wasi, Capability::Random]
        }
        _ => return None,
    })
}

/// Links it, with the clocks and the randomness only where they are granted as well.
pub(crate) fn link<T: 'static>(
    linker: &mut Linker<T>,
    granted: &[Capability],
    state: fn(&mut T) -> &mut State,
) -> Result<()> {
    macro_rules! link {
        ($($package:ident :: $interface:ident),+ $(,)?) => {
            $(bindings::$package::$interface::add_to_linker::<_, HasSelf<State>>(linker, state)?;)+
        };
    }
    link!(io::error, io::poll, io::streams);
    link!(
        cli::environment,
        cli::exit,
        cli::stdin,
        cli::stdout,
        cli::stderr,
        cli::terminal_input,
        cli::terminal_output,
        cli::terminal_stdin,
        cli::terminal_stdout,
        cli::terminal_stderr,
    );
    files::link(linker, state)?;
    if granted.contains(&Capability::Clock) {
        link!(clocks::monotonic_clock, clocks::wall_clock);
    }
    if granted.contains(&Capability::Random) {
        link!(random::random, random::insecure, random::insecure_seed);
    }
    Ok(())
}

impl State {
    /// A new handle. Behind it stands no entry of a table but a number that says what it is, so that
    /// all there is to bound is their count.
    fn hand_out<T: 'static>(&mut self, what: u32) -> Result<Resource<T>> {
        if self.wasi.handles >= self.standing.limits.handles {
            self.meter.strike(Limit::Handles);
            return Err(Overrun(Limit::Handles).into());
        }
        self.wasi.handles += 1;
        Ok(Resource::new_own(what))
    }

    /// Takes a handle back.
    fn take_back(&mut self) -> Result<()> {
        self.meter.host_call()?;
        self.wasi.handles = self.wasi.handles.saturating_sub(1);
        Ok(())
    }

    /// Ends the check, as a trap does. The debug log says why.
    fn end(&self, why: &str) -> Error {
        tracing::debug!(target: "wardlet::plugin", plugin = %self.standing.name, "ended: {why}");
        Trap::UnreachableCodeReached.into()
    }
}
