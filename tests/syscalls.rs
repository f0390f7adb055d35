//! A check makes no system call: counted by the kernel, not by us.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::fixture::{beside_the_gateway, plugin, skip};
use crate::guest::Guest;

/// Checks in the short and in the long run: what is done once, such as a page of the heap, is in
/// both.
const RUNS: [u32; 2] = [1_000, 11_000];

#[test]
fn a_check_makes_no_system_call() {
    let mut strace = Command::new("strace");
    strace
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !strace.status().is_ok_and(|status| status.success()) {
        return skip("syscalls::a_check_makes_no_system_call", "strace");
    }
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs.wasm");
    fs::write(&logs, logging().component()).unwrap();
    let shipped = ["path-guard", "secret-redactor"].map(|name| plugin(name).0);
    for (component, settings) in [
        (&shipped[0], r#"{"roots":["/srv/data"]}"#),
        (&shipped[1], "{}"),
        (&logs, "{}"),
    ] {
        for threads in [1, 2] {
            let of = |checks| of_checking_threads(checks, threads, (component, settings));
            let [short, long] = RUNS.map(of);
            assert_eq!(short.len(), threads, "{component:?}: {short:?}");
            for (short, long) in short.iter().zip(&long) {
                let (few, many) = (short.len(), long.len());
                assert_eq!(
                    few, many,
                    "{component:?}: 10,000 checks more made system calls: {short:?}, {long:?}"
                );
            }
        }
    }
}

/// A policy that logs a line. Nobody reads the log, as in a gateway without `--log debug`; where somebody
/// does, each line is one write.
fn logging() -> Guest {
    let mut guest = Guest::policy().importing("log");
    let [text, length] = guest.text("a line");
    let allow = guest.evaluate.clone();
    guest.evaluating(format!(
        "(call $log_write (i32.const 1) (i32.const {text}) (i32.const {length}) (i32.const 0) (i32.const 0)) {allow}"
    ))
}

/// The system calls of each checking thread between its two `sched_yield`, which enclose its checks.
fn of_checking_threads(
    checks: u32,
    threads: usize,
    (component, settings): (&Path, &str),
) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&trace)
        .arg(beside_the_gateway("examples/checks"))
        .args([checks.to_string(), threads.to_string()])
        .arg(component)
        .arg(settings)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "the checks failed: {status}");
    let trace = fs::read_to_string(&trace).unwrap();
    let mut yields: BTreeMap<&str, u32> = BTreeMap::new();
    let mut between: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (thread, call) in trace.lines().filter_map(|line| line.split_once(' ')) {
        let call = call.trim_start();
        if call.contains("PR_SET_NAME, \"check-") {
            yields.insert(thread, 0);
            between.insert(thread, Vec::new());
        }
        // Threads that compile yield too; only those that were named above are looked at.
        let Some(count) = yields.get_mut(thread) else {
            continue;
        };
        if call.starts_with("sched_yield(") {
            *count += 1;
        } else if *count == 1 && !call.starts_with("<...") {
            between.entry(thread).or_default().push(call.to_owned());
        }
    }
    assert!(
        yields.values().all(|count| *count == 2),
        "each thread yields twice: {yields:?}"
    );
    between.into_values().collect()
}
