//! What a check costs in each language: one table in Markdown, from one command.
//!
//! `cargo bench --workspace --bench languages`, after the plugins were built: `cargo xtask guests`
//! puts the examples of the languages into `target/plugins/examples`, and `cargo xtask guests --tests` the
//! test guests into `target/plugins/tests`, which are measured where there are no examples. With
//! `WARDLET_BENCH_SHORT=1` each takes a second.
//!
//! Every component is compiled as a gateway compiles it, in a process with limits, and measured as
//! `wardlet plugin bench` measures it. What does not run stands in the table with the reason.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wardlet::measure::{self, Measured, Plan};
use wardlet_call::{Json, PluginName};
use wardlet_sandbox::{Artifacts, Child, Compiler, Sandbox};

/// A folder of components that do the same in each language.
struct Family {
    /// Below `target/plugins`.
    folder: &'static str,
    /// How the names of its policies begin and end; the language stands between.
    name: (&'static str, &'static str),
    settings: &'static str,
    /// A call that all of them allow.
    arguments: &'static str,
}

const FAMILIES: [Family; 2] = [
    Family {
        folder: "examples",
        name: ("", "-policy.wasm"),
        settings: r#"{"domains":["example.com"]}"#,
        arguments: r#"{"to":["ada@example.com"],"subject":"the minutes of today"}"#,
    },
    Family {
        folder: "tests",
        name: ("one-path-", ".wasm"),
        settings: r#"{"root":"/srv/data/","secret":"/srv/data/secret"}"#,
        arguments: r#"{"path":"/srv/data/report.csv"}"#,
    },
];

/// The time for checks of each component.
const TIME: Duration = Duration::from_secs(4);
const SHORT: Duration = Duration::from_secs(1);

type Failure = Box<dyn Error>;

/// The languages of a family with their components, in the order of the names.
fn found(family: &Family) -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/plugins")
        .join(family.folder);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let (begin, end) = family.name;
    let mut all: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let language = name.strip_prefix(begin)?.strip_suffix(end)?;
            Some((language.to_owned(), entry.path()))
        })
        .collect();
    all.sort();
    all
}

fn measure(family: &Family, bytes: &[u8], time: Duration) -> Result<Measured, Failure> {
    let folder = tempfile::tempdir()?;
    // A folder within, which is made with the rights that keys need.
    let state = folder.path().join("state");
    let cache = measure::empty_cache(&state)?;
    let compiler = Child::new(
        env!("CARGO_BIN_EXE_wardlet").into(),
        vec!["compile-component".into()],
    );
    let sandbox = Sandbox::new()?.with(Artifacts::new(Compiler::Child(compiler), cache));
    let plan = Plan {
        name: &PluginName::parse("measured")?,
        bytes,
        settings: &Json::parse(family.settings)?,
        arguments: Some(&Json::parse(family.arguments)?),
        sizes: &[],
        time,
        count: false,
    };
    let measured = measure::measure((&sandbox, &state), &plan, &|_| ())?;
    if measured.outcome != "allow" {
        return Err(format!("it does not allow the call: {}", measured.outcome).into());
    }
    Ok(measured)
}

fn row(bytes: usize, measured: &Measured) -> String {
    let micros = |time: Option<f64>| time.map_or("-".into(), |time| format!("{time:.0} µs"));
    let kib = |bytes: u64| format!("{} KiB", bytes >> 10);
    format!(
        "{} | {:.2} s | {:.1} ms | {} | {} | {} | {} | {}",
        kib(bytes as u64),
        measured.cold_load / 1e6,
        measured.load / 1e3,
        micros(Some(measured.checks.p50)),
        micros(measured.checks.p99),
        measured
            .ratio
            .map_or("-".into(), |ratio| format!("{:.2}", ratio.median)),
        measured.written.map_or("-".into(), kib),
        kib(measured.memory as u64),
    )
}

fn main() -> Result<(), Failure> {
    // `cargo test --benches` runs each target once, without this flag: it asks whether it works at all.
    let bench = std::env::args().any(|word| word == "--bench");
    let short = !bench || std::env::var_os("WARDLET_BENCH_SHORT").is_some();
    let time = if short { SHORT } else { TIME };
    let families = FAMILIES.iter().map(|family| (family, found(family)));
    let family = families.into_iter().find(|(_, found)| !found.is_empty());
    let Some((family, found)) = family else {
        if bench {
            return Err("no components; build them with `cargo xtask guests --tests`".into());
        }
        return Ok(());
    };
    println!(
        "| language | component | cold load | cached load | check p50 | check p99 | ratio to the floor | memory written | memory |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (language, path) in found.iter().take(if bench { found.len() } else { 1 }) {
        let bytes = std::fs::read(path)?;
        match measure(family, &bytes, time) {
            Ok(measured) => println!("| {language} | {} |", row(bytes.len(), &measured)),
            Err(error) => println!(
                "| {language} | {} KiB | {error} | | | | | | |",
                bytes.len() >> 10
            ),
        }
    }
    Ok(())
}
