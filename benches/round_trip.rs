//! What a call through the gateway costs: a `tools/call` over stdio with two policies, one redactor,
//! a token and two signed entries, beside the sum of its floors.
//!
//! `cargo bench --workspace --bench round_trip`, after `cargo xtask guests` and
//! `cargo build --release -p echo-server`. With `WARDLET_BENCH_SHORT=1` it takes seconds.
//!
//! The sum of the floors: the round trip through a byte relay to the same trivial server, one bare
//! sandbox for each check made (two policies, the redactor over the arguments and over the answer),
//! two Ed25519 signatures, one ES256 signature, two writes of an entry. All are taken in each round,
//! as medians of as many calls as the gateway's. The method of the ratio is that of [`rounds`].

mod client;
mod floor;
mod relay;
mod rounds;

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use client::Client;
use criterion::Criterion;
use wardlet_call::{Part, Phase, Reach, Subject};
use wardlet_sandbox::{Asked, Bare, DEFAULT_MEMORY, Sandbox};

/// The goal of the issue GATE: at p50 at most twice the sum of the floors.
const TARGET: f64 = 2.0;

/// Calls of one round.
const CALLS: usize = 400;

/// The arguments of the call: some 64 bytes.
const ARGUMENTS: &str = r#"{"path":"/srv/data/reports/2026/q3.csv","content":"0123456789"}"#;

/// What the server answers with: the redactor searches it.
const ANSWER: &str =
    r#"{"content":[{"type":"text","text":"{\"path\":\"/srv/data/reports/2026/q3.csv\"}"}]}"#;

const GUARD: &str = r#"{"roots":["/srv/data"]}"#;
const ALLOW: &str = r#"{"tools":{"echo":{"other_arguments":"allow"}}}"#;

/// Bytes of an entry of such a call, near enough for a write.
const ENTRY: usize = 1_100;

type Failure = Box<dyn Error>;

/// Both sides of the comparison.
struct Sides {
    relay: Client,
    gateway: Client,
    bare: Vec<Bare>,
    seals: floor::Seals,
    entry: Vec<u8>,
}

impl Sides {
    fn new(folder: &Path) -> Result<Self, Failure> {
        let echo = client::program("echo-server")?.display().to_string();
        let this = std::env::current_exe()?.display().to_string();
        let config = write_config(folder, &echo)?;
        let wardlet = env!("CARGO_BIN_EXE_wardlet");
        let gateway = Client::start(wardlet, &["--log", "error", "run", "--config", &config])?;
        let relay = Client::start(&this, &[relay::ARGUMENT, &echo])?;
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join("floor.jsonl"))?;
        let subject = Subject {
            phase: Phase::Request,
            method: "tools/call".into(),
            server: "files".into(),
            name: "echo".into(),
        };
        let sandbox = Sandbox::new()?;
        let bare = [
            ("path-guard", ARGUMENTS, GUARD),
            ("tool-allow", ARGUMENTS, ALLOW),
            ("secret-redactor", ARGUMENTS, "{}"),
            ("secret-redactor", ANSWER, "{}"),
        ];
        let bare = bare.map(|(name, payload, settings)| -> Result<Bare, Failure> {
            let asked = Asked {
                subject: &subject,
                part: Part::Arguments,
                payload,
                settings,
                reach: Reach::default(),
                caller: None,
                memory: DEFAULT_MEMORY,
            };
            Ok(Bare::new(&sandbox, &component(name)?, &asked)?)
        });
        let sides = Sides {
            relay,
            gateway,
            bare: bare.into_iter().collect::<Result<_, _>>()?,
            seals: floor::Seals::new(file)?,
            entry: vec![b'x'; ENTRY],
        };
        if sides.bare.iter().all(Self::check) {
            return Ok(sides);
        }
        Err("a bare check does not allow the call".into())
    }

    fn check(bare: &Bare) -> bool {
        black_box(bare).check().is_ok_and(|good| good)
    }

    /// The median of each floor, in microseconds, with its name and how often a call pays for it.
    fn floors(&mut self, calls: usize) -> Vec<(&'static str, f64)> {
        let relay = median(calls, || self.relay.call("echo", ARGUMENTS));
        let bare = self.bare.iter();
        let checks: f64 = bare.map(|bare| median(calls, || Self::check(bare))).sum();
        let ed25519 = median(calls, || self.seals.ed25519(black_box(&self.entry)));
        let es256 = median(calls, || self.seals.es256(black_box(&self.entry)));
        let write = median(calls, || self.seals.write(black_box(&self.entry)));
        vec![
            ("round trip through a byte relay", relay),
            ("four bare sandboxes", checks),
            ("two Ed25519 signatures", 2.0 * ed25519),
            ("one ES256 signature", es256),
            ("two writes of an entry", 2.0 * write),
        ]
    }

    fn gateway(&mut self, calls: usize) -> f64 {
        median(calls, || self.gateway.call("echo", ARGUMENTS))
    }
}

