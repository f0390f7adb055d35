//! What a plugin writes: within its budget, on one line, to the subscriber and nowhere else.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use wardlet_sandbox::DEFAULT_LOG;

use crate::support::{Guest, arguments, evaluate, loaded};

/// Keeps the messages; `on` says whether the debug log is.
#[derive(Clone, Default)]
struct Kept {
    on: bool,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Subscriber for Kept {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.on && metadata.target() == "wardlet::plugin"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            write!(self.0, "{value:?}").unwrap();
        }
    }
}

/// A policy that writes the same message, with one field, so many times.
fn writer(message: &str, field: Option<(&str, &str)>, times: u32) -> Guest {
    let mut guest = Guest::policy().importing("log");
    let [text, length] = guest.text(message);
    let mut fields = Vec::new();
    if let Some((key, value)) = field {
        fields.extend(guest.text(key));
        fields.extend(guest.text(value));
    }
    let list = guest.words(&fields);
    let allow = guest.evaluate.clone();
    guest.evaluating(format!(
        "(loop $again
            (call $log_write (i32.const 1) (i32.const {text}) (i32.const {length}) (i32.const {list}) (i32.const {count}))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $a) (i32.const {times}))))
        {allow}",
        count = fields.len() / 4,
    ))
}

fn lines_of(guest: Guest, on: bool) -> Vec<String> {
    let plugin = loaded(guest);
    lines_while(on, || {
        let _ = evaluate(&plugin, &arguments("{}"));
    })
}

/// The lines of plugins while something is done, with the debug log on or off.
pub(crate) fn lines_while(on: bool, done: impl FnOnce()) -> Vec<String> {
    let kept = Kept {
        on,
        ..Kept::default()
    };
    tracing::subscriber::with_default(kept.clone(), done);
    let lines = kept.lines.lock().unwrap();
    lines.clone()
}

#[test]
fn lines() {
    for (message, field, expected) in [
        ("seen", None, "seen"),
        ("seen", Some(("path", "/srv")), "seen path=/srv"),
        ("a\nINFO forged", None, "a\\nINFO forged"),
        (
            "\u{1b}[2J",
            Some(("k\r", "\u{202e}v")),
            "\\u{1b}[2J k\\r=\\u{202e}v",
        ),
        ("", None, ""),
    ] {
        assert_eq!(lines_of(writer(message, field, 1), true), [expected]);
    }
    assert!(
        lines_of(writer("seen", None, 1), false).is_empty(),
        "the debug log is off"
    );
}

#[test]
fn a_flood_is_cut_and_says_so_once() {
    let long = "x".repeat(3 * DEFAULT_LOG);
    for (message, times) in [
        ("0123456789abcdef", 100_000),
        (long.as_str(), 3),
        ("é", 10_000),
        ("", 100_000),
    ] {
        let lines = lines_of(writer(message, None, times), true);
        let bytes: usize = lines
            .iter()
            // Each line costs its end too, or empty ones would be free.
            .map(|line| line.trim_end_matches(" [cut]").len() + 1)
            .sum();
        assert!(
            (DEFAULT_LOG - 1..=DEFAULT_LOG + 1).contains(&bytes),
            "{bytes} bytes"
        );
        assert!(lines.last().unwrap().ends_with(" [cut]"));
        assert_eq!(
            lines.iter().filter(|line| line.contains("[cut]")).count(),
            1
        );
    }
    let fields = lines_of(writer("m", Some((&long, &long)), 2), true);
    assert_eq!(fields.len(), 1);
    assert!(fields[0].len() <= DEFAULT_LOG + " = [cut]".len());
}

#[test]
fn the_text_of_a_failure_goes_to_the_debug_log_on_one_bounded_line() {
    let mut guest = Guest::policy();
    let [text, length] = guest.text(format!("bad\n{}", "x".repeat(10_000)));
    let lines = lines_of(guest.evaluating_to(&[1, text, length]), true);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("failed: bad\\nxxx") && lines[0].len() < 5_000);
}
