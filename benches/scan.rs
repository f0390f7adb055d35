//! What redacting a 5 MB answer with 200 patterns costs, beside a bare native pass of a `RegexSet` over the
//! same texts, which tells only which patterns are there, and beside the same patterns inside of the
//! sandbox.
//!
//! `cargo bench --workspace --bench scan`, after `cargo xtask guests scan-host scan-inside`. With
//! `WARDLET_BENCH_SHORT=1` fewer rounds are taken with the search inside of the sandbox.
//!
//! Ours is the whole redaction: numbering the leaves, the check in its sandbox with the host's search,
//! checking the edits, and writing the answer anew. The method of the ratios is that of [`rounds`]. The
//! exit code is 1 for a target that was missed, 2 for no result.

mod credentials;
mod rounds;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use regex::bytes::{RegexSet, RegexSetBuilder};
use wardlet_call::{
    Document, Documents, Edit, Json, Part, Phase, PluginName, Projection, Replacement, Spans,
    Subject,
};
use wardlet_sandbox::{
    Capability, Check, Grant, Limits, MAX_DEADLINE, MAX_MEMORY, Plugin, Sandbox,
};

/// The most that a redaction may take, in passes of the floor.
const TARGET: f64 = 3.0;

/// How much faster it must be than the same patterns inside of the sandbox.
const TARGET_INSIDE: f64 = 10.0;

/// Bytes of the answer.
const SIZE: usize = 5_000_000;

/// Bytes of the one large text in it: a file that a tool read.
const LARGE: usize = 2_000_000;

/// A credential stands in about this many bytes of text.
const EVERY: usize = 20_000;

type Failure = Box<dyn Error>;

/// Words of logs, code and prose.
const WORDS: [&str; 36] = [
    "request",
    "completed",
    "in",
    "the",
    "worker",
    "status=200",
    "GET",
    "/api/v2/items",
    "user_id:",
    "returned",
    "pipeline",
    "for",
    "branch",
    "main",
    "commit",
    "9f86d081884c7d65",
    "with",
    "token",
    "key",
    "of",
    "let value = map.get(&key)?;",
    "if (err) { return err; }",
    "invoice",
    "2026-03-14T09:26:53Z",
    "INFO",
    "WARN",
    "retry",
    "after",
    "a",
    "and",
    "secret",
    "api_key",
    "=",
    "null",
    "{\"ok\":true}",
    "to",
];

/// What begins as the credentials do that are searched for, and is none.
const NEAR: [&str; 6] = [
    "fernhub",
    "harborly",
    "kestrelpay_test",
    "https://docs.mossgate.example/guide",
    "amber",
    "larks",
];

/// Of so many words one is of [`NEAR`]: an answer is about a few services, but not all of it.
const SELDOM: usize = 40;

/// Knuth's linear congruential generator (MMIX): the same answer in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % most
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list.get(self.below(list.len()))
            .copied()
            .unwrap_or_default()
    }

    fn characters(&mut self, from: &str, count: usize) -> String {
        let all: Vec<char> = from.chars().collect();
        (0..count)
            .filter_map(|_| all.get(self.below(all.len())))
            .collect()
    }

    fn credential(&mut self) -> String {
        let small = "abcdefghijklmnopqrstuvwxyz0123456789";
        match self.below(5) {
            0 => format!("fernh_live_{}", self.characters(small, 32)),
            1 => format!(
                "HARBO{}",
                self.characters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
            ),
            2 => format!("kestr-pat-{}", self.characters(small, 40)),
            3 => format!("MOSSGATE_API_KEY=\"{}\"", self.characters(small, 40)),
            _ => format!(
                "https://hooks.larkspace.example/{}",
                self.characters(small, 44)
            ),
        }
    }

    /// A text of about so many bytes.
    fn text(&mut self, size: usize, breaks: bool) -> String {
        let mut text = String::with_capacity(size + 64);
        while text.len() < size {
            if self.below(EVERY / 8) == 0 {
                text.push_str(&self.credential());
            } else if self.below(SELDOM) == 0 {
                text.push_str(self.of(&NEAR));
            } else {
                text.push_str(self.of(&WORDS));
            }
            text.push(if breaks && self.below(9) == 0 {
                '\n'
            } else {
                ' '
            });
        }
        text
    }
}

/// An answer of records with short texts, and one large text.
fn answer() -> Json {
    let mut chance = Chance(3);
    let mut size = 0;
    let mut records = Vec::new();
    while size < SIZE - LARGE {
        let [title, line] = [20 + chance.below(40), 60 + chance.below(400)];
        let texts = [chance.text(title, false), chance.text(line, false)];
        size += texts.iter().map(String::len).sum::<usize>() + "titleline".len();
        let members = ["title", "line"].map(str::to_owned).into_iter();
        let texts = texts.map(Json::String);
        records.push(Json::Object(members.zip(texts).collect()));
    }
    records.push(Json::String(chance.text(LARGE, true)));
    Json::Object(vec![("records".into(), Json::Array(records))])
}

