//! `wardlet run`: the gateway in front of one server, on standard input and output.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use wardlet_audit::{Event, SystemClock};
use wardlet_keys::digest::{pin, sha256};

use super::say::{Failure, REFUSED, UNREADABLE};
use super::{CONFIG, setup};
use crate::config::Config;
use crate::control;
use crate::gate::{Approvals, Gate};
use crate::session::{self, End};
use crate::state::{State, StateError};

/// Arguments of `wardlet run`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, env = "WARDLET_CONFIG", default_value = CONFIG, value_name = "FILE")]
    config: PathBuf,
    /// Which of the configured servers to stand in front of
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// The command that starts the server, if the configuration does not have it
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let config = setup::load(&arguments.config, false)?;
    let (name, server) = setup::server(&config, arguments.server.as_deref())?;
    let launch = setup::launch(server, &arguments.command)?;
    let set = Arc::new(setup::bind(&config)?);
    let gateway = config.gateway.name.clone();
    let state = State::open(&config.gateway.state).map_err(failed)?;
    let keys = state.keys(&gateway).map_err(failed)?;
    let log = Arc::new(state.log(&gateway, &keys).map_err(failed)?);
    tell_recovery(&log);
    for event in [config_entry(&config)?, set.entry()] {
        log.record(&event)
            .map_err(|error| failed(StateError::Audit(error)))?;
    }
    let subject = format!("uid:{}", rustix::process::getuid().as_raw());
    let who = (gateway, name.clone());
    let gate = Gate::new(
        who,
        set,
        keys,
        Arc::clone(&log),
        Box::new(SystemClock),
        &subject,
    );
    let timeout = server.timeout;
    let end = serve(Arc::new(gate), &launch, timeout, &state)?;
    log.flush()
        .map_err(|error| failed(StateError::Audit(error)))?;
    match end {
        End::Agent | End::Told => Ok(()),
        End::Upstream => Err(Failure::new(UNREADABLE, "the server ended")
            .hint(Some("run its command by itself: its own messages say more"))),
        End::Flood => Err(Failure::new(
            REFUSED,
            "the client sent too much that is no message",
        )),
    }
}

fn serve(
    gate: Arc<Gate>,
    launch: &session::Launch,
    timeout: std::time::Duration,
    state: &State,
) -> Result<End, Failure> {
    let runtime = setup::runtime()?;
    let approvals = Arc::new(Approvals::default());
    let local = tokio::task::LocalSet::new();
    let unreadable = |error: &dyn std::fmt::Display| Failure::new(UNREADABLE, error);
    let end = local.block_on(&runtime, async {
        let listener = control::listen(state.folder()).map_err(|error| unreadable(&error))?;
        let control = control::serve(listener, Arc::clone(&gate), Arc::clone(&approvals));
        tokio::spawn(control);
        let streams = streams().map_err(|error| unreadable(&error))?;
        let stop = stopped().map_err(|error| unreadable(&error))?;
        session::run(gate, approvals, launch, timeout, streams, stop)
            .await
            .map_err(|error| unreadable(&error))
    });
    // A thread that reads a terminal cannot be woken; the process ends without it.
    runtime.shutdown_background();
    let _ = std::fs::remove_file(state.folder().join(crate::state::SOCKET));
    end
}

fn failed(error: StateError) -> Failure {
    let hint = error.hint();
    Failure::new(UNREADABLE, error).hint(hint)
}

/// Standard input and output as descriptors of their own.
fn streams() -> std::io::Result<(OwnedFd, OwnedFd)> {
    let input = std::io::stdin().as_fd().try_clone_to_owned()?;
    let output = std::io::stdout().as_fd().try_clone_to_owned()?;
    Ok((input, output))
}

/// Ends when the process is told to stop.
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

fn tell_recovery(log: &wardlet_audit::Log) {
    let recovered = log.recovered();
    if let Some(torn) = &recovered.torn {
        tracing::warn!(saved = %torn.display(), "the log ended in the middle of an entry");
    }
    if recovered.closed > 0 {
        tracing::warn!(
            calls = recovered.closed,
            "calls of an earlier run have no known outcome"
        );
    }
}

fn config_entry(config: &Config) -> Result<Event, Failure> {
    let bytes = std::fs::read(&config.source).map_err(|error| {
        Failure::new(
            UNREADABLE,
            format!("cannot read the configuration again: {error}"),
        )
    })?;
    Ok(Event::Config {
        digest: pin(&sha256(&bytes)),
    })
}
