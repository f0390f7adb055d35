//! The imports of a plugin, backed by what the test gave to this thread.

mod reach;

use std::cell::RefCell;
use std::sync::Arc;

use wardlet_call::{Document, Documents, PatternSets, Projection, Scan};

use super::{Line, Outside};
use crate::Part;
use crate::findings::Finding;

/// All texts that cross to the plugin in one check, in bytes (contract, `document`).
const MAX_PAYLOAD: usize = 16 * 1024 * 1024;

/// What stands behind the imports during one call of a plugin.
#[derive(Debug)]
pub(super) struct Behind {
    pub(super) documents: Documents,
    pub(super) settings: Arc<Document>,
    pub(super) projection: Projection,
    pub(super) now: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) lines: Vec<Line>,
    /// Bytes of the log so far.
    pub(super) written: usize,
    /// Bytes that crossed so far.
    pub(super) payload: usize,
    /// Random bytes drawn so far.
    pub(super) drawn: usize,
    /// The plugin's pattern sets.
    pub(super) patterns: Arc<PatternSets>,
    /// The search that is under way, and what `from` must be to go on.
    pub(super) search: Option<Scan>,
    pub(super) next: u32,
    pub(super) outside: Outside,
    /// Requests sent so far.
    pub(super) requests: u32,
    /// The secrets that the next request carries.
    pub(super) attached: Vec<String>,
}

pub(crate) use reach::{counter, fs_read, http_fetch, key_value, rate_limit, secret_use};

thread_local! {
    static BEHIND: RefCell<Option<Behind>> = const { RefCell::new(None) };
}

/// Runs a function with this host, and gives back what it logged.
pub(super) fn within<T>(behind: Behind, run: impl FnOnce() -> T) -> (T, Vec<Line>) {
    /// Takes the host away even when the plugin panics: the next test of the thread has its own.
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            BEHIND.take();
        }
    }
    BEHIND.set(Some(behind));
    let leave = Leave;
    let value = run();
    let lines = BEHIND.take().map(|behind| behind.lines).unwrap_or_default();
    drop(leave);
    (value, lines)
}

#[expect(
    clippy::panic,
    reason = "an import without a host is a mistake of the test"
)]
fn with<T>(read: impl FnOnce(&mut Behind) -> T) -> T {
    BEHIND.with_borrow_mut(|behind| match behind {
        Some(behind) => read(behind),
        None => panic!("the imports work within wardlet_sdk::testing::Check only"),
    })
}

/// The host's word for a part.
pub(super) fn part_of(part: Part) -> wardlet_call::Part {
    match part {
        Part::Arguments => wardlet_call::Part::Arguments,
        Part::Result => wardlet_call::Part::Result,
        Part::Definition => wardlet_call::Part::Definition,
        Part::Settings => wardlet_call::Part::Settings,
    }
}

/// The document of a part.
pub(super) fn document_of(
    documents: &Documents,
    settings: &Arc<Document>,
    part: Part,
) -> Option<Arc<Document>> {
    match part {
        Part::Arguments => documents.arguments.clone(),
        Part::Result => documents.result.clone(),
        Part::Definition => documents.definition.clone(),
        Part::Settings => Some(Arc::clone(settings)),
    }
}

impl Behind {
    fn document(&self, part: Part) -> Option<Arc<Document>> {
        document_of(&self.documents, &self.settings, part)
    }

    /// Takes bytes from the check's budget.
    fn spend(&mut self, bytes: usize) -> Result<(), crate::Failure> {
        self.payload = self.payload.saturating_add(bytes);
        if self.payload > MAX_PAYLOAD {
            return Err(crate::Failure::TooLarge);
        }
        Ok(())
    }
}

pub(crate) mod document {
    use wardlet_call::{Json, Pointer};

    use super::{Behind, part_of, with};
    use crate::Part;
    use crate::bindings::wardlet::plugin::document::{Batch, Failure, Leaf, Value};

    /// The most names and leaves of one answer (contract, `document`).
    const MAX_ITEMS: usize = 256;
    /// The most text of one batch in bytes (contract, `document.strings`).
    const MAX_BATCH: usize = 64 * 1024;

    pub(crate) fn get(part: Part, pointer: &str) -> Result<Option<Value>, Failure> {
        with(|behind| {
            let pointer = granted(behind, part, pointer)?;
            let document = behind.document(part);
            let value = document.as_ref().and_then(|d| pointer.of(d.root()));
            value.map(|value| value_of(behind, value)).transpose()
        })
    }

