//! What a hostile plugin costs its neighbour: 1,000 checks a second of an honest plugin, alone and
//! while a hostile one has as many checks under way as it may have, through the lanes of the gateway,
//! on one thread as in a session.
//!
//! `cargo bench --workspace --bench neighbours`, after `cargo xtask guests`. With
//! `WARDLET_BENCH_SHORT=1` its rounds are shorter.
//!
//! A check's time counts from when it was due, so that a thread that is held up counts for all that
//! came due meanwhile. The 90th percentile of each half of a round is compared, by the method of
//! [`rounds`]. Any denied check of the honest plugin ends the benchmark.

#[allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "it belongs to the sandbox's tests, which use the rest too"
)]
#[path = "../host/crates/sandbox/tests/sandbox/guest.rs"]
mod guest;
mod rounds;

use std::cell::Cell;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use guest::Guest;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use wardlet::config;
use wardlet::lane::Lanes;
use wardlet::plugins::Bound;
use wardlet_call::{
    Document, Documents, Json, Part, Phase, PluginName, Projection, Ruling, Subject,
};
use wardlet_sandbox::{Capability, Check, DEFAULT_CONCURRENCY, Grant, Sandbox};

/// The goal of the issue SANDBOX: the 90th percentile at most twice that of the same load alone.
const TARGET: f64 = 2.0;

/// Between two checks of the honest plugin: 1,000 a second.
const EVERY: Duration = Duration::from_millis(1);

/// Checks in each half of a round.
const CHECKS: u32 = 500;

const ARGUMENTS: &str = r#"{"path":"/srv/data/reports/2026/q3.csv","content":"0123456789"}"#;

const SETTINGS: &str = r#"{"roots":["/srv/data"]}"#;

type Failure = Box<dyn Error>;

/// The honest plugin and a hostile one.
struct Neighbours {
    lanes: Rc<Lanes>,
    honest: Rc<Bound>,
    hostile: Rc<Bound>,
    check: Check,
    subject: Arc<Subject>,
}

fn bound(sandbox: &Sandbox, name: &str, component: &[u8], grant: Grant) -> Result<Bound, Failure> {
    let name = PluginName::parse(name)?;
    let config = config::Plugin {
        sees: grant.projection.clone(),
        limits: grant.limits,
        ..config::Plugin::default()
    };
    Ok(Bound {
        plugin: sandbox.load(&name, component, grant)?,
        digest: name.to_string(),
        name,
        config,
    })
}

impl Neighbours {
    fn new(hostile: Guest) -> Result<Self, Failure> {
        let sandbox = Sandbox::new()?;
        let path =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/plugins/path-guard.wasm");
        let component = std::fs::read(&path).map_err(|error| {
            format!(
                "no component at `{}`: {error}; build it with `cargo xtask guests`",
                path.display()
            )
        })?;
        let grant = Grant {
            projection: Projection::of(Part::Arguments, "")?,
            settings: Some(Json::parse(SETTINGS)?),
            ..Grant::default()
        };
        let everything = Grant {
            capabilities: vec![Capability::Log],
            ..Grant::default()
        };
        let document = Document::parsed(Json::parse(ARGUMENTS)?, ARGUMENTS.len());
        let documents = Documents {
            arguments: Some(Arc::new(document)),
            ..Documents::default()
        };
        Ok(Neighbours {
            lanes: Rc::default(),
            honest: Rc::new(bound(&sandbox, "honest", &component, grant)?),
            hostile: Rc::new(bound(
                &sandbox,
                "hostile",
                &hostile.component(),
                everything,
            )?),
            check: Check {
                documents,
                ..Check::default()
            },
            subject: Arc::new(Subject {
                phase: Phase::Request,
                method: "tools/call".into(),
                server: "files".into(),
                name: "read_file".into(),
            }),
        })
    }

    /// One check. Whether it allowed.
    async fn ask(&self, bound: &Bound) -> bool {
        let subject = Arc::clone(&self.subject);
        let (answer, _) = self
            .lanes
            .run(bound, &self.check, move |plugin, check| {
                plugin.evaluate(&subject, check)
            })
            .await;
        answer.is_ok_and(|(verdict, _)| verdict.ruling == Ruling::Allow)
    }

