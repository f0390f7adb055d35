//! What is fuzzed: each target takes bytes that a guest or a stranger wrote, and holds what must be true
//! whatever they are.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use wardlet_call::{
    Code, Document, Documents, Edit, Json, Part, Phase, PluginName, Pointer, Projection,
    Replacement, Ruling, Spans, Subject, Verdict,
};
use wardlet_sandbox::{Check, DEFAULT_EDITS, Fault, Grant, MAX_OBLIGATIONS, Plugin, Sandbox};

use crate::guest::{Guest, RET};

/// Where the puppet puts the bytes of an input; pointers within an input count from memory's start.
const BASE: u32 = 32_768;

/// A document with texts of several kinds, for what reads documents.
const DOCUMENT: &str =
    r#"{"a":"é secret","b":["x","",{"~1/*":"longer than the others"}],"c":{"a":null,"n":1.10}}"#;

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new().unwrap());
static POLICY: LazyLock<Plugin> = LazyLock::new(|| puppet("policy"));
static REDACTOR: LazyLock<Plugin> = LazyLock::new(|| puppet("redactor"));

fn everything() -> Grant {
    Grant {
        projection: Projection::parse(&["/arguments", "/result"]).unwrap(),
        ..Grant::default()
    }
}

/// A guest that hands over whatever bytes the definition holds as the memory of its answer.
fn puppet(role: &'static str) -> Plugin {
    let mut guest = Guest::with_roles(vec![role])
        .importing("document")
        .with_pages(4);
    let body = spill(&mut guest, Part::Definition);
    guest.evaluate = body.clone();
    guest.find = body;
    let grant = Grant {
        projection: Projection::parse(&["/arguments", "/definition"]).unwrap(),
        ..Grant::default()
    };
    SANDBOX.load(&name(), &guest.component(), grant).unwrap()
}

/// The body of a function that takes the member `input` of a document, each byte as two letters from
/// `a` to `p`, puts the bytes into memory and answers where they are.
pub(crate) fn spill(guest: &mut Guest, part: Part) -> String {
    let [at, length] = guest.text("/input");
    let part = match part {
        Part::Arguments => 0,
        Part::Result => 1,
        Part::Definition => 2,
        Part::Settings => 3,
    };
    format!(
        "(call $document_get (i32.const {part}) (i32.const {at}) (i32.const {length}) (i32.const {RET}))
        (local.set $a (i32.load (i32.const {text})))
        (local.set $b (i32.add (local.get $a) (i32.load (i32.const {bytes}))))
        (local.set $c (i32.const {BASE}))
        (block $done (loop $more
            (br_if $done (i32.ge_u (local.get $a) (local.get $b)))
            (i32.store8 (local.get $c) (i32.or
                (i32.shl (i32.sub (i32.load8_u (local.get $a)) (i32.const 97)) (i32.const 4))
                (i32.sub (i32.load8_u offset=1 (local.get $a)) (i32.const 97))))
            (local.set $c (i32.add (local.get $c) (i32.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 2)))
            (br $more)))
        (i32.const {BASE})",
        text = RET + 12,
        bytes = RET + 16,
    )
}

/// Bytes as that guest reads them.
pub(crate) fn letters(input: &[u8]) -> String {
    input
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(b'a' + nibble))
        .collect()
}

pub(crate) fn name() -> PluginName {
    PluginName::parse("puppet").unwrap()
}

fn document(text: &str) -> Arc<Document> {
    Arc::new(Document::parsed(Json::parse(text).unwrap(), text.len()))
}

fn check(input: &[u8]) -> Check {
    let letters = letters(input);
    Check {
        documents: Documents {
            arguments: Some(document(DOCUMENT)),
            definition: Some(document(&format!("{{\"input\":\"{letters}\"}}"))),
            result: None,
        },
        ..Check::default()
    }
}

fn subject() -> Subject {
    Subject {
        phase: Phase::Request,
        method: "tools/call".into(),
        server: "s".into(),
        name: "n".into(),
    }
}

/// The memory behind a verdict: lifted, a declared code or none, bounded obligations; or a fault.
pub(crate) fn verdict(input: &[u8]) {
    let (answer, _) = POLICY.evaluate(&subject(), &check(input));
    let Ok((verdict, sentence)) = answer else {
        return;
    };
    assert!(verdict.obligations.len() <= MAX_OBLIGATIONS);
    match verdict.ruling {
        Ruling::Deny(code) | Ruling::RequireApproval(code) => {
            assert_eq!(
                (code.as_str(), sentence.as_str()),
                ("outside", "It is outside.")
            );
        }
        Ruling::Allow | Ruling::Abstain => assert!(sentence.is_empty()),
    }
}

/// What the memory comes to, for the test of the corpus.
#[allow(dead_code, reason = "libFuzzer's program does not test the corpus")]
pub(crate) fn judged(input: &[u8]) -> Result<Verdict, Fault> {
    let (answer, _) = POLICY.evaluate(&subject(), &check(input));
    answer.map(|(verdict, _)| verdict)
}

/// The same of edits.
#[allow(dead_code, reason = "libFuzzer's program does not test the corpus")]
pub(crate) fn found(input: &[u8]) -> Result<Vec<Edit>, Fault> {
    REDACTOR.find(&subject(), Part::Arguments, &check(input)).0
}

