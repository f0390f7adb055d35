//! `wardlet plugin test --watch`: each change is tried, and Ctrl-C ends it well.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{Author, case, speaking};
use crate::guest::Guest;

/// Anything that does not happen within this does not happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a line that holds a text.
fn until(lines: &Receiver<String>, text: &str) {
    let mut seen = Vec::new();
    loop {
        let line = lines.recv_timeout(PATIENCE);
        let line = line.unwrap_or_else(|_| panic!("no `{text}` in {seen:?}"));
        if line.contains(text) {
            return;
        }
        seen.push(line);
    }
}

#[test]
fn each_change_of_a_case_or_the_component_is_tried() {
    const WAITS: &str = "waiting for a change";
    let allow = case(r#""arguments": {"deny": 1}, "expect": {"verdict": "allow"}"#);
    let author = Author::new(&speaking().component(), &allow);
    let mut command = author.command(&["test", "--watch"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (sender, lines) = channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    until(&lines, "FAIL `one`");
    until(&lines, WAITS);
    let deny =
        case(r#""arguments": {"deny": 1}, "expect": {"verdict": "deny", "code": "outside"}"#);
    fs::write(author.path("cases/all.json"), deny).unwrap();
    until(&lines, "1 passed in ");
    until(&lines, WAITS);
    // A file that comes counts too.
    fs::write(author.path("cases/new.json"), allow).unwrap();
    until(&lines, "new.json  1 failed");
    until(&lines, WAITS);
    fs::write(author.path("build/guest.wasm"), Guest::policy().component()).unwrap();
    until(&lines, "ok   cases/new.json");
    until(&lines, WAITS);
    // What cannot be tried ends nothing.
    fs::remove_file(author.path("build/guest.wasm")).unwrap();
    until(&lines, WAITS);
    let process = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(process, Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