    pub(crate) fn names(part: Part, pointer: &str, skip: u32) -> Result<Vec<String>, Failure> {
        with(|behind| {
            let pointer = granted(behind, part, pointer)?;
            let document = behind.document(part);
            let value = document.as_ref().and_then(|d| pointer.of(d.root()));
            let Some(Json::Object(members)) = value else {
                return Ok(Vec::new());
            };
            let names = members.iter().map(|(name, _)| name.clone());
            let page: Vec<String> = names.skip(skip as usize).take(MAX_ITEMS).collect();
            behind.spend(page.iter().map(String::len).sum())?;
            Ok(page)
        })
    }

    pub(crate) fn strings(part: Part, pointer: &str, from: u32) -> Result<Batch, Failure> {
        with(|behind| {
            let pointer = Pointer::parse(pointer).map_err(|_| Failure::BadPointer)?;
            if !behind.projection.reaches(part_of(part), pointer) {
                return Err(Failure::NotGranted);
            }
            let mut batch = Batch {
                leaves: Vec::new(),
                next: None,
            };
            let Some(document) = behind.document(part) else {
                return Ok(batch);
            };
            let Some((first, end)) = document.leaves_below(pointer) else {
                return Ok(batch);
            };
            let mut bytes = 0;
            for id in from.max(first)..end {
                let leaf = document.shown_leaf(id, part_of(part), &behind.projection);
                let Some(leaf) = leaf else { continue };
                let full = batch.leaves.len() == MAX_ITEMS || bytes + leaf.text.len() > MAX_BATCH;
                if full && !batch.leaves.is_empty() {
                    batch.next = Some(id);
                    break;
                }
                bytes += leaf.text.len();
                batch.leaves.push(Leaf {
                    id,
                    name: leaf.name,
                    text: leaf.text.to_owned(),
                });
            }
            behind.spend(bytes)?;
            Ok(batch)
        })
    }

    pub(crate) fn locate(part: Part, leaf: u32) -> Result<Option<String>, Failure> {
        with(|behind| {
            if behind.projection.hides_all(part_of(part)) {
                return Err(Failure::NotGranted);
            }
            let Some(document) = behind.document(part) else {
                return Ok(None);
            };
            if leaf >= document.leaves().len() {
                return Ok(None);
            }
            if document
                .shown_leaf(leaf, part_of(part), &behind.projection)
                .is_none()
            {
                return Err(Failure::NotGranted);
            }
            let pointer = document.leaves().pointer(document.root(), leaf);
            behind.spend(pointer.as_ref().map_or(0, String::len))?;
            Ok(pointer)
        })
    }

    pub(crate) fn text(part: Part) -> Result<Option<String>, Failure> {
        with(|behind| {
            if !behind.projection.shows_all(part_of(part)) {
                return Err(Failure::NotGranted);
            }
            let text = behind
                .document(part)
                .map(|document| document.root().canonical_or_literal());
            behind.spend(text.as_ref().map_or(0, String::len))?;
            Ok(text)
        })
    }

    fn granted<'a>(behind: &Behind, part: Part, pointer: &'a str) -> Result<Pointer<'a>, Failure> {
        let pointer = Pointer::parse(pointer).map_err(|_| Failure::BadPointer)?;
        if behind.projection.shows(part_of(part), pointer) {
            Ok(pointer)
        } else {
            Err(Failure::NotGranted)
        }
    }

    fn value_of(behind: &mut Behind, value: &Json) -> Result<Value, Failure> {
        let count = |length: usize| u32::try_from(length).map_err(|_| Failure::TooLarge);
        Ok(match value {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Boolean(*flag),
            Json::Number(literal) => {
                behind.spend(literal.len())?;
                Value::Number(literal.clone())
            }
            Json::String(text) => {
                behind.spend(text.len())?;
                Value::Text(text.clone())
            }
            Json::Array(items) => Value::Items(count(items.len())?),
            Json::Object(members) => Value::Members(count(members.len())?),
        })
    }
}

pub(crate) mod log {
    use super::with;
    use crate::bindings::wardlet::plugin::log::{Field, Level};
    use crate::testing::Line;

    /// What a check may write, in bytes (contract, `log`).
    const MAX_LOG: usize = 4096;

