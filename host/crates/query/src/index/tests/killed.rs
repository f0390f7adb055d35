//! A process that is killed while it reads, and several that read at once.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use super::*;

/// Names the state folder to a child: this test binary again.
const STATE: &str = "WARDLET_TEST_STATE";

/// What a child does: it brings the index up to the log, and says a line at each step.
#[test]
fn reads_as_a_child() {
    let Some(folder) = std::env::var_os(STATE).map(PathBuf::from) else {
        return;
    };
    let log = folder.join("log");
    let say = |entries: u64| {
        println!("\nread {entries}");
        std::io::stdout().flush().unwrap();
    };
    let place = Place::Beside(&folder);
    let mut progress = |progress: crate::index::Progress| say(progress.entries);
    let (_, updated) = Index::current(&place, &LogFolder(&log), &mut progress).unwrap();
    // One that finds nothing left to read was told nothing.
    say(updated.entries);
}

fn start(state: &State) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "index::tests::killed::reads_as_a_child",
            "--exact",
            "--nocapture",
        ])
        .env(STATE, &state.folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_process_loses_little_and_breaks_nothing() {
    let state = State::with_log();
    let lines = state.lines();
    let whole = all(&indexed(&lines));
    for step in [1, 2, 5, 9, 14, 20, 33, 40] {
        let _ = fs::remove_file(state.file());
        let mut child = start(&state);
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = output
            .map(Result::unwrap)
            .filter(|line| line.starts_with("read "));
        let last = said.take(step).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let reached: u64 = last["read ".len()..].parse().unwrap();
        let (index, updated) = state.read(&lines);
        let kept = updated.entries - updated.added;
        assert!(
            kept + super::super::BATCH as u64 >= reached,
            "{kept} of {reached} were kept"
        );
        check(&index, &whole, &format!("killed after {reached}"));
    }
}

#[test]
fn several_at_once() {
    let state = State::with_log();
    let mut children: Vec<Child> = (0..4).map(|_| start(&state)).collect();
    for child in &mut children {
        let output = BufReader::new(child.stdout.take().unwrap());
        let whole = output.lines().map(Result::unwrap);
        let last = whole
            .filter(|line| line.starts_with("read "))
            .last()
            .unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(last, format!("read {}", state.lines().0.len()));
    }
    let (index, updated) = state.read(&state.lines());
    assert_eq!(updated.added, 0);
    check(&index, &all(&indexed(&state.lines())), "four at once");
}