/// Microseconds of one run at the median.
fn median(runs: usize, mut run: impl FnMut() -> bool) -> f64 {
    let times = (0..runs).map(|_| {
        let begun = Instant::now();
        assert!(black_box(run()), "a measured step failed");
        begun.elapsed().as_secs_f64() * 1e6
    });
    rounds::Spread::of(times.collect()).median
}

fn component(name: &str) -> Result<Vec<u8>, Failure> {
    let path = plugins().join(format!("{name}.wasm"));
    std::fs::read(&path).map_err(|error| {
        format!(
            "no component at `{}`: {error}; build it with `cargo xtask guests`",
            path.display()
        )
        .into()
    })
}

fn plugins() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/plugins")
}

fn write_config(folder: &Path, echo: &str) -> Result<String, Failure> {
    let plugin = |name: &str, sees: &str, settings: &str| -> Result<String, Failure> {
        let path = plugins().join(format!("{name}.wasm"));
        let digest = ring::digest::digest(&ring::digest::SHA256, &component(name)?);
        let digest: String = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(format!(
            "[plugin.{name}]\ncomponent = {path:?}\ndigest = \"sha256:{digest}\"\nsees = [{sees}]\n{settings}\n"
        ))
    };
    let text = [
        "[gateway]\nname = \"bench\"\n".to_owned(),
        format!("[server.files]\ncommand = [{echo:?}]\n"),
        plugin("path-guard", "\"/arguments\"", "settings = { roots = [\"/srv/data\"] }")?,
        plugin(
            "tool-allow",
            "\"/arguments\"",
            "settings = { tools = { echo = { other_arguments = \"allow\" } } }",
        )?,
        plugin(
            "secret-redactor",
            "\"/arguments\", \"/result\"",
            "grants = [\"scan\"]",
        )?,
        "[[rule]]\nname = \"all\"\ntools = [\"files/echo\"]\npolicies = [\"path-guard\", \"tool-allow\"]\nredactors = [\"secret-redactor\"]\n".to_owned(),
    ]
    .concat();
    let path = folder.join("wardlet.toml");
    std::fs::write(&path, text)?;
    Ok(path.display().to_string())
}

fn main() -> Result<ExitCode, Failure> {
    if relay::main()? {
        return Ok(ExitCode::SUCCESS);
    }
    let short = std::env::var_os("WARDLET_BENCH_SHORT").is_some();
    let folder = tempfile::tempdir()?;
    let mut sides = Sides::new(folder.path())?;
    let mut criterion = Criterion::default();
    if short {
        criterion = criterion
            .sample_size(10)
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_millis(500));
    }
    let mut criterion = criterion.configure_from_args();
    let mut group = criterion.benchmark_group("round trip");
    group.bench_function("byte relay", |b| {
        b.iter(|| sides.relay.call("echo", ARGUMENTS))
    });
    group.bench_function("gateway", |b| {
        b.iter(|| sides.gateway.call("echo", ARGUMENTS))
    });
    group.finish();
    criterion.final_summary();
    // `cargo test --benches` runs each target once, without this flag: it asks whether it works at all.
    if !std::env::args().any(|word| word == "--bench") {
        return Ok(ExitCode::SUCCESS);
    }
    let calls = if short { 100 } else { CALLS };
    for (name, micros) in sides.floors(calls) {
        println!("{name:34} {micros:8.2} us");
    }
    let ratio = rounds::ratio("round trip", TARGET, || {
        let floor = sides.floors(calls).iter().map(|(_, micros)| micros).sum();
        (floor, sides.gateway(calls))
    });
    Ok(rounds::verdict(&[("round trip", ratio)], TARGET))
}
