//! Canonical form (RFC 8785) against `rfc8785` from PyPI and `canonicalize` from npm.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};
use wardlet_audit::{Effect, Select, show};
use wardlet_call::Json;

use crate::installed::{ask, node, python, script};
use crate::support::log::{decision, open};

/// Numbers by bit pattern, and values that are made of what is hard.
const NUMBERS: usize = 10_000;
const VALUES: usize = 1_000;

/// Where the stream of numbers begins: any number will do, and each run takes the same.
const SEED: u64 = 8785;

/// SplitMix64, whose streams are the same on every machine.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[usize::try_from(self.next() % from.len() as u64).unwrap()]
    }
}

/// Bit patterns at which the form of a number changes, or digits are easily lost.
const BITS: [u64; 12] = [
    0x0000_0000_0000_0001, // the least above zero
    0x000f_ffff_ffff_ffff, // the greatest subnormal
    0x0010_0000_0000_0000, // the least normal
    0x7fef_ffff_ffff_ffff, // the greatest
    0x4340_0000_0000_0000, // 2^53
    0x444b_1ae4_d6e2_ef50, // 1e21, the first with an exponent
    0x444b_1ae4_d6e2_ef4f, // the one below, without
    0x3eb0_c6f7_a0b5_ed8d, // 0.000001, the last without an exponent
    0x3eb0_c6f7_a0b5_ed8c, // the one below, with
    0x44b5_2d02_c7e1_4af6, // ties that RFC 8785, appendix B, lists
    0x4314_3ff3_c1cb_0959,
    0x41b3_de43_5555_5553,
];

/// Literals of finite doubles, in as few digits as name each: those of `BITS` and their
/// negatives, then `NUMBERS` by the stream. All have an exponent, so that no reader takes them for integers.
fn numbers() -> Vec<String> {
    let mut stream = Stream(SEED);
    let negative = |bits: u64| bits | 1 << 63;
    let hard = BITS.into_iter().flat_map(|bits| [bits, negative(bits)]);
    let mut any = || {
        let bits = stream.next();
        // Every other one has an exponent near that of 1: others are hardly ever without `e`.
        match bits & 1 {
            0 => bits,
            _ => bits & !(0x7ff << 52) | (980 + (bits >> 52) % 120) << 52,
        }
    };
    let drawn: Vec<u64> = (0..NUMBERS).map(|_| any()).collect();
    hard.chain(drawn)
        .map(f64::from_bits)
        .filter(|number| number.is_finite())
        .map(|number| format!("{number:e}"))
        .collect()
}

/// Texts whose order by code point differs from that by UTF-16, and such as have to be escaped, or must
/// not be; as they stand in JSON.
const TEXTS: [&str; 16] = [
    "",
    "a",
    "A",
    "\u{f6}",
    "o\\u0308", // not normalised
    "\u{20ac}",
    "\\ufb33",
    "\u{ffff}",
    "\u{1f600}",
    "\\ud83d\\ude01",
    "\\u0000\\u001f\\u007f",
    "\u{7f}\u{80}\u{2028}\u{2029}",
    "\\b\\t\\n\\f\\r",
    "\\\"\\\\\\/",
    "</script>",
    "1",
];

/// A JSON text of nested arrays and objects, with white space.
fn value(stream: &mut Stream, depth: u32, out: &mut String) {
    let members = stream.next() % 5;
    match stream.next() % if depth == 0 { 3 } else { 6 } {
        0 => write!(out, "\"{}\"", stream.pick(&TEXTS)).unwrap(),
        1 => out.push_str(stream.pick(&["null", "true", " false", "0", "-0", "1.50", "1E2"])),
        2 => write!(out, "{}", stream.next() >> 11).unwrap(),
        3 => {
            out.push('[');
            for member in 0..members {
                out.push_str(if member == 0 { " " } else { ",\n" });
                value(stream, depth - 1, out);
            }
            out.push(']');
        }
        _ => {
            // Each text at most once: they differ as they stand here, and as they are read.
            let first = usize::try_from(stream.next() % 16).unwrap();
            out.push('{');
            for member in 0..usize::try_from(members).unwrap() {
                let name = TEXTS[(first + 5 * member) % 16];
                let comma = if member == 0 { "" } else { " ," };
                write!(out, "{comma}\"{name}\" : ").unwrap();
                value(stream, depth - 1, out);
            }
            out.push('}');
        }
    }
}

