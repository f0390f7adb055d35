//! What is known of a component, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use wardlet_call::Code;
use wardlet_sandbox::{Anatomy, Described, Kind, Limit, Limits, Sentence};

use super::{Seen, words};
use crate::cli::say::visible;
use crate::config::show_size;

/// The width of the left column: the longest names of the contract fit.
const WIDTH: usize = 36;

pub(super) fn as_text(seen: &Seen) -> String {
    let mut text = format!("{}\n", path(seen));
    summary(&mut text, seen);
    let anatomy = &seen.anatomy;
    if anatomy.kind == Kind::Component {
        let exports = anatomy.exports.iter();
        let exports = exports.map(|name| (name.clone(), words::export(name).to_owned()));
        section(&mut text, "EXPORTS", exports, anatomy.more_exports);
        let imports = anatomy.imports.iter();
        let imports = imports.map(|import| (import.name.clone(), words::import(import)));
        section(&mut text, "IMPORTS", imports, anatomy.more_imports);
    }
    if let Some(said) = &seen.described {
        declaration(&mut text, said);
    }
    if anatomy.exports("plugin") {
        let limits = limits().into_iter();
        let limits = limits.map(|(name, value)| (name.to_owned(), value));
        section(
            &mut text,
            "LIMITS of a check, where `limits` says nothing else",
            limits,
            0,
        );
        text.push_str("\nTO BIND IT\n");
        for line in table(seen) {
            line_of(&mut text, format_args!("  {line}"));
        }
    }
    // Whatever the file held: nothing of it reaches the terminal as it is.
    visible(text.trim_end())
}

fn path(seen: &Seen) -> String {
    visible(&seen.component.path.display().to_string())
}

fn line_of(text: &mut String, line: std::fmt::Arguments<'_>) {
    // A string takes whatever is written to it.
    let _ = writeln!(text, "{line}");
}

fn summary(text: &mut String, seen: &Seen) {
    let anatomy = &seen.anatomy;
    let contract = match anatomy.contracts.as_slice() {
        [] => String::new(),
        versions => format!(
            ", built for version {} of the contract",
            versions.join(" and ")
        ),
    };
    line_of(text, format_args!("  kind       {}{contract}", seen.kind()));
    line_of(
        text,
        format_args!("  size       {} bytes", seen.component.bytes.len()),
    );
    line_of(text, format_args!("  digest     {}", seen.digest));
    if anatomy.kind != Kind::Other {
        line_of(text, format_args!("  inside     {}", inside(anatomy)));
        line_of(text, format_args!("  made with  {}", made_with(anatomy)));
    }
    match &seen.problem {
        None if seen.described.is_some() => line_of(
            text,
            format_args!("  loads      yes, where it is granted what it needs"),
        ),
        None => line_of(text, format_args!("  loads      not tried")),
        Some(problem) => line_of(text, format_args!("  loads      no: {problem}")),
    }
}

fn inside(anatomy: &Anatomy) -> String {
    let count = |number: usize, one: &str, more: &str| {
        let word = if number == 1 { one } else { more };
        format!("{number} {word}")
    };
    let modules = match anatomy.kind {
        Kind::Component => format!(
            "{}, ",
            count(anatomy.modules, "core module", "core modules")
        ),
        _ => String::new(),
    };
    format!(
        "{modules}{}, {} of {} ({} KiB) at the start",
        count(anatomy.functions, "function", "functions"),
        count(anatomy.memories, "memory", "memories"),
        count(
            usize::try_from(anatomy.pages).unwrap_or(usize::MAX),
            "page",
            "pages"
        ),
        anatomy.pages.saturating_mul(64),
    )
}

/// Its languages before its tools, each once, with versions where they are given.
fn made_with(anatomy: &Anatomy) -> String {
    let mut tools: BTreeMap<(bool, &str), Vec<&str>> = BTreeMap::new();
    for producer in &anatomy.producers {
        let key = (producer.field != "language", producer.name.as_str());
        let versions = tools.entry(key).or_default();
        if !producer.version.is_empty() && !versions.contains(&producer.version.as_str()) {
            versions.push(&producer.version);
        }
    }
    let tools = tools.into_iter().map(|((_, name), versions)| {
        let versions = versions.join(" and ");
        format!("{name} {versions}").trim_end().to_owned()
    });
    let tools: Vec<String> = tools.collect();
    if tools.is_empty() {
        return "it does not say".to_owned();
    }
    format!("{} (as it says)", tools.join(", "))
}

fn section(
    text: &mut String,
    title: &str,
    lines: impl Iterator<Item = (String, String)>,
    more: usize,
) {
    line_of(text, format_args!("\n{title}"));
    let before = text.len();
    for (name, words) in lines {
        line_of(text, format_args!("  {name:WIDTH$}  {words}"));
    }
    if more > 0 {
        line_of(text, format_args!("  and {more} more"));
    }
    if text.len() == before {
        text.push_str("  none\n");
    }
}