    pub(crate) fn write(level: Level, message: &str, fields: &[Field]) {
        with(|behind| {
            let fields = fields.iter().map(|f| (f.key.clone(), f.value.clone()));
            let line = Line {
                level,
                message: message.to_owned(),
                fields: fields.collect(),
            };
            let parts = line
                .fields
                .iter()
                .map(|(key, value)| key.len() + value.len());
            behind.written += message.len() + parts.sum::<usize>();
            if behind.written <= MAX_LOG {
                behind.lines.push(line);
            }
        });
    }
}

pub(crate) mod clock {
    pub(crate) fn now() -> u64 {
        super::with(|behind| behind.now)
    }
}

pub(crate) mod random {
    use crate::random::Failure;

    /// Bytes that a test can foresee: 0, 1, 2, … in each call. The limits of the contract hold.
    pub(crate) fn bytes(count: u32) -> Result<Vec<u8>, Failure> {
        /// Bytes of one call, and of one check (contract, `random`).
        const MOST: (u32, usize) = (1024, 16 * 1024);
        super::with(|behind| {
            let drawn = behind.drawn + count as usize;
            if count > MOST.0 || drawn > MOST.1 {
                return Err(Failure::TooMany);
            }
            behind.drawn = drawn;
            Ok((0..=u8::MAX).cycle().take(count as usize).collect())
        })
    }
}

pub(crate) mod findings {
    pub(crate) fn list() -> Vec<crate::findings::Finding> {
        super::with(|behind| behind.findings.clone())
    }
}

pub(crate) mod scan {
    use wardlet_call::{Pointer, Scan, excerpt};

    use super::{Behind, part_of, with};
    use crate::Part;
    use crate::bindings::wardlet::plugin::scan::{Batch, Excerpt, Failure, Match};

    pub(crate) fn run(set: &str, part: Part, pointer: &str, from: u32) -> Result<Batch, Failure> {
        with(|behind| {
            if from == 0 {
                behind.search = begin(behind, set, part, pointer)?;
            } else if behind.search.is_none() || from != behind.next {
                return Err(Failure::Stale);
            }
            let mut batch = Batch {
                matches: Vec::new(),
                next: None,
            };
            let Some(mut scan) = behind.search.take() else {
                return Ok(batch);
            };
            for found in scan.batch(&behind.projection) {
                let text = found.text(scan.document()).unwrap_or_default();
                behind.spend(text.len()).map_err(|_| Failure::TooLarge)?;
                batch.matches.push(Match {
                    pattern: found.pattern,
                    leaf: found.leaf,
                    name: found.name,
                    start: found.start,
                    end: found.end,
                    text: text.to_owned(),
                });
            }
            if !scan.is_done() {
                behind.next += 1;
                batch.next = Some(behind.next);
                behind.search = Some(scan);
            }
            Ok(batch)
        })
    }

    pub(crate) fn read(part: Part, leaf: u32, start: u32, end: u32) -> Result<Excerpt, Failure> {
        with(|behind| {
            if behind.projection.hides_all(part_of(part)) {
                return Err(Failure::NotGranted);
            }
            let document = behind.document(part).ok_or(Failure::NoLeaf)?;
            let shown = document.shown_leaf(leaf, part_of(part), &behind.projection);
            let shown = shown.ok_or(if leaf < document.leaves().len() {
                Failure::NotGranted
            } else {
                Failure::NoLeaf
            })?;
            let (start, text) = excerpt(shown.text, start, end);
            behind.spend(text.len()).map_err(|_| Failure::TooLarge)?;
            Ok(Excerpt {
                name: shown.name,
                length: u32::try_from(shown.text.len()).unwrap_or(u32::MAX),
                start,
                text: text.to_owned(),
            })
        })
    }

    fn begin(
        behind: &Behind,
        set: &str,
        part: Part,
        pointer: &str,
    ) -> Result<Option<Scan>, Failure> {
        let pointer = Pointer::parse(pointer).map_err(|_| Failure::BadPointer)?;
        if !behind.projection.reaches(part_of(part), pointer) {
            return Err(Failure::NotGranted);
        }
        if behind.patterns.get(set).is_none() {
            return Err(Failure::UnknownSet);
        }
        let document = behind.document(part);
        Ok(document.and_then(|document| {
            Scan::begin(&behind.patterns, set, (&document, part_of(part)), pointer)
        }))
    }
}
