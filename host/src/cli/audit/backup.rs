//! `wardlet audit backup`: a copy of the log elsewhere, which verifies by itself.

use std::path::PathBuf;

use serde_json::json;
use wardlet_audit::{BackupError, Progress, backup};
use wardlet_keys::{KeyError, PrivateFolder};

use super::keys::KeyFiles;
use crate::cli::say::{self, Failure, REFUSED, UNREADABLE};
use crate::cli::{Where, setup};
use crate::state::{CHECKPOINT_VKEYS, LOG, VKEY};

/// Arguments of `wardlet audit backup`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder of the copy; made where it is not there. A later run copies what is new
    #[arg(value_name = "FOLDER")]
    to: PathBuf,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    keys: KeyFiles,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let state = arguments.place.folder()?;
    let keys = arguments.keys.beside(&state)?;
    let bar = setup::bar(0, "bytes of the copy checked");
    let mut progress = |progress: Progress| {
        bar.set_length(progress.total_bytes);
        bar.set_position(progress.bytes);
    };
    let to = arguments.to.join(LOG);
    let with = (&keys.entries, keys.checkpoints.as_slice());
    let made = backup(&state.join(LOG), &to, with, Some(&mut progress));
    bar.finish_and_clear();
    let made = made.map_err(|error| {
        let code = match &error {
            BackupError::NotContinued { .. } | BackupError::Foreign { .. } => REFUSED,
            BackupError::Unsound(error) if error.is_broken() => REFUSED,
            _ => UNREADABLE,
        };
        if arguments.json {
            say::json(&json!({ "ok": false, "error": error.to_string() }));
        }
        let hint = error.hint();
        Failure::new(code, error).hint(hint)
    })?;
    // Beside the copy as beside the log, so that it is checked in the same way.
    let texts = [
        (VKEY, format!("{}\n", keys.entries)),
        (
            CHECKPOINT_VKEYS,
            keys.checkpoints
                .iter()
                .map(|key| format!("{key}\n"))
                .collect(),
        ),
    ];
    let written = texts.iter().try_for_each(|(name, text)| {
        PrivateFolder::open(&arguments.to)?.replace(name, text.as_bytes())
    });
    written.map_err(|error: KeyError| {
        let hint = error.hint();
        Failure::new(UNREADABLE, error).hint(hint)
    })?;
    let size = made.report.head.size;
    if arguments.json {
        say::json(&json!({ "ok": true, "size": size, "files": made.files, "bytes": made.bytes }));
        return Ok(());
    }
    let place = arguments.to.display();
    say::out(format!(
        "{size} entries are in `{place}`, {} files of it new, and every signature is checked",
        made.files
    ));
    say::out(format!(
        "`wardlet audit verify --state {place}` checks it again"
    ));
    say::out("the vault and the keys are not part of it");
    Ok(())
}
