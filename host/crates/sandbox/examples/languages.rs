//! What a fresh check of a policy costs in each language: `languages COMPONENT…`
//!
//! Prints for each component its size, the time to compile it, the median and the 90th percentile of
//! a check on an idle engine, and the memory of a check, under the default limits. Meant for the test
//! guests, whose settings it gives: `cargo xtask guests --tests` puts them into `target/plugins/tests`.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wardlet_call::{
    Document, Documents, Entropy, Json, Part, Phase, PluginName, Projection, Reach, Subject,
};
use wardlet_sandbox::{Capability, Check, Grant, Sandbox};

/// Checks of each component: enough for a steady median.
const CHECKS: usize = 10_000;

/// Where a language is so slow that the checks take longer, as many as fit this.
const ENOUGH: Duration = Duration::from_secs(10);

const SETTINGS: &str = r#"{"root":"/srv/data/","secret":"/srv/data/secret"}"#;

const ARGUMENTS: &str = r#"{"path":"/srv/data/report.csv"}"#;

/// Always the same bytes: nothing here is to be secret.
#[derive(Debug)]
struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        bytes.fill(7);
        true
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("      bytes  compiled       p50       p90      memory");
    for component in std::env::args().skip(1) {
        measure(&component)?;
    }
    Ok(())
}

fn measure(component: &str) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(component)?;
    let grant = Grant {
        capabilities: Capability::ALL.to_vec(),
        projection: Projection::of(Part::Arguments, "")?,
        settings: Some(Json::parse(SETTINGS)?),
        reach: Reach {
            entropy: Some(Arc::new(Sevens)),
            ..Reach::default()
        },
        ..Grant::default()
    };
    let begun = Instant::now();
    let plugin = Sandbox::new()?.load(&PluginName::parse("measured")?, &bytes, grant)?;
    let compiled = begun.elapsed();
    let document = Document::parsed(Json::parse(ARGUMENTS)?, ARGUMENTS.len());
    let check = Check {
        documents: Documents {
            arguments: Some(Arc::new(document)),
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
    let (mut times, mut memory) = (Vec::new(), 0);
    let begun = Instant::now();
    while times.len() < CHECKS && begun.elapsed() < ENOUGH {
        let (answer, usage) = plugin.evaluate(&subject, &check);
        answer?;
        times.push(usage.time);
        memory = usage.memory;
    }
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied();
    let (p50, p90) = (at(50).unwrap_or_default(), at(90).unwrap_or_default());
    println!(
        "{:>11} {:>8.2}s {:>7.1}us {:>7.1}us {:>7} KiB  {component}",
        bytes.len(),
        compiled.as_secs_f64(),
        p50.as_secs_f64() * 1e6,
        p90.as_secs_f64() * 1e6,
        memory >> 10,
    );
    Ok(())
}