fn declaration(text: &mut String, said: &Described) {
    let description = &said.description;
    line_of(text, format_args!("\nDECLARATION"));
    line_of(
        text,
        format_args!("  {} {}", description.name, description.version),
    );
    line_of(text, format_args!("  {}", description.summary));
    let needs = description.needed.join(", ");
    let needs = if needs.is_empty() { "nothing" } else { &needs };
    line_of(text, format_args!("  has to see  {needs}"));
    for (what, codes) in [
        ("may deny or ask for approval for", &description.reasons),
        ("may find", &description.entities),
    ] {
        if !codes.is_empty() {
            line_of(text, format_args!("  {what}"));
        }
        for (code, sentence) in codes {
            line_of(text, format_args!("    {:34}  {sentence}", code.as_str()));
        }
    }
    for (name, count) in &said.patterns {
        line_of(
            text,
            format_args!("  has the host search for its set {name} of {count} patterns"),
        );
    }
}

/// The default limits by the names that the configuration has for them.
fn limits() -> Vec<(&'static str, String)> {
    let limits = Limits::default();
    let size = |bytes: usize| show_size(bytes as u64);
    let value = |limit| match limit {
        Limit::Deadline => format!("{} ms", limits.deadline.as_millis()),
        Limit::Cpu => format!("{} ms", limits.cpu.as_millis()),
        Limit::Memory => size(limits.memory),
        Limit::Table => limits.table.to_string(),
        Limit::Payload => size(limits.payload),
        Limit::Handles => limits.handles.to_string(),
        Limit::Log => size(limits.log),
        Limit::Result => size(limits.result),
        Limit::Edits => limits.edits.to_string(),
        Limit::HostCalls => limits.host_calls.to_string(),
        Limit::Concurrency => limits.concurrency.to_string(),
    };
    Limit::ALL
        .map(|limit| (limit.name(), value(limit)))
        .to_vec()
}

/// The plugin's table in a configuration.
fn table(seen: &Seen) -> Vec<String> {
    let capabilities = seen.anatomy.capabilities();
    let quoted = |text: &str| Value::from(text).to_string();
    let list = |texts: Vec<String>| format!("[{}]", texts.join(", "));
    let mut lines = vec![
        format!("[plugin.{}]", seen.component.name),
        format!("component = {}", quoted(&path(seen))),
        format!("digest = {}", quoted(&seen.digest)),
        format!(
            "grants = {}",
            list(capabilities.iter().map(|c| quoted(c.name())).collect())
        ),
        format!(
            "sees = {}",
            list(seen.sees().into_iter().map(quoted).collect())
        ),
    ];
    for line in capabilities.iter().filter_map(|c| words::set_up(*c)) {
        if !lines.iter().any(|other| other == line) {
            lines.push(line.to_owned());
        }
    }
    let roles = [("policies", "policy"), ("redactors", "redactor")];
    lines.extend([
        String::new(),
        "[[rule]]".to_owned(),
        format!("name = \"{}\"", seen.component.name),
        "tools = [\"<server>/<tool>\"]".to_owned(),
    ]);
    for (key, role) in roles {
        if seen.anatomy.exports(role) {
            lines.push(format!("{key} = [\"{}\"]", seen.component.name));
        }
    }
    lines
}

/// The same for programs.
pub(super) fn as_json(seen: &Seen) -> Value {
    let anatomy = &seen.anatomy;
    let imports = anatomy.imports.iter().map(|import| {
        let grants = import.needs.as_ref().ok();
        json!({
            "name": import.name,
            "types_only": import.types_only,
            "meaning": words::import(import),
            "offered": grants.is_some(),
            "grants": grants.into_iter().flatten().map(|c| c.name()).collect::<Vec<_>>(),
        })
    });
    let exports = anatomy.exports.iter();
    let exports = exports.map(|name| json!({ "name": name, "meaning": words::export(name) }));
    let producers = anatomy.producers.iter();
    let producers = producers
        .map(|tool| json!({ "field": tool.field, "name": tool.name, "version": tool.version }));
    json!({
        "path": path(seen),
        "kind": seen.kind(),
        "bytes": seen.component.bytes.len(),
        "digest": seen.digest,
        "contract": anatomy.contracts,
        "modules": anatomy.modules,
        "functions": anatomy.functions,
        "memories": anatomy.memories,
        "pages": anatomy.pages,
        "producers": producers.collect::<Vec<_>>(),
        "exports": exports.collect::<Vec<_>>(),
        "more_exports": anatomy.more_exports,
        "imports": imports.collect::<Vec<_>>(),
        "more_imports": anatomy.more_imports,
        "capabilities": anatomy.capabilities().iter().map(|c| c.name()).collect::<Vec<_>>(),
        "declaration": seen.described.as_ref().map(declared),
        "default_limits": limits().into_iter().collect::<BTreeMap<_, _>>(),
        "table": table(seen),
        "problem": seen.problem.as_ref().map(ToString::to_string),
        "hint": seen.problem.as_ref().and_then(|problem| problem.hint(&seen.component.name)),
    })
}

fn declared(said: &Described) -> Value {
    let codes = |codes: &BTreeMap<Code, Sentence>| {
        let codes = codes.iter();
        codes
            .map(|(code, sentence)| json!({ "code": code.as_str(), "sentence": sentence }))
            .collect::<Vec<_>>()
    };
    let description = &said.description;
    let patterns = said.patterns.iter();
    let patterns = patterns.map(|(name, count)| json!({ "set": name.as_str(), "patterns": count }));
    json!({
        "name": description.name,
        "version": description.version,
        "summary": description.summary,
        "reasons": codes(&description.reasons),
        "entities": codes(&description.entities),
        "needs": description.needed,
        "patterns": patterns.collect::<Vec<_>>(),
    })
}
