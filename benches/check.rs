//! What a check costs, beside the floor: the same component on the same engine by wasmtime alone.
//!
//! `cargo bench --workspace --bench check`, after the shipped plugins were built with
//! `cargo xtask guests`. With `WARDLET_BENCH_SHORT=1` it takes seconds. `WARDLET_BENCH_COMPONENT`
//! names another build of the component.
//!
//! After criterion's own figures comes the ratio of a check to the floor, by the method of [`rounds`];
//! and what it costs that a plugin is shown single places instead of the whole arguments.
//! The exit code is 1 for a ratio over the target, 2 for no result.

#[path = "../host/crates/sandbox/tests/sandbox/guest.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "shared with the sandbox's tests"
)]
mod guest;
mod rounds;

use std::error::Error;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use wardlet_call::{
    Document, Documents, Json, Part, Phase, PluginName, Pointer, Projection, Reach, Ruling, Subject,
};
use wardlet_sandbox::{Asked, Bare, Check, DEFAULT_MEMORY, Grant, Plugin, Sandbox};

/// The design's target for a check over the floor.
const TARGET: f64 = 1.3;

/// The target for a check through a projection over one that is shown everything.
const PROJECTION_TARGET: f64 = 1.15;

/// Places that a plugin is shown, of all kinds, with the one that it reads among them.
const PLACES: [&str; 8] = [
    "/arguments/files/*/path",
    "/arguments/edits/*/oldText",
    "/arguments/source",
    "/arguments/destination",
    "/arguments/path",
    "/result/content/*/text",
    "/result/structuredContent",
    "/definition/inputSchema/properties/*",
];

/// Checks that are timed together: the clock costs a hundredth of that.
const BATCH: u32 = 20;

const ROOT: &str = "/srv/data";
const SETTINGS: &str = r#"{"roots":["/srv/data"]}"#;

type Failure = Box<dyn Error>;

/// One payload, with what judges it.
struct Case {
    name: &'static str,
    bare: Bare,
    plugin: Plugin,
    subject: Subject,
    check: Check,
}

impl Case {
    fn new(name: &'static str, size: usize, component: &[u8]) -> Result<Self, Failure> {
        Self::shown(name, size, component, Projection::of(Part::Arguments, "")?)
    }

    fn shown(
        name: &'static str,
        size: usize,
        component: &[u8],
        projection: Projection,
    ) -> Result<Self, Failure> {
        let frame = r#"{"path":"/srv/data/report.csv","content":""}"#;
        let content = "x".repeat(size.saturating_sub(frame.len()));
        let arguments = frame.replace("\"\"}", &format!("\"{content}\"}}"));
        let grant = Grant {
            projection,
            settings: Some(Json::parse(SETTINGS)?),
            ..Grant::default()
        };
        let document = Document::parsed(Json::parse(&arguments)?, arguments.len());
        let documents = Documents {
            arguments: Some(Arc::new(document)),
            ..Documents::default()
        };
        let subject = Subject {
            phase: Phase::Request,
            method: "tools/call".into(),
            server: "files".into(),
            name: "write_file".into(),
        };
        let asked = Asked {
            subject: &subject,
            part: Part::Arguments,
            payload: &arguments,
            settings: SETTINGS,
            reach: Reach::default(),
            caller: None,
            memory: DEFAULT_MEMORY,
        };
        let sandbox = Sandbox::new()?;
        let case = Case {
            name,
            bare: Bare::new(&sandbox, component, &asked)?,
            plugin: sandbox.load(&PluginName::parse("path-guard")?, component, grant)?,
            subject,
            check: Check {
                documents,
                ..Check::default()
            },
        };
        if case.floor() && case.ours() && case.native() {
            return Ok(case);
        }
        Err("floor, check and native do not agree that the call is allowed".into())
    }

    fn floor(&self) -> bool {
        black_box(&self.bare).check().is_ok_and(|allowed| allowed)
    }

    fn ours(&self) -> bool {
        let (answer, _) = self
            .plugin
            .evaluate(black_box(&self.subject), black_box(&self.check));
        answer.is_ok_and(|(verdict, _)| verdict.ruling == Ruling::Allow)
    }

