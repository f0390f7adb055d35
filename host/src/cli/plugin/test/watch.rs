//! Tries again whenever the component, its sources or a case file change. Looks at files as the gateway's own watch does.

use std::sync::Arc;
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use wardlet_sandbox::Sandbox;

use super::{Arguments, find, once, sources};
use crate::cli::say::{self, Failure, UNREADABLE};
use crate::cli::setup;
use crate::reload::Look;
use crate::watch::LOOK_EVERY;

/// Goes on until the process is told to stop, which is how it ends well.
pub(super) fn watch(sandbox: Arc<Sandbox>, arguments: Arguments) -> Result<(), Failure> {
    let runtime = setup::runtime()?;
    let stopped = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let rounds = tokio::task::spawn_blocking(move || rounds(&sandbox, &arguments));
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = rounds => {}
        }
        Ok(())
    });
    // A round that is under way cannot be woken; the process ends without it.
    runtime.shutdown_background();
    stopped.map_err(|error: std::io::Error| Failure::new(UNREADABLE, error))
}

fn rounds(sandbox: &Arc<Sandbox>, arguments: &Arguments) {
    loop {
        // Before anything is read, so that no change after that is missed.
        let seen = look(arguments);
        if let Err(failure) = once(sandbox, arguments) {
            failure.tell();
        }
        say::out("waiting for a change; Ctrl-C ends");
        let mut now = look(arguments);
        while now == seen {
            thread::sleep(LOOK_EVERY);
            now = look(arguments);
        }
        // Nobody wants half of what a compiler or an editor writes.
        loop {
            thread::sleep(LOOK_EVERY);
            let again = look(arguments);
            if again == now {
                break;
            }
            now = again;
        }
        say::out("");
    }
}

/// What the component, or the sources that it is built from, the case files and their folders look like.
fn look(arguments: &Arguments) -> Look {
    let Ok(found) = find::find(arguments) else {
        return Look::at(&arguments.path);
    };
    let built = match &found.sources {
        // A build writes the component, which is no change to answer with another one.
        Some(folder) if arguments.build => sources::of(folder),
        _ => vec![found.component],
    };
    let paths = built.iter().chain(&found.files).chain(&found.folders);
    paths.fold(Look::default(), |look, path| look.or(Look::at(path)))
}