    /// The 90th percentile of the honest plugin's checks in microseconds. They come due on another
    /// thread, as lines of an agent do.
    async fn honest(self: &Rc<Self>, checks: u32) -> f64 {
        let (sender, mut due) = mpsc::unbounded_channel();
        let pace = std::thread::spawn(move || {
            let begun = Instant::now();
            for number in 1..=checks {
                let at = begun + EVERY * number;
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                if sender.send(at).is_err() {
                    return;
                }
            }
        });
        let mut times = Vec::new();
        while let Some(at) = due.recv().await {
            assert!(self.ask(&self.honest).await, "an honest check was denied");
            times.push(at.elapsed().as_secs_f64() * 1e6);
        }
        assert!(pace.join().is_ok(), "the thread that paces ended early");
        times.sort_by(f64::total_cmp);
        times.get(times.len() * 9 / 10).copied().unwrap_or(f64::NAN)
    }

    /// The same while the hostile plugin has as many checks under way as it may have.
    async fn beside(self: &Rc<Self>, checks: u32) -> f64 {
        let over = Rc::new(Cell::new(false));
        let attacks: Vec<_> = (0..DEFAULT_CONCURRENCY)
            .map(|_| {
                let (own, over) = (Rc::clone(self), Rc::clone(&over));
                tokio::task::spawn_local(async move {
                    while !over.get() {
                        own.ask(&own.hostile).await;
                    }
                })
            })
            .collect();
        let p90 = self.honest(checks).await;
        over.set(true);
        for attack in attacks {
            assert!(attack.await.is_ok(), "a hostile check was lost");
        }
        p90
    }
}

/// The guests that attack, by name.
fn hostile() -> [(&'static str, Guest); 4] {
    let spins = Guest::policy().evaluating("(loop $forever (br $forever)) unreachable");
    let mut floods = Guest::policy().importing("log");
    let [text, length] = floods.text("a line of a log that nobody asked for ".repeat(20));
    floods.evaluate = format!(
        "(loop $forever
            (call $log_write (i32.const 1) (i32.const {text}) (i32.const {length}) (i32.const 0) (i32.const 0))
            (br $forever)) unreachable"
    );
    // Takes all it gets, page by page, and writes to each.
    let grows = Guest::policy().evaluating(
        "(loop $forever
            (local.set $a (memory.grow (i32.const 1)))
            (if (i32.ne (local.get $a) (i32.const -1)) (then
                (i32.store (i32.mul (local.get $a) (i32.const 65536)) (i32.const 1))
                (br $forever)))) unreachable",
    );
    // Stops short of the limit, so that no limit strikes.
    let almost = Guest::policy().evaluating(
        "(loop $on
            (local.set $a (memory.grow (i32.const 1)))
            (i32.store (i32.mul (local.get $a) (i32.const 65536)) (i32.const 1))
            (br_if $on (i32.lt_u (local.get $a) (i32.const 240)))) unreachable",
    );
    [
        ("spinning", spins),
        ("log flood", floods),
        ("growing", grows),
        ("growing, within its limit", almost),
    ]
}

fn main() -> Result<ExitCode, Failure> {
    // The log is formatted as in a gateway whose debug log is on, and goes nowhere.
    tracing_subscriber::fmt()
        .with_env_filter("debug")
        .with_writer(std::io::sink)
        .init();
    let measured = std::env::args().any(|word| word == "--bench");
    let short = !measured || std::env::var_os("WARDLET_BENCH_SHORT").is_some();
    let checks = if short { CHECKS / 5 } else { CHECKS };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut ratios = Vec::new();
    for (name, guest) in hostile() {
        let neighbours = Rc::new(Neighbours::new(guest)?);
        let local = LocalSet::new();
        let round = || {
            let alone = local.block_on(&runtime, neighbours.honest(checks));
            let beside = local.block_on(&runtime, neighbours.beside(checks));
            (alone, beside)
        };
        if measured {
            ratios.push((name, rounds::ratio(name, TARGET, round)));
        } else {
            // `cargo test --benches` asks whether it works at all.
            round();
        }
    }
    Ok(rounds::verdict(&ratios, TARGET))
}
