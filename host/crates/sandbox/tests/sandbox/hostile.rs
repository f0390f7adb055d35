//! Every guest of `tests/hostile-guests`, and what must happen to it.

use std::path::Path;

use wardlet_call::{Part, Replacement, Spans};
use wardlet_sandbox::{Fault, Plugin, Sandbox};

use crate::attack::{self, Attack};
use crate::support::{Guest, arguments, evaluate, everything, name, subject};

/// How often each runs: what it leaves behind would be met by the next run.
const RUNS: usize = 3;

/// What the whole process may have grown by when all of them ran. Each may have 16 MiB, one at a time;
/// an answer that the host copied before it measured it would take far more.
const MAX_GROWTH: usize = 128 << 20;

/// What one run comes to, in the words of `expect`.
fn run(attack: &Attack, plugin: &Plugin) -> String {
    let text = attack.word("document").unwrap_or(r#"{"a":"b"}"#);
    let check = arguments(text);
    if !plugin.is_redactor() {
        return match evaluate(plugin, &check).0 {
            Ok(verdict) => format!("verdict {verdict}"),
            Err(fault) => format!("fault {}", fault.word()),
        };
    }
    let (edits, _) = plugin.find(&subject("tools/call", "s", "n"), Part::Arguments, &check);
    let document = check.documents.arguments.as_ref().unwrap();
    let view = (Part::Arguments, plugin.projection());
    let mut spans = Spans::default();
    let added = edits.and_then(|edits| {
        spans
            .add(document, view, edits, Replacement::Mask)
            .map_err(|_| Fault::BadAnswer)
    });
    match added {
        Ok(()) => format!(
            "redacted {}",
            spans.apply(document, &|_| String::new()).to_text()
        ),
        Err(fault) => format!("fault {}", fault.word()),
    }
}

fn check(sandbox: &Sandbox, honest: &Plugin, path: &Path) {
    let attack = Attack::read(path);
    let file = path.display();
    let Some(expected) = attack.word("expect") else {
        panic!("{file} does not say what must happen")
    };
    let loaded = sandbox.load(&name(), &attack.component(), everything());
    if let Some(words) = expected.strip_prefix("refused ") {
        let error = loaded.map(drop).expect_err(&file.to_string()).to_string();
        assert!(error.contains(words), "{file}: {error}");
    } else {
        let plugin = loaded.unwrap_or_else(|error| panic!("{file}: {error}"));
        for _ in 0..RUNS {
            let came = run(&attack, &plugin);
            let mut ends = expected.split(" or ");
            assert!(ends.any(|end| end == came), "{file}: {came}");
        }
    }
    let (answer, _) = evaluate(honest, &arguments("{}"));
    assert_eq!(answer.as_deref(), Ok("allow"), "the neighbour of {file}");
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = pages.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn each_attack_ends_as_it_must() {
    let sandbox = Sandbox::new().unwrap();
    let honest = Guest::policy().component();
    let honest = sandbox.load(&name(), &honest, everything()).unwrap();
    let files = attack::files();
    let before = resident();
    for file in files {
        check(&sandbox, &honest, &file);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < MAX_GROWTH, "{grown} bytes were left or taken");
}
