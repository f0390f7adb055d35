//! Edits of redactors: checked, merged, applied. A redactor names spans; the text that takes their
//! place is the operator's choice.

use std::collections::BTreeMap;

use crate::document::{Document, Part};
use crate::json::Json;
use crate::name::Code;
use crate::projection::Projection;

/// A span of a leaf that must not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The leaf's id.
    pub leaf: u32,
    /// Its first byte.
    pub start: u32,
    /// The byte after its last.
    pub end: u32,
    /// What was found.
    pub entity: Code,
    /// In percent, 1 to 100.
    pub confidence: u8,
}

/// What takes the place of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// `[redacted:<entity>]`
    Mask,
    /// Nothing.
    Drop,
    /// `[<entity>:<keyed hash>]`, the same for the same text while the gateway's key lives.
    Hash,
}

impl Replacement {
    /// How little it tells, to compare by: a hash tells which texts are equal, a mask where
    /// something stood, a drop nothing.
    #[must_use]
    pub fn strictness(self) -> u8 {
        match self {
            Replacement::Hash => 0,
            Replacement::Mask => 1,
            Replacement::Drop => 2,
        }
    }
}

/// An edit that a redactor must not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEdit {
    /// No such leaf, or not one that the redactor was shown.
    #[error("an edit of a leaf that was not shown")]
    Leaf,
    /// Empty, out of the leaf, or off a character's boundary.
    #[error("an edit out of its leaf or off a character's boundary")]
    Span,
    /// Confidence outside of 1 to 100.
    #[error("a confidence outside of 1 to 100")]
    Confidence,
}

/// How often an entity was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The entity.
    pub entity: Code,
    /// The merged spans.
    pub count: u32,
}

/// The spans that the redactors of a call found in one document.
#[derive(Debug, Default)]
pub struct Spans {
    spans: Vec<(Edit, Replacement)>,
    in_name: bool,
}

impl Spans {
    /// Takes the edits of one redactor.
    ///
    /// # Errors
    /// [`BadEdit`]: the redactor is at fault, and nothing of the document may pass.
    pub fn add(
        &mut self,
        document: &Document,
        (part, projection): (Part, &Projection),
        edits: Vec<Edit>,
        replacement: Replacement,
    ) -> Result<(), BadEdit> {
        for edit in edits {
            let leaf = document
                .shown_leaf(edit.leaf, part, projection)
                .ok_or(BadEdit::Leaf)?;
            let span = leaf.text.get(edit.start as usize..edit.end as usize);
            if span.is_none_or(str::is_empty) {
                return Err(BadEdit::Span);
            }
            if !(1..=100).contains(&edit.confidence) {
                return Err(BadEdit::Confidence);
            }
            self.in_name |= leaf.name;
            self.spans.push((edit, replacement));
        }
        Ok(())
    }

    /// Takes the checked spans of another redactor of the same document.
    pub fn join(&mut self, other: Spans) {
        self.in_name |= other.in_name;
        self.spans.extend(other.spans);
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Whether something was found in the name of a member. Names are not rewritten, since that
    /// could merge two members into one: the document must be withheld.
    #[must_use]
    pub fn in_name(&self) -> bool {
        self.in_name
    }

    /// Whether something would be replaced that is not, or with something else, had the redactors
    /// that found `other` counted too.
    #[must_use]
    pub fn changed_by(&self, other: &Spans) -> bool {
        let both = Spans {
            spans: self.spans.iter().chain(&other.spans).cloned().collect(),
            in_name: self.in_name || other.in_name,
        };
        let (before, after) = (self.merged(), both.merged());
        let shown = |(edit, replacement): &(Edit, Replacement)| {
            let place = (edit.leaf, edit.start, edit.end);
            (place, edit.entity.clone(), *replacement)
        };
        !before.iter().map(shown).eq(after.iter().map(shown))
    }

    /// What was found, overlapping spans counted once.
    #[must_use]
    pub fn found(&self) -> Vec<Found> {
        count(&self.merged())
    }

    /// Replaces every span. `hash` makes the keyed hash of a text.
    #[must_use]
    pub fn apply(&self, document: &Document, hash: &dyn Fn(&str) -> String) -> Json {
        let merged = self.merged();
        let leaves = document.leaves();
        let texts: Vec<(u32, String)> = merged
            .chunk_by(|(a, _), (b, _)| a.leaf == b.leaf)
            .filter_map(|spans| {
                let leaf = leaves.get(document.root(), spans.first()?.0.leaf)?;
                Some((leaf.id, rewrite(leaf.text, spans, hash)))
            })
            .collect();
        let mut root = document.root().clone();
        for (leaf, text) in texts {
            if let Some(place) = leaves.text_mut(&mut root, leaf) {
                *place = text;
            }
        }
        root
    }

    /// Overlapping spans as one, named after the surest of them, then the longest, and replaced as
    /// the strictest of them wants.
    fn merged(&self) -> Vec<(Edit, Replacement)> {
        let mut sorted = self.spans.clone();
        sorted.sort_by_key(|(edit, _)| (edit.leaf, edit.start, edit.end));
        let mut merged: Vec<(Edit, Replacement)> = Vec::with_capacity(sorted.len());
        for (edit, replacement) in sorted {
            match merged.last_mut() {
                Some((last, chosen)) if last.leaf == edit.leaf && edit.start < last.end => {
                    let rank = |e: &Edit| (e.confidence, e.end - e.start);
                    let end = last.end.max(edit.end);
                    if rank(&edit) > rank(last) {
                        last.entity = edit.entity;
                        last.confidence = edit.confidence;
                    }
                    if replacement.strictness() > chosen.strictness() {
                        *chosen = replacement;
                    }
                    last.end = end;
                }
                _ => merged.push((edit, replacement)),
            }
        }
        merged
    }
}

fn rewrite(text: &str, spans: &[(Edit, Replacement)], hash: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (edit, replacement) in spans {
        let (start, end) = (edit.start as usize, edit.end as usize);
        out.push_str(text.get(at..start).unwrap_or_default());
        let entity = &edit.entity;
        match replacement {
            Replacement::Drop => {}
            Replacement::Mask => out.push_str(&format!("[redacted:{entity}]")),
            Replacement::Hash => {
                let digest = hash(text.get(start..end).unwrap_or_default());
                out.push_str(&format!("[{entity}:{digest}]"));
            }
        }
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn count(spans: &[(Edit, Replacement)]) -> Vec<Found> {
    let mut counts: BTreeMap<&Code, u32> = BTreeMap::new();
    for (edit, _) in spans {
        *counts.entry(&edit.entity).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|(entity, count)| Found {
            entity: entity.clone(),
            count,
        })
        .collect()
}

#[cfg(test)]
mod tests;
