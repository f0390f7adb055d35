//! `[log]`: who signs the log's checkpoints, who cosigns them, and what is kept beside it.

use std::path::Path;
use std::time::Duration;

use super::fault::Gathered;
use super::kind::FaultKind;
use super::model::{DEFAULT_WITNESS_LAG, Keep, Log, Signer, Witnesses};
use super::raw::RawConfig;
use super::resolve::{choice, duration, refuse_unusable};

/// A checkpoint comes every second, and a witness takes some seconds to be asked again; after a day of silence
/// nobody would still call it a lag.
const WITNESS_LAG: (Duration, Duration) =
    (Duration::from_secs(10), Duration::from_secs(24 * 60 * 60));

/// What `keep` can say.
const KEEP: [(&str, Keep); 3] = [
    ("nothing", Keep::Nothing),
    ("arguments", Keep::Arguments),
    ("all", Keep::All),
];

/// What `on_lag` can say, and whether calls stop.
const ON_LAG: [(&str, bool); 2] = [("alarm", false), ("stop", true)];

pub(super) fn resolve(raw: &RawConfig, folder: &Path, gathered: &mut Gathered<'_>) -> Log {
    let keep = raw.log.keep.as_ref();
    let keep = keep.and_then(|word| choice("keep", word, KEEP, gathered));
    Log {
        signer: signer(raw, folder, gathered),
        witnesses: witnesses(raw, folder, gathered),
        keep: keep.unwrap_or_default(),
    }
}

fn signer(raw: &RawConfig, folder: &Path, gathered: &mut Gathered<'_>) -> Option<Signer> {
    let uid = raw.log.signer_uid.as_ref().and_then(|given| {
        let uid = u32::try_from(*given.get_ref()).ok();
        if uid.is_none() {
            gathered.at(given.span(), FaultKind::NoUser(*given.get_ref()));
        }
        uid
    });
    if let (Some(uid), None) = (&raw.log.signer_uid, &raw.log.signer) {
        gathered.at(uid.span(), FaultKind::NoSigner);
    }
    let socket = raw.log.signer.as_ref();
    let socket = socket.filter(|socket| refuse_unusable(socket, "signer", gathered));
    socket.map(|socket| Signer {
        socket: folder.join(socket.get_ref()),
        uid,
    })
}

fn witnesses(raw: &RawConfig, folder: &Path, gathered: &mut Gathered<'_>) -> Option<Witnesses> {
    let lag = raw.log.witness_lag.as_ref();
    let on_lag = raw.log.on_lag.as_ref();
    if raw.log.witnesses.is_none() {
        for (key, text) in [("witness_lag", lag), ("on_lag", on_lag)] {
            if let Some(text) = text {
                gathered.at(text.span(), FaultKind::NoWitnesses(key));
            }
        }
    }
    let lag = lag.and_then(|text| duration("witness_lag", text, WITNESS_LAG, gathered));
    let stop = on_lag.and_then(|word| choice("on_lag", word, ON_LAG, gathered));
    let policy = raw.log.witnesses.as_ref();
    let policy = policy.filter(|path| refuse_unusable(path, "witnesses", gathered))?;
    Some(Witnesses {
        policy: folder.join(policy.get_ref()),
        lag: lag.unwrap_or(DEFAULT_WITNESS_LAG),
        stop: stop.unwrap_or(false),
    })
}
