//! Faults with their places, and how they are shown to people and programs.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Origin, Renderer, Snippet};
use serde_json::{Value, json};
use wardlet_call::steers;

use super::conceal::{conceal, conceal_value};
use super::kind::FaultKind;

/// More faults than this are counted but not kept: nobody reads further, and a hostile file could
/// have as many as it has bytes.
const MAX_FAULTS: usize = 100;

/// Messages and hints are cut to this many characters, since they quote names from the file.
const MAX_MESSAGE: usize = 300;

/// At most this many bytes of a line are shown after the beginning of a fault.
const MAX_LINE: usize = 200;

/// A fault further right than this is told by its line and column alone: the line fits no screen.
const MAX_COLUMN: usize = 2000;

/// A range of bytes of the file.
pub(super) type Span = Range<usize>;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The configuration is refused.
    Error,
    /// It is accepted, but hardly what somebody meant.
    Warning,
}

/// Something wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    span: Option<Span>,
    position: Option<(usize, usize)>,
}

impl Fault {
    /// How bad it is.
    #[must_use]
    pub fn level(&self) -> Level {
        if self.kind.is_warning() {
            Level::Warning
        } else {
            Level::Error
        }
    }

    /// What is wrong, in lower case, without a full stop.
    #[must_use]
    pub fn message(&self) -> String {
        tidy(&self.kind.to_string())
    }

    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.kind.hint().map(|hint| tidy(&hint))
    }

    /// Line and column where it begins, in characters, both counted from 1; none for a fault of
    /// the file as a whole.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        self.position
    }
}

/// What is wrong with one file, in the order of its text. As an error it holds at least one
/// [`Level::Error`]; a resolved configuration keeps its warnings in one.
///
/// It keeps a copy of the text for the lines it shows; values of `set_env` are overwritten in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    source: PathBuf,
    text: String,
    faults: Vec<Fault>,
    left_out: usize,
}

impl Faults {
    /// The faults and warnings: the first 100, errors before warnings where there are more.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Fault> {
        self.faults.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn refuses(&self) -> bool {
        self.faults.iter().any(|f| f.level() == Level::Error)
    }

    /// For people: each with its line, a caret and its hint, and a count at the end. Colours are
    /// ANSI escapes.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let source = self.source.display().to_string();
        let mut out = String::new();
        for fault in &self.faults {
            out.push_str(&self.render_one(fault, &source, &renderer));
            out.push_str("\n\n");
        }
        let warnings = |f: &&Fault| f.level() == Level::Warning;
        let warnings = self.faults.iter().filter(warnings).count();
        let errors = self.faults.len() - warnings;
        let mut counts = Vec::new();
        for (count, what) in [(errors, "error"), (warnings, "warning")] {
            if count > 0 {
                counts.push(format!(
                    "{count} {what}{}",
                    if count > 1 { "s" } else { "" }
                ));
            }
        }
        if self.left_out > 0 {
            counts.push(format!("{} more not shown", self.left_out));
        }
        out.push_str(&counts.join(", "));
        if !counts.is_empty() {
            out.push('\n');
        }
        out
    }

    /// For programs: `{"file", "faults": [{"level", "message", "hint", "line", "column"}],
    /// "left_out"}`, with null for an absent hint or place.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let faults = self.faults.iter().map(|fault| {
            json!({
                "level": match fault.level() {
                    Level::Error => "error",
                    Level::Warning => "warning",
                },
                "message": fault.message(),
                "hint": fault.hint(),
                "line": fault.position.map(|(line, _)| line),
                "column": fault.position.map(|(_, column)| column),
            })
        });
        json!({
            "file": self.source.display().to_string(),
            "faults": faults.collect::<Vec<_>>(),
            "left_out": self.left_out,
        })
    }

    fn render_one(&self, fault: &Fault, source: &str, renderer: &Renderer) -> String {
        let level = match fault.level() {
            Level::Error => Shown::ERROR,
            Level::Warning => Shown::WARNING,
        };
        let title = level.primary_title(fault.message());
        let mut group: Group<'_> = match (&fault.span, fault.position) {
            (Some(_), Some((line, column))) if column > MAX_COLUMN => {
                title.element(Origin::path(source).line(line).char_column(column))
            }
            (Some(span), Some((line, _))) => {
                let (text, mark) = self.line_around(span);
                title.element(
                    Snippet::source(text)
                        .line_start(line)
                        .path(source)
                        .annotation(AnnotationKind::Primary.span(mark)),
                )
            }
            _ => title.element(Origin::path(source)),
        };
        if let Some(hint) = fault.hint() {
            group = group.element(Shown::HELP.message(hint));
        }
        renderer.render(&[group])
    }

    /// The line on which a span begins, cut where it is very long, and the part of the span on it.
    fn line_around(&self, span: &Span) -> (&str, Span) {
        let line_start = start_of_line(&self.text, span.start);
        let rest = self.text.get(line_start..).unwrap_or_default();
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        let at = (span.start - line_start).min(line.len());
        let end = (span.end.saturating_sub(line_start)).clamp(at, line.len());
        // The beginning is kept even on a long line: the column that is shown counts from there.
        let shown = line.ceil_char_boundary(line.len().min(at + MAX_LINE));
        (line.get(..shown).unwrap_or(line), at..end.min(shown))
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Faults {}

/// The faults met so far.
pub(super) struct Gathered<'t> {
    text: &'t str,
    errors: usize,
    faults: Vec<(Option<Span>, FaultKind)>,
    /// The lines that could not be parsed, as ranges of bytes.
    broken: Vec<Span>,
}

