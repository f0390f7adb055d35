//! What loaded plugins cost while nobody asks them: the start from kept artifacts, and memory.
//!
//! `cargo bench --workspace --bench memory`, after `cargo xtask guests`, `cargo xtask guests scan-host` and
//! `cargo build --release -p echo-server`. The first start of each gateway compiles and keeps; the second
//! is measured, of the real binary, in front of the echo server. Memory is what the kernel counts as
//! resident (`/proc/<pid>/smaps_rollup`). The sandboxes that live at one time are held in this process,
//! on the same engine.
//!
//! The exit code is 1 where a target is missed.

mod client;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use client::Client;
use wardlet_call::{Part, Phase, Reach, Subject};
use wardlet_sandbox::{Asked, Bare, DEFAULT_MEMORY, Sandbox};

/// Plugins of the gateway that is measured whole.
const TEN: usize = 10;

/// Plugins more of the one that shows what each costs and how long a start takes.
const HUNDRED: usize = 100;

/// Plugins more that each have 200 patterns, to show what those cost.
const SEARCHING: usize = 20;

/// Sandboxes that live at one time: the pool has 128 places.
const LIVE: usize = 100;

/// Starts of which the median counts.
const STARTS: usize = 5;

/// The targets of the issue SANDBOX: seconds, and bytes.
const MAX_START: f64 = 1.0;
const MAX_PLUGIN: f64 = 1e6;
const MAX_LIVE: f64 = 256.0 * 1024.0;
const MAX_GATEWAY: f64 = 60e6;

const ARGUMENTS: &str = r#"{"path":"/srv/data/report.csv"}"#;
const ROOTS: &str = r#"{"roots":["/srv/data"]}"#;

type Failure = Box<dyn Error>;

fn plugins() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/plugins")
}

fn component(name: &str) -> Result<Vec<u8>, Failure> {
    let path = plugins().join(name).with_extension("wasm");
    std::fs::read(&path).map_err(|error| {
        format!(
            "no component at `{}`: {error}; build it with `cargo xtask guests`",
            path.display()
        )
        .into()
    })
}

/// The component with a custom section more, so that it has a digest of its own.
fn copy(component: &[u8], number: usize) -> Vec<u8> {
    let mut copy = component.to_vec();
    // Section 0, nine bytes: a name of four, and four of content.
    copy.extend(b"\x00\x09\x04copy");
    copy.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    copy
}

/// A plugin that is configured: its component, what it sees, its settings, its grants.
type Configured = (&'static str, &'static str, &'static str, &'static str);

/// Those that the gateway with ten plugins has by turns.
const SHIPPED: [Configured; 3] = [
    (
        "path-guard",
        r#"["/arguments"]"#,
        r#"{ roots = ["/srv/data"] }"#,
        "[]",
    ),
    (
        "tool-allow",
        r#"["/arguments"]"#,
        r#"{ tools = { echo = { other_arguments = "allow" } } }"#,
        "[]",
    ),
    (
        "secret-redactor",
        r#"["/arguments", "/result"]"#,
        "{}",
        r#"["scan"]"#,
    ),
];