fn values() -> Vec<String> {
    let mut stream = Stream(SEED);
    let value = |_| {
        let mut text = String::new();
        value(&mut stream, 4, &mut text);
        text
    };
    (0..VALUES).map(value).collect()
}

/// The entries of a log, each a line in canonical form.
fn entries() -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("log");
    let log = open(&folder);
    for text in ["plain", "\u{1f600}\u{ffff}\u{7f}\n", "\"\\/"] {
        log.refusal(&decision(Effect::Deny, text)).unwrap();
    }
    drop(log);
    let entries = show(&folder, Select::All).unwrap();
    entries.map(|entry| entry.unwrap().line).collect()
}

/// Texts that we refuse, and whether `rfc8785` and `canonicalize` refuse them too: what they are given
/// has gone through the reader of their language, which takes more than I-JSON (RFC 7493) has.
const REFUSED: [(&str, bool, bool); 12] = [
    (r#"{"a":1,"a":1}"#, false, false),
    (r#"[{"a":{"b":1,"\u0062":2}}]"#, false, false),
    ("9007199254740993", true, false), // 2^53 + 1
    ("1.00000000000000000001", false, false),
    ("1e400", true, true),
    ("1e-400", false, false),
    ("NaN", true, true),
    ("-Infinity", true, true),
    (r#""\ud800""#, true, false),
    (r#"{"\udc00":1}"#, true, false),
    ("01", true, true),
    ("\"a\nb\"", true, true),
];

fn ours(text: &str) -> Option<String> {
    Json::parse(text).ok()?.canonical().ok()
}

/// The significant digits of a number.
fn digits(literal: &str) -> String {
    let (mantissa, _) = literal.split_once('e').unwrap_or((literal, ""));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// Compares our forms with those of a program; `refuses` says of each of `REFUSED` whether it does.
fn check(command: impl Fn() -> Command, refuses: impl Fn(usize) -> bool) {
    let forms = |texts: &[String]| {
        let said = ask(&mut command(), &json!(texts));
        let said = said.as_array().unwrap().clone();
        assert_eq!(said.len(), texts.len());
        said
    };
    let numbers = numbers();
    assert!(numbers.len() > NUMBERS / 2);
    for (literal, said) in numbers.iter().zip(forms(&numbers)) {
        let form = said.as_str().unwrap();
        assert_eq!(ours(form).as_deref(), Some(form), "{literal}");
        // Where two numbers of the fewest digits are as near to a double, the literal may name the one
        // that RFC 8785 does not take. It is then another number, which we do not merge.
        let expected = (digits(literal) == digits(form)).then_some(form);
        assert_eq!(ours(literal).as_deref(), expected, "{literal}");
    }
    let values = values();
    for (text, said) in values.iter().zip(forms(&values)) {
        assert_eq!(ours(text).as_deref(), said.as_str(), "{text}");
        assert_ne!(said, Value::Null, "{text}");
    }
    let entries = entries();
    assert_eq!(entries.len(), 3);
    for (line, said) in entries.iter().zip(forms(&entries)) {
        assert_eq!(Some(&**line), said.as_str());
    }
    let texts = REFUSED.map(|(text, ..)| text.to_owned());
    for (index, said) in forms(&texts).iter().enumerate() {
        let text = &texts[index];
        assert_eq!(ours(text), None, "{text}");
        assert_eq!(*said == Value::Null, refuses(index), "{text}: {said}");
    }
}

#[test]
fn rfc8785_gives_the_same_form() {
    let Some(python) = python("rfc8785_gives_the_same_form", "rfc8785") else {
        return;
    };
    let command = || {
        let mut command = Command::new(&python);
        command.arg(script("canonical_forms.py"));
        command
    };
    check(command, |index| REFUSED[index].1);
}

#[test]
fn canonicalize_gives_the_same_form() {
    let Some(folder) = node("canonicalize_gives_the_same_form", "canonicalize") else {
        return;
    };
    let command = || {
        let mut command = Command::new("node");
        command.arg(script("canonical_forms.mjs")).arg(&folder);
        command
    };
    check(command, |index| REFUSED[index].2);
}