/// The same of components.
#[allow(dead_code, reason = "libFuzzer's program does not test the corpus")]
pub(crate) fn loads(input: &[u8]) -> bool {
    SANDBOX.load(&name(), input, everything()).is_ok()
}

/// The memory behind edits: lifted, of a declared entity, bounded in number; and then whatever they
/// are, what is left is a document of the same shape.
pub(crate) fn edits(input: &[u8]) {
    let check = check(input);
    let (edits, _) = REDACTOR.find(&subject(), Part::Arguments, &check);
    let Ok(edits) = edits else { return };
    assert!(edits.len() <= DEFAULT_EDITS as usize);
    assert!(edits.iter().all(|edit| edit.entity.as_str() == "secret"));
    let document = check.documents.arguments.unwrap();
    hold_spans(&document, edits);
}

/// Edits of all kinds over a document: nine bytes each.
pub(crate) fn spans(input: &[u8]) {
    let entity = Code::parse("secret").unwrap();
    let edits = input.chunks_exact(9).map(|bytes| Edit {
        leaf: u32::from(bytes[0] % 16),
        start: u32::from_le_bytes([bytes[1], bytes[2], 0, 0]) % 32,
        end: u32::from_le_bytes([bytes[3], bytes[4], bytes[5] & 1, bytes[6] & 1]) % 64,
        entity: entity.clone(),
        confidence: bytes[7],
    });
    hold_spans(&document(DOCUMENT), edits.take(64).collect());
}

/// Spans that hold leave every text that no edit touches as it was, and the shape as it was unless a
/// name was touched, which withholds the whole.
fn hold_spans(document: &Document, edits: Vec<Edit>) {
    let touched: Vec<u32> = edits.iter().map(|edit| edit.leaf).collect();
    let projection = Projection::parse(&["/arguments"]).unwrap();
    let mut spans = Spans::default();
    let view = (Part::Arguments, &projection);
    if spans.add(document, view, edits, Replacement::Mask).is_err() || spans.in_name() {
        return;
    }
    let left = spans.apply(document, &|_| String::new());
    let left = Document::new(Json::parse(&left.to_text()).unwrap());
    assert_eq!(left.leaves().len(), document.leaves().len());
    for id in 0..document.leaves().len() {
        if touched.contains(&id) {
            continue;
        }
        let before = document.leaves().get(document.root(), id).unwrap();
        let after = left.leaves().get(left.root(), id).unwrap();
        assert_eq!((before.text, before.name), (after.text, after.name));
    }
}

/// Lines of a configuration's `sees`: what is shown below a place is shown with it, reached where it
/// is shown, and the text that an operator is told means the same grants.
pub(crate) fn projection(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let grants: Vec<&str> = text.lines().collect();
    let Ok(projection) = Projection::parse(&grants) else {
        return;
    };
    let mut shown = BTreeMap::new();
    for pointer in [
        "",
        "/a",
        "/b",
        "/b/0",
        "/b/2",
        "/b/2/~01~1*",
        "/c",
        "/c/a",
        "/c/n",
    ] {
        for part in [Part::Arguments, Part::Result, Part::Definition] {
            let at = Pointer::parse(pointer).unwrap();
            let shows = projection.shows(part, at);
            assert!(
                !shows || projection.reaches(part, at),
                "{grants:?} {pointer}"
            );
            assert!(
                !shows || !projection.hides_all(part),
                "{grants:?} {pointer}"
            );
            if let Some((parent, _)) = pointer.rsplit_once('/')
                && shown.get(&(part.name(), parent)).copied().unwrap_or(false)
            {
                assert!(shows, "{grants:?} shows {parent} and not {pointer}");
            }
            shown.insert((part.name(), pointer), shows);
        }
    }
    assert!(projection.includes(&projection), "{grants:?}");
}

/// RFC 6901, beside an implementation that others wrote.
pub(crate) fn pointer(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(pointer) = Pointer::parse(text) else {
        return;
    };
    let ours = Json::parse(DOCUMENT).unwrap();
    let theirs: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
    let ours = pointer.of(&ours).map(Json::to_text);
    // Compared as values: the order of an object's members is theirs to choose.
    let ours = ours.map(|text| serde_json::from_str::<serde_json::Value>(&text).unwrap());
    assert_eq!(ours.as_ref(), theirs.pointer(text), "{text:?}");
}

/// The one parser: what it takes, others take too and read the same; what it writes, it reads again.
pub(crate) fn json(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(ours) = Json::parse(text) else { return };
    let theirs: serde_json::Value = serde_json::from_str(text).expect("others take it too");
    let written = ours.to_text();
    assert_eq!(Json::parse(&written).as_ref(), Ok(&ours));
    let again: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(again, theirs);
    if let Ok(canonical) = ours.canonical() {
        let twice = Json::parse(&canonical).unwrap().canonical();
        assert_eq!(twice.as_ref(), Ok(&canonical));
    }
}

/// A component that a stranger changed: refused, or loaded and run within its limits.
pub(crate) fn component(input: &[u8]) {
    if let Ok(plugin) = SANDBOX.load(&name(), input, everything()) {
        let _ = plugin.evaluate(&subject(), &check(b""));
        let _ = plugin.find(&subject(), Part::Arguments, &check(b""));
    }
}
