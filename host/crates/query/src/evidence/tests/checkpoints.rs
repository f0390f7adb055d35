//! Packs whose checkpoint is another.

use serde_json::json;
use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::witness::{Policy, cosign};
use wardlet_keys::EntryKey;

use super::super::{Pack, check};
use super::hostile::{denials, refused, value, with};
use super::sample::{LOG, OTHER};
use crate::generate::ORIGIN;

#[test]
fn checkpoints_of_others() {
    let (log, other) = (&*LOG, &*OTHER);
    let pack = log.pack(&denials());
    let good = value(&pack);
    let size = log.size();
    let proof_end = pack.range().end;
    let forked = Checkpoint::new(ORIGIN, size, other.checkpoint(600).root);
    let renamed = Checkpoint::new("other.example/log", size, log.checkpoint(size).root);
    for (name, note, word) in [
        (
            "of another log's key",
            other.signed(&log.checkpoint(size)).to_string(),
            "checkpoint",
        ),
        ("of other entries", log.signed(&forked).to_string(), "range"),
        (
            "of another size",
            log.signed(&log.checkpoint(600)).to_string(),
            "range",
        ),
        (
            "from before the range",
            log.signed(&log.checkpoint(proof_end - 1)).to_string(),
            "range",
        ),
        (
            "without a signature",
            format!("{}\n", log.checkpoint(size)),
            "checkpoint",
        ),
        (
            "with another text",
            good["checkpoint"]
                .as_str()
                .unwrap()
                .replacen("\n7", "\n8", 1),
            "checkpoint",
        ),
        (
            "of another name",
            log.signed(&renamed).to_string(),
            "checkpoint",
        ),
    ] {
        let pack = with(&good, |pack| pack["checkpoint"] = json!(note));
        refused(name, &pack, word);
    }
    // The same tree, signed by the same key for a log of another name, which is trusted too.
    let pack = with(&good, |pack| {
        pack["checkpoint"] = json!(log.signed(&renamed).to_string());
    });
    let trusted = [log.key_named("other.example/log")];
    let named = check(pack.as_bytes(), &log.entry_key, &trusted, None);
    assert_eq!(named.unwrap_err().word(), "origin");
    // A pack of another log of this name is good for its own keys alone.
    let foreign = other.pack(&denials()).to_string();
    assert!(other.check(&foreign).is_ok());
    refused("of another log", &foreign, "checkpoint");
    let entries = check(foreign.as_bytes(), &log.entry_key, &other.keys, None);
    assert_eq!(entries.unwrap_err().word(), "entry");
}

#[test]
fn witnesses() {
    let log = &*LOG;
    let witness = EntryKey::generate().unwrap();
    let name = "witness.example/w1";
    let public = witness.cosigner_key(name).unwrap();
    let policy: Policy = format!("witness w {public}\nquorum w\n").parse().unwrap();
    let mut pack = log.pack(&denials());
    let check = |pack: &Pack| {
        let text = pack.to_string();
        check(text.as_bytes(), &log.entry_key, &log.keys, Some(&policy))
    };
    assert_eq!(check(&pack).unwrap_err().word(), "unwitnessed");
    let cosigned = cosign(&witness, name, 1_767_229_200, pack.checkpoint.text()).unwrap();
    pack.checkpoint.add(cosigned);
    assert_eq!(check(&pack).unwrap().rows, pack.rows());
    assert!(log.check(&pack.to_string()).is_ok());
    let other = cosign(
        &EntryKey::generate().unwrap(),
        name,
        1,
        pack.checkpoint.text(),
    )
    .unwrap();
    pack.checkpoint = log.signed(&log.checkpoint(log.size()));
    pack.checkpoint.add(other);
    assert_eq!(check(&pack).unwrap_err().word(), "unwitnessed");
}