impl<'t> Gathered<'t> {
    /// None so far in this text.
    pub(super) fn new(text: &'t str) -> Self {
        Gathered {
            text,
            errors: 0,
            faults: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// How many faults there are, without the warnings.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// The line of a place, counted from 1.
    pub(super) fn line(&self, span: &Span) -> usize {
        position(self.text, span.start).0
    }

    /// Adds a fault of the text, or of the file as a whole.
    pub(super) fn push(&mut self, span: Option<Span>, kind: FaultKind) {
        self.errors += usize::from(!kind.is_warning());
        self.faults.push((span, kind));
    }

    /// Adds a fault at a place.
    pub(super) fn at(&mut self, span: Span, kind: FaultKind) {
        self.push(Some(span), kind);
    }

    /// Adds what the TOML parser says. Of several faults on a line only the first is kept: the
    /// rest are mostly the parser finding its way back. The first 100 lines are enough.
    pub(super) fn push_syntax(&mut self, span: Option<Span>, message: &str) {
        let text = self.text;
        let span = span.unwrap_or(text.len()..text.len());
        if self.is_broken(&span) || self.broken.len() >= MAX_FAULTS {
            return;
        }
        let start = start_of_line(text, span.start);
        let after = text.get(span.start..).unwrap_or_default();
        let end = span.start + after.find('\n').unwrap_or(after.len());
        self.broken.push(start..end);
        self.at(span, FaultKind::Syntax(message.to_owned()));
    }

    fn is_broken(&self, span: &Span) -> bool {
        self.broken
            .iter()
            .any(|line| line.start <= span.start && span.start <= line.end)
    }

    pub(super) fn into_faults(mut self, source: &Path) -> Faults {
        let text = self.text;
        if !self.broken.is_empty() {
            let faults = std::mem::take(&mut self.faults);
            self.faults = faults
                .into_iter()
                .filter(|(span, kind)| match kind {
                    FaultKind::Syntax(_) => true,
                    _ if kind.is_about_absence() => false,
                    _ => span.as_ref().is_none_or(|span| !self.is_broken(span)),
                })
                .collect();
        }
        let left_out = self.faults.len().saturating_sub(MAX_FAULTS);
        self.faults.sort_by_key(|(_, kind)| kind.is_warning());
        self.faults.truncate(MAX_FAULTS);
        self.faults
            .sort_by_key(|(span, _)| span.as_ref().map_or(usize::MAX, |span| span.start));
        let mut shown = conceal(text);
        for (span, kind) in &self.faults {
            if let (Some(span), true) = (span, kind.may_show_secret()) {
                shown = conceal_value(&shown, span.end);
            }
        }
        let faults = self.faults.into_iter().map(|(span, kind)| Fault {
            position: span.as_ref().map(|span| position(text, span.start)),
            kind,
            span,
        });
        Faults {
            source: source.to_owned(),
            faults: faults.collect(),
            text: shown,
            left_out,
        }
    }
}

/// Line and column of a byte, in characters, counted from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let start = start_of_line(text, at);
    let before = text.get(..start).unwrap_or_default();
    let within = text.get(start..at).unwrap_or_default();
    (before.matches('\n').count() + 1, within.chars().count() + 1)
}

fn start_of_line(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or(text);
    before.rfind('\n').map_or(0, |newline| newline + 1)
}

/// A message on one line, of bounded length, that no invisible character can disguise.
fn tidy(message: &str) -> String {
    let mut out = String::new();
    for (count, c) in message.chars().enumerate() {
        if count == MAX_MESSAGE {
            out.push('…');
            break;
        }
        if steers(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}
