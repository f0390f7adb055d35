//! The audit log as its commands show it, and the state folder around it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::fixture::{Agent, Finished, Gateway, Setup, run, wardlet};

fn session() -> Finished {
    let mut gateway = Gateway::start(&Setup::default());
    gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    gateway.agent.call("echo", &json!({"path": "/etc/passwd"}));
    gateway.finish()
}

fn command(finished: &Finished, arguments: &[&str]) -> Output {
    wardlet(arguments, &finished.folder.path().join("wardlet.toml"))
}

fn log_folder(finished: &Finished) -> PathBuf {
    finished.folder.path().join(".wardlet/log")
}

/// The entries of the log as they stand in it, one a line.
fn entries(finished: &Finished) -> String {
    let shown = wardlet_audit::show(&log_folder(finished), wardlet_audit::Select::All).unwrap();
    shown.map(|entry| entry.unwrap().line + "\n").collect()
}

/// Writes other entries in the place of those of a short log, each after its length.
fn rewrite(finished: &Finished, lines: &str) {
    let framed = lines.lines().map(|line| {
        let length = u16::try_from(line.len()).unwrap().to_be_bytes();
        [&length, line.as_bytes()].concat()
    });
    let bundle = framed.collect::<Vec<_>>().concat();
    fs::write(log_folder(finished).join("pending/0"), bundle).unwrap();
}

#[test]
fn a_sound_log_verifies_and_shows() {
    let finished = session();
    let verified = command(&finished, &["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
    let shown = command(&finished, &["audit", "show", "--json"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in entries(&finished).lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
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
    let sound = entries(&finished);
    let lines: Vec<&str> = sound.lines().collect();
    let join = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    let changes = [
        (
            "an effect",
            sound.replacen("\"effect\":\"deny\"", "\"effect\":\"allow\"", 1),
        ),
        ("a byte", sound.replacen("\"echo\"", "\"Echo\"", 1)),
        (
            "a signature",
            sound.replacen("\"sig\":\"", "\"sig\":\"A", 1),
        ),
        ("the first line gone", join(&lines[1..])),
        ("a line gone", join(&[&lines[..2], &lines[3..]].concat())),
        ("a line twice", join(&[&lines[..2], &lines[1..]].concat())),
        ("two lines swapped", join(&swapped)),
    ];
    for (name, changed) in changes {
        assert_ne!(changed, sound, "{name}");
        rewrite(&finished, &changed);
        let verified = command(&finished, &["audit", "verify"]);
        assert_eq!(verified.status.code(), Some(1), "{name}: {verified:?}");
        assert!(
            String::from_utf8_lossy(&verified.stderr).contains("entry"),
            "{name}: {verified:?}"
        );
    }
}

#[test]
fn a_cut_tail_is_found_against_an_earlier_head() {
    let finished = session();
    let verified = command(&finished, &["audit", "verify", "--json"]);
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    let head = format!("{}:{}", report["size"], report["root"].as_str().unwrap());
    let same = command(&finished, &["audit", "verify", "--against", &head]);
    assert!(same.status.success(), "{same:?}");
    let sound = entries(&finished);
    let lines: Vec<&str> = sound.lines().collect();
    let cut: String = lines[..lines.len() - 1]
        .iter()
        .map(|line| format!("{line}\n"))
        .collect();
    rewrite(&finished, &cut);
    assert!(
        command(&finished, &["audit", "verify"]).status.success(),
        "without a head a cut tail cannot be told"
    );
    let against = command(&finished, &["audit", "verify", "--against", &head]);
    assert_eq!(against.status.code(), Some(1), "{against:?}");
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
        let public = path.ends_with("jwks.json") || path.ends_with("vkey");
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
fn a_second_gateway_over_the_same_state_is_refused() {
    let gateway = Gateway::start(&Setup::default());
    refused_to_start(gateway.folder.path(), "another gateway");
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
    let entries = crate::fixture::Entries::read(&log_folder(&finished));
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