/// The one with 200 patterns, of the bench `scan`.
const SEARCHER: Configured = ("scan-host", r#"["/result"]"#, "{}", r#"["scan"]"#);

/// A configuration with ten plugins, one of each of the shipped ones by turns, and copies of one more.
fn write_config(folder: &Path, (copied, copies): (Configured, usize)) -> Result<String, Failure> {
    let echo = client::program("echo-server")?;
    let mut text = format!("[gateway]\nname = \"bench\"\n[server.files]\ncommand = [{echo:?}]\n");
    let by_turns = SHIPPED.into_iter().cycle().take(TEN);
    let all = by_turns.chain(std::iter::repeat_n(copied, copies));
    for (number, (name, sees, settings, grants)) in all.enumerate() {
        let bytes = copy(&component(name)?, number);
        let file = format!("plugin-{number}.wasm");
        std::fs::write(folder.join(&file), &bytes)?;
        let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
        let digest: String = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        writeln!(
            text,
            "[plugin.p{number}]\ncomponent = {file:?}\ndigest = \"sha256:{digest}\"\ngrants = {grants}\nsees = {sees}\nsettings = {settings}"
        )?;
    }
    text.push_str("[[rule]]\nname = \"all\"\ntools = [\"files/echo\"]\npolicies = [\"p0\", \"p1\"]\nredactors = [\"p2\"]\n");
    let path = folder.join("wardlet.toml");
    std::fs::write(&path, text)?;
    Ok(path.display().to_string())
}

/// Starts a gateway, which has then answered `initialize`. Gives the seconds.
fn start(config: &str) -> Result<(Client, f64), Failure> {
    let begun = Instant::now();
    let wardlet = env!("CARGO_BIN_EXE_wardlet");
    let gateway = Client::start(wardlet, &["--log", "error", "run", "--config", config])?;
    Ok((gateway, begun.elapsed().as_secs_f64()))
}

/// Bytes that are resident of a process.
fn resident(process: &str) -> Result<f64, Failure> {
    let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
    let words = line.and_then(|rest| rest.split_whitespace().next());
    Ok(words.ok_or("no `Rss`")?.parse::<f64>()? * 1024.0)
}

/// Seconds of a start from kept artifacts at the median, and the bytes of the gateway after a call.
fn measure(copies: (Configured, usize)) -> Result<(f64, f64), Failure> {
    let folder = tempfile::tempdir()?;
    let config = write_config(folder.path(), copies)?;
    let ((name, ..), count) = copies;
    println!("ten plugins and {count} of {name}:");
    let (first, compiled) = start(&config)?;
    println!("  compiled and kept {compiled:8.3} s");
    drop(first);
    let mut seconds = Vec::new();
    let mut bytes = 0.0;
    for _ in 0..STARTS {
        let (mut gateway, time) = start(&config)?;
        if !gateway.call("echo", ARGUMENTS) {
            return Err("the gateway does not allow the call".into());
        }
        bytes = resident(&gateway.process().to_string())?;
        seconds.push(time);
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(STARTS / 2).copied().unwrap_or(f64::MAX);
    println!(
        "  from the cache    {median:8.3} s {:8.2} MB resident",
        bytes / 1e6
    );
    Ok((median, bytes))
}

/// Bytes of one sandbox among many that live at one time.
fn live() -> Result<f64, Failure> {
    let subject = Subject {
        phase: Phase::Request,
        method: "tools/call".into(),
        server: "files".into(),
        name: "echo".into(),
    };
    let asked = Asked {
        subject: &subject,
        part: Part::Arguments,
        payload: ARGUMENTS,
        settings: ROOTS,
        reach: Reach::default(),
        caller: None,
        memory: DEFAULT_MEMORY,
    };
    let bare = Bare::new(&Sandbox::new()?, &component("path-guard")?, &asked)?;
    // What is done once is not of each.
    drop(bare.hold(1)?);
    let before = resident("self")?;
    let held = bare.hold(LIVE)?;
    let after = resident("self")?;
    if held.len() != LIVE {
        return Err("the component is no policy".into());
    }
    Ok((after - before) / LIVE as f64)
}

fn main() -> Result<ExitCode, Failure> {
    // `cargo test --benches` runs each target once, without this flag: it asks whether it works at all.
    if !std::env::args().any(|word| word == "--bench") {
        live()?;
        return Ok(ExitCode::SUCCESS);
    }
    let live = live()?;
    let [plain, ..] = SHIPPED;
    let (_, ten) = measure((plain, 0))?;
    let (seconds, more) = measure((plain, HUNDRED))?;
    let plugin = (more - ten) / HUNDRED as f64;
    let (_, searching) = measure((SEARCHER, SEARCHING))?;
    let searching = (searching - ten) / SEARCHING as f64;
    // An amount without a target: the patterns are most of it, compiled once for all checks.
    println!(
        "a loaded plugin with 200 patterns      {:8.3} MB",
        searching / 1e6
    );
    let mut met = true;
    for (what, value, most, unit, scale) in [
        (
            "start of 110 plugins from the cache",
            seconds,
            MAX_START,
            "s",
            1.0,
        ),
        ("a loaded plugin", plugin, MAX_PLUGIN, "MB", 1e6),
        ("a live sandbox", live, MAX_LIVE, "KiB", 1024.0),
        ("a gateway with ten plugins", ten, MAX_GATEWAY, "MB", 1e6),
    ] {
        let word = if value <= most { "met" } else { "MISSED" };
        met &= value <= most;
        println!(
            "{what:38} {:8.3} {unit:3} of {:6.1}: {word}",
            value / scale,
            most / scale
        );
    }
    Ok(if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}
