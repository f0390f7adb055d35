//! A check makes no system call: counted by the kernel, not by us.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use crate::fixture::{beside_the_gateway, plugin, skip};

/// Checks in the short and in the long run; what is done once cancels out in the difference.
const RUNS: [u32; 2] = [1_000, 11_000];
/// Calls that a thread may make in 10,000 checks more: an interrupted lock, a page of the heap.
/// One call in a hundred checks would be above it.
const MOST: u64 = 100;

#[test]
fn a_check_makes_no_system_call() {
    let strace = Command::new("strace")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !{ strace }.status().is_ok_and(|status| status.success()) {
        return skip("syscalls::a_check_makes_no_system_call", "strace");
    }
    for threads in [1, 2] {
        let [short, long] = RUNS.map(|checks| of_checking_threads(checks, threads));
        assert_eq!(short.len(), threads, "threads named check-…: {short:?}");
        assert_eq!(long.len(), threads, "threads named check-…: {long:?}");
        for (name, calls) in &long {
            let more = calls.saturating_sub(short[name]);
            assert!(
                more < MOST,
                "{name} of {threads} made {more} system calls in 10,000 checks more"
            );
        }
    }
}

/// The system calls of each checking thread, by its name.
fn of_checking_threads(checks: u32, threads: usize) -> BTreeMap<String, u64> {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let program = beside_the_gateway("examples/checks");
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&trace)
        .arg(program)
        .args([checks.to_string(), threads.to_string()])
        .env("WARDLET_PLUGIN", plugin("path-guard").0)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "the checks failed: {status}");
    let trace = fs::read_to_string(&trace).unwrap();
    let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else {
            continue;
        };
        *calls.entry(thread).or_default() += 1;
        if let Some((_, name)) = call.split_once("PR_SET_NAME, \"") {
            names.insert(thread, name.split('"').next().unwrap().to_owned());
        }
    }
    let checking = names
        .into_iter()
        .filter(|(_, name)| name.starts_with("check-"));
    checking
        .map(|(thread, name)| (name, calls[thread]))
        .collect()
}
