//! A whole log, of several bundles and tiles, against `aics-tlog`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use wardlet_audit::Effect;

use crate::installed::{ask, python, script};
use crate::support::log::{decision, open, signer};

/// What the verifier says of the log in `folder`.
fn is_good(python: &Path, folder: &Path, key: &str) -> bool {
    let question = json!({"tree": [{"folder": folder, "keys": [key]}]});
    let said = ask(Command::new(python).arg(script("check_tlog.py")), &question);
    said["tree"][0].as_bool().unwrap()
}

#[test]
fn aics_tlog_checks_every_tile_of_a_log() {
    let Some(python) = python("aics_tlog_checks_every_tile_of_a_log", "aics-tlog") else {
        return;
    };
    for (count, tiles) in [
        (1, "0/000.p/1 entries/000.p/1"),
        (256, "0/000 1/000.p/1 entries/000"),
        (
            700,
            "0/000 0/001 0/002.p/188 1/000.p/2 entries/000 entries/001 entries/002.p/188",
        ),
    ] {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("log");
        let log = open(&folder);
        for number in 0..count {
            let refusal = decision(Effect::Deny, &number.to_string());
            log.refusal(&refusal).unwrap();
        }
        drop(log);
        let key = signer(&folder).verifying_keys().unwrap()[0].to_string();
        assert!(is_good(&python, &folder, &key), "{count}");
        let tiles = tiles.split(' ').map(|name| format!("tile/{name}"));
        for name in tiles.chain(["checkpoint".to_owned()]) {
            let path = folder.join(name);
            let whole = fs::read(&path).unwrap();
            let mut changed = whole.clone();
            changed[whole.len() / 2] ^= 1;
            fs::write(&path, changed).unwrap();
            assert!(!is_good(&python, &folder, &key), "{}", path.display());
            fs::write(path, whole).unwrap();
        }
        assert!(is_good(&python, &folder, &key), "{count}");
    }
}
