//! `wardlet signer`: a process that holds the key of a log's checkpoints, so that no gateway does.

use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};
use wardlet_audit::signer::{LocalSigner, SignError, SignerServer, listen};

use super::say::{self, Failure, UNREADABLE, WRONG};
use super::setup;
use crate::state;

/// Arguments of `wardlet signer`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The name of the gateway whose log it is, as in its configuration
    #[arg(long, value_name = "NAME")]
    gateway: String,
    /// The folder of the key and of what was signed last; made where it is not there. Keep it where no gateway
    /// can write
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// The socket that gateways ask it on
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
    /// The id of a user whose gateways may ask, beside that of its own
    #[arg(long = "serve-uid", value_name = "UID")]
    users: Vec<u32>,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let failed = |error: SignError| {
        let hint = error.hint();
        Failure::new(UNREADABLE, error).hint(hint)
    };
    let name = &arguments.gateway;
    wardlet_call::ServerName::parse(name).map_err(|error| {
        Failure::new(WRONG, format!("`{name}` is no name of a gateway")).hint(Some(error))
    })?;
    let origin = state::origin(name);
    let signer = LocalSigner::open(&arguments.folder, &origin).map_err(failed)?;
    let keys = signer
        .verifying_keys()
        .map_err(|error| failed(error.into()))?;
    let shown = arguments.socket.display();
    let listener = listen(&arguments.socket, !arguments.users.is_empty()).map_err(|error| {
        Failure::new(UNREADABLE, format!("cannot listen on `{shown}`: {error}")).hint(Some(
            "its folder has to be there, and nobody else may listen on it",
        ))
    })?;
    // Once it listens, so that whoever reads this can start the gateway.
    for key in keys {
        say::out(key);
    }
    let server = SignerServer::new(Box::new(signer), &arguments.users);
    let runtime = setup::runtime()?;
    let io = |error: std::io::Error| Failure::new(UNREADABLE, error);
    let ended = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(io)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(io)?;
        let serves = tokio::task::spawn_blocking(move || server.serve(&listener));
        tokio::select! {
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
            served = serves => served
                .map_err(|error| Failure::new(UNREADABLE, error))
                .and_then(|served| served.map_err(io)),
        }
    });
    // The thread that listens ends with the process. What was signed is on disk before it is answered.
    runtime.shutdown_background();
    let _ = std::fs::remove_file(&arguments.socket);
    ended
}
