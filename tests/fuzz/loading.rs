//! What is fuzzed of loading: what a plugin says of itself, the patterns that it declares, and the
//! machine code that is kept for the next start.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::bytes::RegexBuilder;
use tempfile::TempDir;
use wardlet_call::{
    DeclaredSet, Document, Json, Part, PatternSets, Pointer, Projection, SPAN_GROUP, Scan, steers,
};
use wardlet_keys::ArtifactKey;
use wardlet_sandbox::{Artifacts, Cache, Compiler, Grant, LoadError, Plugin, Sandbox};

use crate::guest::Guest;
use crate::targets::{letters, name, spill};

/// Text bytes in which patterns are looked for: several rows of the search, and no time for a pattern
/// that is dear.
const MAX_TEXT: usize = 600;

/// A sandbox that keeps what it compiles in a folder of its own.
struct Kept {
    folder: TempDir,
    sandbox: Sandbox,
}

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = ArtifactKey::open(&folder.path().join("keys")).unwrap();
        let cache = Cache::open(&folder.path().join("cache"), key).unwrap();
        let artifacts = Artifacts::new(Compiler::InProcess, Some(cache));
        Kept {
            sandbox: Sandbox::new().unwrap().with(artifacts),
            folder,
        }
    }

    /// The one file that is kept.
    fn file(&self) -> PathBuf {
        let mut files = fs::read_dir(self.folder.path().join("cache")).unwrap();
        files.next().unwrap().unwrap().path()
    }
}

/// A guest whose description is whatever bytes its settings hold.
static TELLER: LazyLock<(Kept, Vec<u8>)> = LazyLock::new(|| {
    let mut guest = Guest::policy().importing("document").with_pages(4);
    let body = spill(&mut guest, Part::Settings);
    guest.describe = Some("(call $tell)".into());
    let tell =
        format!("(func $tell (result i32) (local $a i32) (local $b i32) (local $c i32) {body})");
    (Kept::new(), guest.with(&tell).component())
});

/// Loads the guest that describes itself so.
pub(crate) fn described(input: &[u8]) -> Result<Plugin, LoadError> {
    let (kept, component) = &*TELLER;
    let settings = vec![("input".into(), Json::String(letters(input)))];
    let grant = Grant {
        settings: Some(Json::Object(settings)),
        projection: Projection::parse(&["/arguments"]).unwrap(),
        ..Grant::default()
    };
    kept.sandbox.load(&name(), component, grant)
}

/// A description: refused, or one whose texts can be shown to people and whose needs are granted.
pub(crate) fn description(input: &[u8]) {
    let Ok(plugin) = described(input) else { return };
    let told = plugin.description();
    let sentences = told.reasons.values().chain(told.entities.values());
    let codes = told.reasons.keys().chain(told.entities.keys());
    for text in sentences.chain([&told.version, &told.summary, &told.name]) {
        assert!(text.len() <= 200 && !text.contains(steers), "{text:?}");
    }
    for code in codes.map(|code| code.as_str()).chain([told.name.as_str()]) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(
            (1..=64).contains(&code.len()) && code.chars().all(plain),
            "{code:?}"
        );
    }
    assert!(told.reasons.len() <= 64 && told.entities.len() <= 256 && told.needed.len() <= 64);
    assert!(
        plugin.projection().includes(&told.needs),
        "{:?}",
        told.needed
    );
}

/// Patterns, one a line, an empty line, and a text: refused, or found where the crate `regex` finds each of
/// them by itself.
pub(crate) fn patterns(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else {
        return;
    };
    let (lines, text) = input.split_once("\n\n").unwrap_or((input, ""));
    let text = text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap();
    let regexes: Vec<&str> = lines.lines().collect();
    let all = (0..).zip(&regexes);
    let set = DeclaredSet {
        name: "set".into(),
        patterns: all
            .map(|(at, regex): (u32, _)| (format!("p{at}"), (*regex).to_owned()))
            .collect(),
    };
    let Ok(sets) = PatternSets::compile(&[set]) else {
        return;
    };
    assert_eq!(
        searched(sets, text),
        each_alone(&regexes, text),
        "{input:?}"
    );
}

/// Pattern, start and end, in order of the text.
type Found = Vec<(usize, usize, u32)>;

fn searched(sets: PatternSets, text: &str) -> Found {
    let document = Document::new(Json::String(text.into()));
    let at = Pointer::parse("").unwrap();
    let view = Projection::parse(&["/result"]).unwrap();
    let part = (&Arc::new(document), Part::Result);
    let mut scan = Scan::begin(&Arc::new(sets), "set", part, at).unwrap();
    let mut found = Found::new();
    while !scan.is_done() {
        let batch = scan.batch(&view);
        found.extend(
            batch
                .iter()
                .map(|m| (m.start as usize, m.end as usize, m.pattern)),
        );
    }
    found.sort_unstable();
    found
}

fn each_alone(regexes: &[&str], text: &str) -> Found {
    let mut all = Found::new();
    for (pattern, regex) in (0..).zip(regexes) {
        let regex = RegexBuilder::new(regex).unicode(false).build();
        let regex = regex.expect("others take it too");
        for found in regex.captures_iter(text.as_bytes()) {
            let whole = found.get(0).unwrap();
            let group = found.name(SPAN_GROUP).filter(|group| !group.is_empty());
            let span = group.unwrap_or(whole);
            let start = text.floor_char_boundary(span.start());
            all.push((start, text.ceil_char_boundary(span.end()), pattern));
        }
    }
    all.sort_unstable();
    all
}

/// A component whose artifact is changed.
struct Tampered {
    kept: Kept,
    component: Vec<u8>,
    /// The file of the artifact as it was first kept.
    good: Vec<u8>,
}

/// One input at a time, since there is one file.
static TAMPERED: LazyLock<Mutex<Tampered>> = LazyLock::new(|| {
    let kept = Kept::new();
    let component = Guest::policy().component();
    kept.sandbox
        .load(&name(), &component, Grant::default())
        .unwrap();
    let good = fs::read(kept.file()).unwrap();
    Mutex::new(Tampered {
        kept,
        component,
        good,
    })
});

/// Changes of a kept artifact, four bytes each: what (a bit, a cut, more bytes, a copy), and where.
/// Whatever was changed is not trusted, and made again.
pub(crate) fn artifact(input: &[u8]) {
    let tampered = TAMPERED.lock().unwrap_or_else(PoisonError::into_inner);
    let Tampered {
        kept,
        component,
        good,
    } = &*tampered;
    let mut bytes = good.clone();
    for change in input.chunks_exact(4).take(64) {
        let at = u32::from_le_bytes([change[1], change[2], change[3], 0]) as usize;
        let at = at % (bytes.len() + 1);
        match change[0] % 16 {
            0 => bytes.truncate(at),
            1 => bytes.splice(at..at, [change[0]; 3]).for_each(drop),
            2 => bytes.rotate_left(at),
            3 => drop(bytes.drain(at..bytes.len().min(at + 64))),
            bit => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << (bit % 8);
                }
            }
        }
    }
    let file = kept.file();
    fs::write(&file, &bytes).unwrap();
    let plugin = kept.sandbox.load(&name(), component, Grant::default());
    assert!(plugin.is_ok(), "{plugin:?}");
    let now = fs::read(&file).unwrap();
    assert!(now == *good, "what was changed was trusted");
}
