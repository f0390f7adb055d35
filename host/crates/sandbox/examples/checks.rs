//! Runs N checks of a policy, or of a redactor over arguments with a secret, on each of some threads, for
//! whoever counts what that costs. The plugin may log and have the host search; nobody reads the log.
//!
//! `checks N THREADS COMPONENT [SETTINGS]`
//!
//! Every thread is named `check-<number>`, warms up together with the others, yields once, does
//! nothing but its N checks, and yields again. Under `strace -ff` the two `sched_yield` of a thread
//! enclose what its checks ask of the kernel, which is to be nothing. The threads wait for one
//! another by spinning: a barrier's own system calls would be counted too.

use std::error::Error;
use std::hash::RandomState;
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use wardlet_call::{Document, Documents, Json, Part, Phase, PluginName, Projection, Subject};
use wardlet_sandbox::{Capability, Check, Grant, Plugin, Sandbox};

/// Checks of each thread before the measured ones: enough for all threads to have been in the
/// sandbox at the same time, so that the pool has a warm place for each.
const WARM_UP: usize = 2_000;

/// Where no settings are given: those of `path-guard`.
const SETTINGS: &str = r#"{"roots":["/srv/data"]}"#;

const ARGUMENTS: &str = concat!(
    r#"{"path":"/srv/data/report.csv","content":"the key is AKIA"#,
    r#"Q7X2M4W6K3TB5LDZ"}"#
);

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (checks, threads, component, settings) = match words.as_slice() {
        [checks, threads, component] => (checks, threads, component, SETTINGS),
        [checks, threads, component, settings] => (checks, threads, component, settings.as_str()),
        _ => return Err("usage: checks N THREADS COMPONENT [SETTINGS]".into()),
    };
    let (checks, threads): (usize, usize) = (checks.parse()?, threads.parse()?);
    let grant = Grant {
        capabilities: vec![Capability::Log, Capability::Scan],
        projection: Projection::of(Part::Arguments, "")?,
        settings: Some(Json::parse(settings)?),
        ..Grant::default()
    };
    let name = PluginName::parse("measured")?;
    let plugin = Sandbox::new()?.load(&name, &std::fs::read(component)?, grant)?;
    let met = Arc::new(AtomicUsize::new(0));
    let mut running = Vec::new();
    for number in 0..threads {
        let (plugin, met) = (plugin.clone(), Arc::clone(&met));
        let named = thread::Builder::new().name(format!("check-{number}"));
        running.push(named.spawn(move || run(&plugin, checks, threads, &met))?);
    }
    for thread in running {
        let faults = thread.join().map_err(|_| "a thread panicked")?;
        if faults > 0 {
            return Err(format!("{faults} checks gave no verdict").into());
        }
    }
    Ok(())
}

/// Gives the number of checks without a verdict.
fn run(plugin: &Plugin, checks: usize, threads: usize, met: &AtomicUsize) -> usize {
    let document = Json::parse(ARGUMENTS).map(|root| Document::parsed(root, ARGUMENTS.len()));
    let check = Check {
        documents: Documents {
            arguments: document.ok().map(Arc::new),
            ..Documents::default()
        },
        ..Check::default()
    };
    let subject = Subject {
        phase: Phase::Request,
        method: "tools/call".into(),
        server: "files".into(),
        name: "read_file".into(),
    };
    let fails = || {
        if plugin.is_policy() {
            return plugin.evaluate(&subject, &check).0.is_err();
        }
        // One that finds nothing has not done its work.
        let found = plugin.find(&subject, Part::Arguments, &check).0;
        !found.is_ok_and(|edits| !edits.is_empty())
    };
    let faults = |count: usize| (0..count).filter(|_| fails()).count();
    // The first hash map of a thread asks the kernel for its keys, once (`getrandom`). In checks that search it
    // was seen to come only after thousands of them.
    let _ = RandomState::new();
    meet(met, threads);
    let warming = faults(WARM_UP);
    meet(met, 2 * threads);
    thread::yield_now();
    let measured = faults(checks);
    thread::yield_now();
    warming + measured
}

/// Waits until all threads have come this far.
fn meet(met: &AtomicUsize, wanted: usize) {
    met.fetch_add(1, Ordering::SeqCst);
    while met.load(Ordering::SeqCst) < wanted {
        hint::spin_loop();
    }
}
