//! A check makes no system call: counted by the kernel, not by us.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use crate::fixture::{beside_the_gateway, plugin, skip};

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
    for threads in [1, 2] {
        let [short, long] = RUNS.map(|checks| of_checking_threads(checks, threads));
        assert_eq!(short.len(), threads, "threads: {short:?}");
        for (short, long) in short.iter().zip(&long) {
            let (few, many) = (short.len(), long.len());
            assert_eq!(
                few, many,
                "10,000 checks more made system calls: {short:?}, {long:?}"
            );
        }
    }
}

/// The system calls of each checking thread between its two `sched_yield`, which enclose its checks.
fn of_checking_threads(checks: u32, threads: usize) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&trace)
        .arg(beside_the_gateway("examples/checks"))
        .args([checks.to_string(), threads.to_string()])
        .arg(plugin("path-guard").0)
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
