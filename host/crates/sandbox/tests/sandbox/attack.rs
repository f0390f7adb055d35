//! The guests of `tests/hostile-guests`, taken apart and built.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::guest::Guest;

/// All of them, in the order of their names.
pub(crate) fn files() -> Vec<PathBuf> {
    // The tests of other packages use them too: the root is above all of them.
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut folders = folders.map(|folder| folder.join("tests/hostile-guests"));
    let folder = folders.find(|folder| folder.exists()).unwrap();
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "wat"))
        .collect();
    files.sort();
    assert!(files.len() >= 35, "attacks are missing");
    files
}

/// One file, taken apart.
pub(crate) struct Attack {
    words: BTreeMap<String, String>,
    sections: BTreeMap<String, String>,
}

impl Attack {
    pub(crate) fn read(path: &Path) -> Self {
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

    pub(crate) fn word(&self, key: &str) -> Option<&str> {
        self.words.get(key).map(String::as_str)
    }

    pub(crate) fn component(&self) -> Vec<u8> {
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