struct Case {
    root: Json,
    texts: Vec<String>,
    floor: RegexSet,
    host: Plugin,
    inside: Plugin,
}

impl Case {
    fn new() -> Result<Self, Failure> {
        let root = answer();
        let document = Document::new(root.clone());
        let leaves = document.leaves();
        let texts = (0..leaves.len()).filter_map(|id| leaves.get(document.root(), id));
        let texts = texts.map(|leaf| leaf.text.to_owned()).collect();
        let regexes = credentials::patterns();
        let regexes = regexes.iter().map(|(_, regex)| regex);
        let sandbox = Sandbox::new()?;
        Ok(Case {
            texts,
            floor: RegexSetBuilder::new(regexes).unicode(false).build()?,
            host: load(&sandbox, "scan-host", Limits::default())?,
            // What compiling 200 patterns inside takes is not held against it.
            inside: load(
                &sandbox,
                "scan-inside",
                Limits {
                    deadline: MAX_DEADLINE,
                    memory: MAX_MEMORY,
                    ..Limits::default()
                },
            )?,
            root,
        })
    }

    /// Which patterns are in each text.
    fn floor(&self) -> usize {
        let texts = self.texts.iter();
        texts
            .map(|text| self.floor.matches(text.as_bytes()).iter().count())
            .sum()
    }

    /// Microseconds of a redaction, and what was found.
    fn redact(&self, plugin: &Plugin) -> Result<(f64, Vec<Edit>), Failure> {
        let document = Arc::new(Document::parsed(self.root.clone(), SIZE));
        let begun = Instant::now();
        let check = Check {
            documents: Documents {
                result: Some(Arc::clone(&document)),
                ..Documents::default()
            },
            ..Check::default()
        };
        let subject = Subject {
            phase: Phase::Response,
            method: "tools/call".into(),
            server: "files".into(),
            name: "search".into(),
        };
        let edits = plugin.find(&subject, Part::Result, &check).0?;
        let mut spans = Spans::default();
        spans.add(
            &document,
            (Part::Result, plugin.projection()),
            edits.clone(),
            Replacement::Mask,
        )?;
        let masked = spans.apply(&document, &|_| String::new());
        let took = begun.elapsed();
        drop(masked);
        Ok((micros(took), edits))
    }
}

fn load(sandbox: &Sandbox, name: &str, limits: Limits) -> Result<Plugin, Failure> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../target/plugins")
        .join(format!("{name}.wasm"));
    let component = std::fs::read(&path).map_err(|error| {
        format!(
            "no component at `{}`: {error}; build it with `cargo xtask guests scan-host scan-inside`",
            path.display()
        )
    })?;
    let grant = Grant {
        capabilities: vec![Capability::Scan],
        projection: Projection::of(Part::Result, "")?,
        limits,
        ..Grant::default()
    };
    Ok(sandbox.load(&PluginName::parse(name)?, &component, grant)?)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn sorted(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| (edit.leaf, edit.start, edit.end));
    edits
}

fn main() -> Result<ExitCode, Failure> {
    let case = Case::new()?;
    let (_, ours) = case.redact(&case.host)?;
    let (_, inside) = case.redact(&case.inside)?;
    if ours.is_empty() || sorted(ours.clone()) != sorted(inside) {
        return Err("the two searches do not find the same".into());
    }
    let bytes: usize = case.texts.iter().map(String::len).sum();
    println!(
        "{} leaves, {bytes} bytes, {} patterns, {} finds",
        case.texts.len(),
        case.floor.len(),
        ours.len()
    );
    // `cargo test --benches` runs each target once, without this flag: it asks whether it works at all.
    if !std::env::args().any(|word| word == "--bench") {
        return Ok(ExitCode::SUCCESS);
    }
    let name = "200 patterns, 5 MB";
    let mut failed = None;
    let ratio = rounds::ratio(name, TARGET, || {
        let begun = Instant::now();
        std::hint::black_box(case.floor());
        let floor = micros(begun.elapsed());
        match case.redact(&case.host) {
            Ok((took, _)) => (floor, took),
            Err(error) => {
                failed = Some(error);
                (floor, f64::NAN)
            }
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let code = rounds::verdict(&[(name, ratio)], TARGET);
    let short = std::env::var_os("WARDLET_BENCH_SHORT").is_some();
    let mut faster = Vec::new();
    for _ in 0..if short { 3 } else { rounds::ROUNDS } {
        let (inside, _) = case.redact(&case.inside)?;
        let (host, _) = case.redact(&case.host)?;
        faster.push(inside / host);
    }
    let faster = rounds::Spread::of(faster);
    println!(
        "inside of the sandbox: {:.1} times as long (from {:.1} to {:.1})",
        faster.median, faster.least, faster.greatest
    );
    if faster.median < TARGET_INSIDE {
        println!("inside of the sandbox: under the target of {TARGET_INSIDE}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(code)
}
