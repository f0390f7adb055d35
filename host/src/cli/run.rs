//! `wardlet run`: the gateway in front of one server, on standard input and output.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use wardlet_audit::{Event, SharedLog, SystemClock};

use super::say::{Failure, REFUSED, UNREADABLE};
use super::{CONFIG, setup};
use crate::config::Config;
use crate::control;
use crate::gate::{Approvals, Gate};
use crate::problems;
use crate::quarantine::{self, Quarantine};
use crate::reach::Outside;
use crate::record::Recorder;
use crate::reload::{Fixed, Look, Reloads, Running, Trigger};
use crate::session::{self, End};
use crate::state::{CHECKPOINT_VKEYS, LOG, State, StateError};
use crate::watch;
use crate::witnesses::{self, Witnesses};

/// Arguments of `wardlet run`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, env = "WARDLET_CONFIG", default_value = CONFIG, value_name = "FILE")]
    config: PathBuf,
    /// Which of the configured servers to stand in front of
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Write each check of a plugin to this folder, as a case that can be tried again. For development: what
    /// plugins see of calls and answers is written in clear
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
    /// The command that starts the server, if the configuration does not have it
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    // Before the file is read for the first time, so that no change after that is missed.
    let read = Look::at(&arguments.config);
    let config = setup::load(&arguments.config, false)?;
    let read = read.and_components(&config);
    let (server, section) = setup::server(&config, arguments.server.as_deref())?;
    let fixed = Fixed {
        server: server.clone(),
        launch: setup::launch(section, &arguments.command)?,
    };
    let gateway = config.gateway.name.clone();
    let state = State::open(&config.gateway.state).map_err(failed)?;
    let outside = Outside::for_run(&config.gateway.state);
    let (grounds, set) = setup::bind(&config, state.cache(), outside)?;
    let set = Arc::new(set);
    let quarantine = Quarantine::open(state.folder()).map_err(|error| {
        let hint = error.hint();
        Failure::new(UNREADABLE, error).hint(hint)
    })?;
    let keys = state.keys(&gateway).map_err(failed)?;
    let log = Arc::new(state.log((&gateway, &config.log), &keys).map_err(failed)?);
    tell_recovery(&log);
    let digest = config.digest.clone();
    for event in [Event::Config { digest }, set.entry()] {
        log.record(&event)
            .map_err(|error| failed(StateError::Audit(error)))?;
    }
    let subject = setup::user();
    let (who, clock) = ((gateway, fixed.server.clone()), Box::new(SystemClock));
    let principals = state.principals(&config.log, &subject).map_err(failed)?;
    let mut gate = Gate::new(
        who,
        set,
        keys,
        Arc::clone(&log),
        clock,
        principals,
        quarantine,
    );
    if let Some(witnesses) = witnesses(&config, &state, &log)? {
        gate = gate.witnessed(witnesses);
    }
    let record = arguments.record.as_ref();
    if let Some(folder) = record.or(config.gateway.record.as_ref()) {
        gate = gate.recording(&recorder(folder)?);
    }
    let (gate, approvals) = (Arc::new(gate), Arc::new(Approvals::default()));
    let judge = Arc::clone(&gate);
    let running = Running::new((config, read), grounds, fixed, gate, approvals);
    let end = serve(Arc::new(running), &state);
    // Whatever ended it, what was given to be kept is.
    let kept = judge.principals().flush();
    let end = end?;
    // Here and not where the log is dropped, which a thread that still reads may put off to the end of the process.
    log.close()
        .map_err(|error| failed(StateError::Audit(error)))?;
    kept.map_err(|error| failed(StateError::Vault(error)))?;
    ended(&end)
}

/// Whether it ended as it should.
fn ended(end: &End) -> Result<(), Failure> {
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

/// The witnesses of the log, where some are named. What was witnessed before has to fit.
fn witnesses(
    config: &Config,
    state: &State,
    log: &SharedLog,
) -> Result<Option<Arc<Witnesses>>, Failure> {
    let (Some(terms), Some(policy)) = (&config.log.witnesses, setup::witnesses(config)?) else {
        return Ok(None);
    };
    let places = (
        state.folder().join(LOG),
        state.folder().join(CHECKPOINT_VKEYS),
    );
    let witnesses = Witnesses::new(places, policy, terms.lag, terms.stop);
    witnesses.look(log).map_err(|error| {
        let hint = error.hint();
        Failure::new(UNREADABLE, error).hint(hint)
    })?;
    Ok(Some(Arc::new(witnesses)))
}

/// Whoever forgot that a gateway records must see it in its log.
fn recorder(folder: &Path) -> Result<Arc<Recorder>, Failure> {
    let recorder = Recorder::open(folder).map_err(|error| {
        let hint = error.hint();
        Failure::new(UNREADABLE, format!("the folder of records: {error}")).hint(hint)
    })?;
    tracing::warn!(
        folder = %folder.display(),
        "THIS GATEWAY RECORDS: what plugins see of calls and answers is written in clear"
    );
    Ok(Arc::new(recorder))
}

fn serve(running: Arc<Running>, state: &State) -> Result<End, Failure> {
    let runtime = setup::runtime()?;
    let local = tokio::task::LocalSet::new();
    let unreadable = |error: &dyn std::fmt::Display| Failure::new(UNREADABLE, error);
    let end = local.block_on(&runtime, async {
        let io = |error: std::io::Error| unreadable(&error);
        let reloads = Reloads::start(Arc::clone(&running)).map_err(io)?;
        watch::start(Arc::clone(&running), reloads.clone()).map_err(io)?;
        let (folder, name) = state.socket();
        let listener = control::listen(&folder, &name).map_err(io)?;
        let control = control::serve(listener, Arc::clone(&running), reloads.clone());
        tokio::spawn(control);
        tokio::spawn(problems::tell(Arc::clone(running.gate())));
        tokio::spawn(quarantine::follow(Arc::clone(running.gate())));
        if let Some(witnesses) = running.gate().witnesses() {
            let log = Arc::clone(running.gate().log());
            tokio::spawn(witnesses::follow(Arc::clone(witnesses), log));
        }
        tokio::spawn(hangups(reloads).map_err(io)?);
        let streams = streams().map_err(io)?;
        let stop = stopped().map_err(io)?;
        let (gate, approvals) = (running.gate().clone(), running.approvals().clone());
        let launch = &running.fixed().launch;
        session::run(gate, approvals, launch, running.terms(), streams, stop)
            .await
            .map_err(|error| unreadable(&error))
    });
    // A thread that reads a terminal cannot be woken; the process ends without it.
    runtime.shutdown_background();
    let (folder, name) = state.socket();
    let _ = std::fs::remove_file(folder.join(name));
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
pub(super) fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Reloads on SIGHUP, as services do. Signals that come while one runs are one more reload.
fn hangups(reloads: Reloads) -> std::io::Result<impl Future<Output = ()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            reloads.ask(Trigger::Signal).await;
        }
    })
}

fn tell_recovery(log: &SharedLog) {
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