    /// What a policy inside of the host would do for the same question, without a sandbox.
    fn native(&self) -> bool {
        let document = black_box(&self.check).documents.arguments.as_ref();
        let pointer = Pointer::parse(black_box("/path")).ok();
        let path = pointer
            .zip(document)
            .and_then(|(at, document)| at.of(document.root())?.as_str());
        path.and_then(|path| path.strip_prefix(ROOT))
            .is_some_and(|rest| rest.starts_with('/'))
    }

    /// Microseconds of one check: the median of several batches, so that what interrupts one does not count.
    fn time(&self, batches: usize, check: fn(&Case) -> bool) -> f64 {
        let times = (0..batches).map(|_| {
            let begun = Instant::now();
            for _ in 0..BATCH {
                black_box(check(self));
            }
            begun.elapsed().as_secs_f64() * 1e6 / f64::from(BATCH)
        });
        rounds::Spread::of(times.collect()).median
    }
}

/// The same policy, which reads the path: once shown all arguments, once single places.
struct Projected {
    whole: Case,
    places: Case,
}

impl Projected {
    fn new() -> Result<Self, Failure> {
        let mut reading = guest::Guest::policy().importing("document");
        let [at, length] = reading.text("/path");
        let (ret, allow) = (guest::RET, reading.evaluate.clone());
        // Anything but a text that was found is a trap.
        let reading = reading.evaluating(format!(
            "(call $document_get (i32.const 0) (i32.const {at}) (i32.const {length}) (i32.const {ret}))
            (if (i32.load8_u (i32.const {ret})) (then unreachable))
            (if (i32.ne (i32.load8_u (i32.const {value})) (i32.const 3)) (then unreachable))
            {allow}",
            value = ret + 8,
        ));
        let component = reading.component();
        let whole = Case::shown("whole", 64, &component, Projection::parse(&["/arguments"])?)?;
        let places = Case::shown("places", 64, &component, Projection::parse(&PLACES)?)?;
        Ok(Projected { whole, places })
    }

    fn ratio(&self, batches: usize) -> Option<f64> {
        rounds::ratio("projection", PROJECTION_TARGET, || {
            (
                self.whole.time(batches, Case::ours),
                self.places.time(batches, Case::ours),
            )
        })
    }
}

fn component() -> Result<Vec<u8>, Failure> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/plugins/path-guard.wasm");
    let path = std::env::var_os("WARDLET_BENCH_COMPONENT").map_or(built, PathBuf::from);
    std::fs::read(&path).map_err(|error| {
        format!(
            "no component at `{}`: {error}; build it with `cargo xtask guests`",
            path.display()
        )
        .into()
    })
}

fn main() -> Result<ExitCode, Failure> {
    let short = std::env::var_os("WARDLET_BENCH_SHORT").is_some();
    let mut criterion = Criterion::default();
    if short {
        criterion = criterion
            .sample_size(10)
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_millis(300));
    }
    let mut criterion = criterion.configure_from_args();
    let component = component()?;
    let cases = [
        Case::new("64 bytes", 64, &component)?,
        Case::new("1 MB", 1_000_000, &component)?,
    ];
    let mut group = criterion.benchmark_group("check");
    for case in &cases {
        for (what, run) in [
            ("floor", Case::floor as fn(&Case) -> bool),
            ("wardlet", Case::ours),
            ("native", Case::native),
        ] {
            group.bench_with_input(BenchmarkId::new(what, case.name), case, |bencher, case| {
                bencher.iter(|| run(case));
            });
        }
    }
    group.finish();
    criterion.final_summary();
    // `cargo test --benches` runs each target once, without this flag: it asks whether it works at all.
    if !std::env::args().any(|word| word == "--bench") {
        return Ok(ExitCode::SUCCESS);
    }
    let batches = if short { 10 } else { 100 };
    let projection = Projected::new()?.ratio(batches);
    let ratios: Vec<(&str, Option<f64>)> = cases
        .iter()
        .map(|case| {
            let round = || {
                (
                    case.time(batches, Case::floor),
                    case.time(batches, Case::ours),
                )
            };
            (case.name, rounds::ratio(case.name, TARGET, round))
        })
        .collect();
    let judged = [
        rounds::verdict(&ratios, TARGET),
        rounds::verdict(&[("projection", projection)], PROJECTION_TARGET),
    ];
    let [check, projection] = judged;
    Ok(if check == ExitCode::SUCCESS {
        projection
    } else {
        check
    })
}
