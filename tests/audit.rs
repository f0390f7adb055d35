//! The audit log as its commands show it, and the state folder around it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::fixture::{Agent, Finished, Gateway, Setup, lines, run, wardlet, write_lines};

fn session() -> Finished {
    let mut gateway = Gateway::start(&Setup::default());
    gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    gateway.agent.call("echo", &json!({"path": "/etc/passwd"}));
    gateway.finish()
}

fn command(finished: &Finished, arguments: &[&str]) -> Output {
    wardlet(arguments, &finished.folder.path().join("wardlet.toml"))
}

fn log_folder(finished: &Finished) -> std::path::PathBuf {
    finished.folder.path().join(".wardlet/log")
}

#[test]
fn a_sound_log_verifies_and_shows() {
    let finished = session();
    let verified = command(&finished, &["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
    let shown = command(&finished, &["audit", "show", "--json"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in lines(&log_folder(&finished)) {
        let entry: Value = serde_json::from_str(&line).unwrap();
        assert!(
            shown.contains(entry["sig"].as_str().unwrap()),
            "entry {} is shown",
            entry["index"]
        );
    }
    let to_people = String::from_utf8(command(&finished, &["audit", "show"]).stdout).unwrap();
    assert!(
        to_people.contains("echo") && to_people.contains("outside-roots"),
        "{to_people}"
    );
}

#[test]
fn any_change_is_found() {
    let finished = session();
    let log = log_folder(&finished);
    let sound = lines(&log);
    let with = |from: &str, to: &str| {
        let changed = sound.iter().map(|line| line.replacen(from, to, 1));
        changed.collect::<Vec<_>>()
    };
    let mut swapped = sound.clone();
    swapped.swap(1, 2);
    let changes = [
        (
            "an effect",
            with("\"effect\":\"deny\"", "\"effect\":\"allow\""),
        ),
        ("a byte", with("\"echo\"", "\"Echo\"")),
        ("a signature", with("\"sig\":\"", "\"sig\":\"A")),
        ("the first entry gone", sound[1..].to_vec()),
        ("an entry gone", [&sound[..2], &sound[3..]].concat()),
        ("an entry twice", [&sound[..2], &sound[1..]].concat()),
        ("two entries swapped", swapped),
        ("the last entry gone", sound[..sound.len() - 1].to_vec()),
    ];
    for (name, changed) in changes {
        assert_ne!(changed, sound, "{name}");
        write_lines(&log, &changed);
        let verified = command(&finished, &["audit", "verify"]);
        assert_eq!(verified.status.code(), Some(1), "{name}: {verified:?}");
        let told = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert!(told.contains("entry") || told.contains("entries"), "{told}");
    }
}

/// The tree, its checkpoint and the entries are put back to what they were: nothing in the folder can tell.
/// Whoever kept a head or a checkpoint can, and so does the signer, without whom no gateway writes on.
#[test]
fn a_folder_that_was_put_back_is_found_by_whoever_kept_a_head() {
    let finished = session();
    let (log, kept) = (log_folder(&finished), finished.folder.path().join("kept"));
    copy(&log, &kept);
    let mut gateway = Gateway::over(finished.folder);
    gateway.agent.call("echo", &json!({"path": "/srv/data/b"}));
    let finished = gateway.finish();
    let verified = command(&finished, &["audit", "verify", "--json"]);
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(report["checkpoint"], report["size"], "{report}");
    assert_eq!(report["checkpoint_signed"], true, "{report}");
    let head = format!("{}:{}", report["size"], report["root"].as_str().unwrap());
    let checkpoint = finished.folder.path().join("newest");
    fs::copy(log.join("checkpoint"), &checkpoint).unwrap();
    let against = [head.as_str(), checkpoint.to_str().unwrap()];
    for known in against {
        let same = command(&finished, &["audit", "verify", "--against", known]);
        assert!(same.status.success(), "{same:?}");
    }
    fs::remove_dir_all(&log).unwrap();
    copy(&kept, &log);
    assert!(
        command(&finished, &["audit", "verify"]).status.success(),
        "the folder alone cannot tell"
    );
    for known in against {
        let found = command(&finished, &["audit", "verify", "--against", known]);
        assert_eq!(found.status.code(), Some(1), "{found:?}");
    }
    refused_to_start(finished.folder.path(), "a checkpoint of");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (
            entry.as_ref().unwrap().path(),
            to.join(entry.unwrap().file_name()),
        );
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(path, to).unwrap();
        }
    }
}

#[test]
fn some_entries_are_checked_alone_and_a_checkpoint_holds_them() {
    let finished = session();
    let last = lines(&log_folder(&finished)).len() - 1;
    let whole = format!("0..{last}");
    for (arguments, code, words) in [
        (
            &["--entry", "1"][..],
            0,
            "1 entries are as they were signed, and the checkpoint holds 1 of them",
        ),
        (&["--range", &whole], 0, "whose signature was checked"),
        (&["--entry", "9999"], 1, "entry 9999"),
        (&["--range", "3..1"], 2, "the lower one first"),
        (&["--against", "no-such-file"], 2, "is no earlier head"),
    ] {
        let output = command(&finished, &[&["audit", "verify"], arguments].concat());
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
}

#[test]
fn an_unreadable_log_is_told_apart_from_a_broken_one() {
    let finished = session();
    fs::remove_dir_all(log_folder(&finished)).unwrap();
    let verified = command(&finished, &["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(3), "{verified:?}");
}

#[test]
fn the_state_folder_is_its_owners_alone() {
    let gateway = Gateway::start(&Setup::default());
    let mut open = Vec::new();
    check_modes(&gateway.path(".wardlet"), &mut open);
    assert!(open.is_empty(), "{open:?}");
    gateway.finish();
}

/// Folders are 0700, files and sockets 0600; what is public by nature may be read, inside of a folder
/// that only its owner enters.
fn check_modes(folder: &Path, open: &mut Vec<String>) {
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    if mode(folder) != 0o700 {
        open.push(format!("{} {:o}", folder.display(), mode(folder)));
    }
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let public = ["jwks.json", "vkey", "checkpoint-vkeys"]
            .iter()
            .any(|name| path.ends_with(name));
        if path.is_dir() {
            check_modes(&path, open);
        } else if mode(&path) != 0o600 && !(public && mode(&path) == 0o644) {
            open.push(format!("{} {:o}", path.display(), mode(&path)));
        }
    }
}

#[test]
fn a_wider_state_folder_is_refused() {
    let finished = session();
    for (place, mode) in [
        (".wardlet", 0o755),
        (".wardlet/keys/entry-ed25519.pk8", 0o644),
    ] {
        let path = finished.folder.path().join(place);
        let before = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        refused_to_start(finished.folder.path(), "chmod");
        fs::set_permissions(&path, before).unwrap();
    }
}

#[test]
fn a_copy_is_made_beside_a_running_gateway_and_verifies_by_itself() {
    let mut gateway = Gateway::start(&Setup::default());
    let call = json!({"path": "/srv/data/a"});
    gateway.agent.call("echo", &call);
    gateway.agent.until("the log to be published", || {
        gateway.status()["log_published"]
            .as_u64()
            .filter(|size| *size >= 4)
    });
    let to = gateway.path("copy");
    let to = to.to_str().unwrap();
    let copied = |files: bool| {
        let output = gateway.wardlet(&["audit", "backup", to, "--json"]);
        assert!(output.status.success(), "{output:?}");
        let made: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(made["files"].as_u64().unwrap() > 0, files, "{made}");
        made["size"].as_u64().unwrap()
    };
    let size = copied(true);
    let copy = Command::new(env!("CARGO_BIN_EXE_wardlet"))
        .args(["audit", "verify", "--json", "--state", to])
        .output()
        .unwrap();
    let verified: Value = serde_json::from_slice(&copy.stdout).unwrap();
    assert_eq!(
        (&verified["ok"], &verified["size"]),
        (&json!(true), &json!(size))
    );
    assert_eq!(verified["checkpoint_signed"], true);
    // Another log in the same place is refused, and the copy stays.
    let other = Gateway::start(&Setup::default());
    other.agent.until("the other log to be published", || {
        other.status()["log_published"]
            .as_u64()
            .filter(|size| *size > 0)
    });
    let refused = other.wardlet(&["audit", "backup", to]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("hint: name an empty folder"), "{said}");
    other.finish();
    gateway.finish();
}

fn refused_to_start(folder: &Path, words: &str) {
    let log = folder.join("second.log");
    let mut second = Agent::start(run(folder), &log);
    assert!(second.rest().is_empty());
    assert_eq!(second.wait().code(), Some(3));
    let said = fs::read_to_string(log).unwrap();
    assert!(said.contains(words) && said.contains("hint:"), "{said}");
}

#[test]
fn the_log_goes_on_with_the_next_session() {
    let finished = session();
    let before = finished.entries.0.len();
    let mut agent = Agent::start(
        run(finished.folder.path()),
        &finished.folder.path().join("again.log"),
    );
    agent.initialise();
    agent.call("echo", &json!({"path": "/srv/data/b"}));
    assert!(agent.close().success());
    assert!(command(&finished, &["audit", "verify"]).status.success());
    let entries = crate::fixture::Entries::read(&finished.folder.path().join(".wardlet"));
    assert_eq!(entries.0[..before], finished.entries.0[..]);
    assert_eq!(entries.count("allow"), 2);
}

#[test]
fn a_killed_gateway_leaves_an_unknown_outcome_to_the_next() {
    let mut gateway = Gateway::start(&Setup::default());
    gateway.agent.call_raw("never", "{}");
    gateway.agent.until("the call to arrive", || {
        (!gateway.received().calls().is_empty()).then_some(())
    });
    let process = rustix::process::Pid::from_raw(gateway.agent.process().cast_signed()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    gateway.agent.wait();
    let mut next = Agent::start(run(gateway.folder.path()), &gateway.path("next.log"));
    next.initialise();
    assert!(next.close().success());
    assert!(gateway.wardlet(&["audit", "verify"]).status.success());
    let entries = gateway.entries();
    entries.check_pairs();
    let outcome = entries.of_kind("outcome")[0];
    assert_eq!(
        (&outcome["status"], &outcome["blame"]),
        (&json!("unknown"), &json!("host")),
        "{outcome}"
    );
}
