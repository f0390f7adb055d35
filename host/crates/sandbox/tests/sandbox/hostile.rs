//! Every guest of `tests/hostile-guests`, and what must happen to it.

use std::collections::BTreeMap;
use std::path::Path;

use wardlet_call::{Part, Replacement, Spans};
use wardlet_sandbox::{Fault, Plugin, Sandbox};

use crate::support::{Guest, arguments, evaluate, everything, name, subject};

/// How often each runs: what it leaves behind would be met by the next run.
const RUNS: usize = 3;

/// What the whole process may have grown by when all of them ran. Each may have 16 MiB, one at a time;
/// an answer that the host copied before it measured it would take far more.
const MAX_GROWTH: usize = 128 << 20;

/// One file, taken apart.
struct Attack {
    words: BTreeMap<String, String>,
    sections: BTreeMap<String, String>,
}

impl Attack {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut attack = Attack {
            words: BTreeMap::new(),
            sections: BTreeMap::new(),
        };
        let mut section = None;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix(";; == ") {
                section = Some(name.to_owned());
                attack.sections.insert(name.to_owned(), String::new());
            } else if let Some(section) = &section {
                let body = attack.sections.get_mut(section).unwrap();
                body.push_str(line);
                body.push('\n');
            } else if let Some((key, value)) =
                line.strip_prefix(";; ").and_then(|l| l.split_once(": "))
                && key.bytes().all(|b| b.is_ascii_lowercase())
            {
                attack.words.insert(key.to_owned(), value.to_owned());
            }
        }
        attack
    }

    fn word(&self, key: &str) -> Option<&str> {
        self.words.get(key).map(String::as_str)
    }

    fn component(&self) -> Vec<u8> {
        if let Some(text) = self.sections.get("component") {
            return wat::parse_str(text).unwrap();
        }
        let mut guest = match self.word("role") {
            Some("policy") => Guest::policy(),
            Some("redactor") => Guest::redactor(),
            other => panic!("no role: {other:?}"),
        };
        for import in self.word("imports").unwrap_or_default().split_whitespace() {
            guest = guest.importing(import.to_owned().leak());
        }
        if let Some(version) = self.word("version") {
            guest = guest.of_version(version.to_owned().leak());
        }
        if let Some(pages) = self.word("pages") {
            guest = guest.with_pages(pages.parse().unwrap());
        }
        if let Some(edits) = self.word("edits") {
            guest = finding(guest, edits);
        }
        for (section, body) in &self.sections {
            match section.as_str() {
                "fields" => guest = guest.with(body),
                "evaluate" => guest.evaluate = body.clone(),
                "find" => guest.find = body.clone(),
                "realloc" => guest.realloc = body.clone(),
                other => panic!("no such section: `{other}`"),
            }
        }
        guest.component()
    }
}

/// `find` answers these edits of the entity `secret`.
fn finding(mut guest: Guest, edits: &str) -> Guest {
    let [entity, length] = guest.text("secret");
    let mut words = Vec::new();
    let mut count = 0;
    for edit in edits.split(',') {
        let numbers: Vec<u32> = edit
            .split_whitespace()
            .map(|n| n.parse().unwrap())
            .collect();
        words.extend(numbers);
        words.extend([entity, length, 90]);
        count += 1;
    }
    let list = guest.words(&words);
    guest.finding_as(&[0, list, count])
}

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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/hostile-guests");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "wat"))
        .collect();
    files.sort();
    assert!(files.len() >= 35, "attacks are missing");
    let before = resident();
    for file in files {
        check(&sandbox, &honest, &file);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < MAX_GROWTH, "{grown} bytes were left or taken");
}
