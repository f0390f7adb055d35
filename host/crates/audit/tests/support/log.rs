//! Logs with little in them.

use std::path::Path;
use std::sync::Arc;

use wardlet_audit::signer::LocalSigner;
use wardlet_audit::{Decision, Effect, Gateway, Log, SystemClock, Target};
use wardlet_keys::{ENTRY_KEY_FILE, EntryKey};

use super::ORIGIN;

/// The key of the entries of the log in `folder`, in a folder beside it.
pub(crate) fn entry_key(folder: &Path) -> Arc<EntryKey> {
    let keys = folder.with_extension("keys");
    Arc::new(EntryKey::open(&keys, ENTRY_KEY_FILE).unwrap())
}

/// The signer of the log in `folder`, in a folder beside it.
pub(crate) fn signer(folder: &Path) -> LocalSigner {
    LocalSigner::open(&folder.with_extension("signer"), ORIGIN).unwrap()
}

pub(crate) fn open(folder: &Path) -> Log {
    let gateway = Gateway {
        build: "0.1.0".to_owned(),
        name: "laptop".to_owned(),
    };
    let (key, signer) = (entry_key(folder), Box::new(signer(folder)));
    Log::open_signed(folder, ORIGIN, &gateway, key, Box::new(SystemClock), signer).unwrap()
}

/// A decision that is told from others by its transaction.
pub(crate) fn decision(effect: Effect, txn: &str) -> Decision {
    let target = Target {
        definition: None,
        method: "tools/call".to_owned(),
        server: "files".to_owned(),
        tool: Some("read_file".to_owned()),
        tool_known: true,
    };
    Decision::new(effect, "allowed", target, "uVXFRiYxlYPmTdYVkhrJrw", txn)
}
