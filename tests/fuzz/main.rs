//! A short run of every fuzz target, on stable Rust and within the test command: the corpus first, then
//! mutations of it. It says how many inputs each target was given. A longer run is
//! `WARDLET_FUZZ=1000000`; one that coverage guides is in `libfuzzer/`, over the same functions.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../../host/crates/sandbox/tests/sandbox/guest.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the sandbox's tests")]
mod guest;
mod loading;
mod targets;

use std::io::Write as _;
use std::path::Path;

use mutatis::check::Check;
use mutatis::mutators;

/// Inputs of each target that is cheap to run, without its corpus.
const DEFAULT_INPUTS: usize = 20_000;

/// Mutations before a run begins again with its corpus: they walk away from it, step by step, and
/// what is far away is refused at the door.
const STRAY: usize = 200;

/// The most bytes of an input.
const MAX_INPUT: usize = 16 << 10;

fn inputs() -> usize {
    std::env::var("WARDLET_FUZZ")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(DEFAULT_INPUTS)
}

/// Runs one target. `dear` is how many times dearer an input is than that of a cheap one.
fn run(name: &str, dear: usize, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fuzz/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder.join(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|f| std::fs::read(f).unwrap()).collect();
    assert!(!corpus.is_empty(), "{name} begins with nothing");
    let mut executions = 0_usize;
    let rounds = (inputs() / dear).div_ceil(STRAY).max(1);
    for round in 0..rounds {
        let steps = STRAY.min(inputs() / dear).max(1);
        Check::new()
            .seed(round as u64)
            .min_iters(steps)
            .max_iters(steps)
            .run_with(
                mutators::default::<Vec<u8>>(),
                corpus.clone(),
                |input: &Vec<u8>| {
                    executions += 1;
                    target(&input[..input.len().min(MAX_INPUT)]);
                    Ok::<(), String>(())
                },
            )
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    // Past the test's own capture: whoever runs the tests is to see that this ran.
    let line = format!(
        "fuzz: {name}: {executions} executions, {} of them the corpus\n",
        rounds * corpus.len()
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[test]
fn verdicts() {
    run("verdicts", 4, targets::verdict);
}

#[test]
fn edits() {
    run("edits", 4, targets::edits);
}

#[test]
fn spans() {
    run("spans", 1, targets::spans);
}

#[test]
fn projections() {
    run("projections", 1, targets::projection);
}

#[test]
fn pointers() {
    run("pointers", 1, targets::pointer);
}

#[test]
fn json() {
    run("json", 1, targets::json);
}

#[test]
fn components() {
    run("components", 40, targets::component);
}

#[test]
fn descriptions() {
    run("descriptions", 10, loading::description);
}

#[test]
fn patterns() {
    run("patterns", 10, loading::patterns);
}

#[test]
fn artifacts() {
    run("artifacts", 20, loading::artifact);
}

/// A corpus that is refused at the door would fuzz the door.
#[test]
fn the_corpus_reaches_the_deepest_branches() {
    let read = |path: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fuzz/corpus");
        std::fs::read(folder.join(path)).unwrap()
    };
    for (file, ruling, obligations) in [
        ("verdicts/allow", "allow", 0),
        ("verdicts/abstain", "abstain", 0),
        ("verdicts/deny-with-obligations", "deny", 2),
        ("verdicts/ask", "require-approval", 2),
    ] {
        let verdict = targets::judged(&read(file)).unwrap();
        let came = (verdict.ruling.word(), verdict.obligations.len());
        assert_eq!(came, (ruling, obligations), "{file}");
    }
    assert!(targets::judged(&read("verdicts/failed")).is_err());
    for (file, count) in [("edits/three", 3), ("edits/none", 0)] {
        assert_eq!(targets::found(&read(file)).unwrap().len(), count, "{file}");
    }
    let told = loading::described(&read("descriptions/whole")).unwrap();
    let told = told.description();
    let came = (
        told.name.as_str(),
        told.reasons.len(),
        told.entities.len(),
        told.needed.len(),
    );
    assert_eq!(came, ("puppet", 2, 1, 1));
    for file in ["components/policy.wasm", "components/redactor.wasm"] {
        assert!(targets::loads(&read(file)), "{file}");
    }
}

/// Writes the components of the corpus anew, where the contract has changed: run it by its name.
#[test]
#[ignore = "writes into the source tree"]
fn write_components() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fuzz/corpus/components");
    std::fs::create_dir_all(&folder).unwrap();
    let policy = guest::Guest::policy().importing("document").component();
    std::fs::write(folder.join("policy.wasm"), policy).unwrap();
    let redactor = guest::Guest::redactor().importing("document").component();
    std::fs::write(folder.join("redactor.wasm"), redactor).unwrap();
}
