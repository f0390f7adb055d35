//! `wardlet witness`: cosigns the checkpoints of logs, each of which has to continue the one before.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use wardlet_audit::SystemClock;
use wardlet_audit::witness::{Witness, WitnessError};
use wardlet_keys::VerifyingKey;

use super::run::stopped;
use super::say::{self, Failure, UNREADABLE, WRONG};
use super::setup;

/// Where it listens unless told otherwise: for this machine alone, so that showing it to others is a decision.
const LISTEN: &str = "127.0.0.1:7380";

/// Arguments of `wardlet witness`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Its name, for example `witness.example.com/w1`, which never changes
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The folder of its key and of what it cosigned last; made where it is not there. What is lost of it is forgotten
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// A file with the C2SP verifier keys of the logs that it knows, one a line: `checkpoint-vkeys` in a gateway's state
    /// folder
    #[arg(long, value_name = "FILE", required = true)]
    log_keys: Vec<PathBuf>,
    /// Address and port. There is no TLS: what is sent proves itself, and a proxy in front can add it
    #[arg(long, value_name = "ADDRESS", default_value = LISTEN)]
    listen: SocketAddr,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let mut logs: Vec<VerifyingKey> = Vec::new();
    for path in &arguments.log_keys {
        logs.extend(setup::keys(path)?);
    }
    if logs.is_empty() {
        return Err(
            Failure::new(WRONG, "no log is named in the files of keys").hint(Some(
                "`checkpoint-vkeys` in a gateway's state folder has its log's",
            )),
        );
    }
    let failed = |error: WitnessError| {
        let hint = error.hint();
        Failure::new(UNREADABLE, error).hint(hint)
    };
    let clock = Box::new(SystemClock);
    let witness = Witness::open(&arguments.folder, &arguments.name, logs, clock).map_err(failed)?;
    let key = witness
        .cosigner_key()
        .map_err(|error| failed(error.into()))?;
    let io = |error: std::io::Error| Failure::new(UNREADABLE, error);
    setup::runtime()?.block_on(async {
        let address = arguments.listen;
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::new(UNREADABLE, format!("cannot listen on `{address}`: {error}"))
                .hint(Some("another process may listen there"))
        })?;
        let address = listener.local_addr().map_err(io)?;
        // Once it listens, so that whoever reads this can name it in a policy.
        say::out(format!(
            "witness {} {key} http://{address}",
            short(&arguments.name)
        ));
        let stop = stopped().map_err(io)?;
        wardlet_witness::serve(listener, Arc::new(witness), stop)
            .await
            .map_err(io)
    })
}

/// What it is called within a policy: the name without what stands before its last part.
fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
