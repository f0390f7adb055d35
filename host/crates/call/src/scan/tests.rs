//! The search against what each pattern finds by itself, and what hostile texts cost.

use std::sync::Arc;

use proptest::prelude::*;

use super::{MAX_BATCH_MATCHES, MAX_BATCH_TEXT, Match, Scan, excerpt};
use crate::document::{Document, Part};
use crate::json::Json;
use crate::patterns::{DeclaredSet, PatternSets};
use crate::pointer::Pointer;
use crate::projection::Projection;

/// Pattern, leaf, start, end.
type Spans = Vec<(u32, u32, u32, u32)>;

fn compiled(patterns: &[&str]) -> Arc<PatternSets> {
    let patterns = (0..).zip(patterns);
    let set = DeclaredSet {
        name: "set".into(),
        patterns: patterns
            .map(|(at, regex): (u32, _)| (format!("p{at}"), (*regex).to_owned()))
            .collect(),
    };
    Arc::new(PatternSets::compile(&[set]).unwrap())
}

fn texts(leaves: &[&str]) -> Arc<Document> {
    let leaves = leaves.iter().map(|leaf| Json::String((*leaf).to_owned()));
    Arc::new(Document::new(Json::Array(leaves.collect())))
}

/// All batches of one search, and its work.
fn batches(
    sets: &Arc<PatternSets>,
    document: &Arc<Document>,
    sees: &str,
) -> (Vec<Vec<Match>>, usize) {
    let projection = Projection::parse(&[sees]).unwrap();
    let at = Pointer::parse("").unwrap();
    let mut scan = Scan::begin(sets, "set", (document, Part::Result), at).unwrap();
    let mut batches = Vec::new();
    while !scan.is_done() {
        batches.push(scan.batch(&projection));
    }
    (batches, scan.work())
}

fn spans(batches: &[Vec<Match>]) -> Spans {
    let matches = batches.iter().flatten();
    matches
        .map(|m| (m.pattern, m.leaf, m.start, m.end))
        .collect()
}

/// What the `regex` crate finds for each pattern alone.
fn naive(patterns: &[&str], leaves: &[&str]) -> Spans {
    let mut all = Spans::new();
    for (pattern, regex) in (0..).zip(patterns) {
        let regex = regex::bytes::RegexBuilder::new(regex)
            .unicode(false)
            .build()
            .unwrap();
        for (leaf, text) in (0..).zip(leaves) {
            for found in regex.captures_iter(text.as_bytes()) {
                let whole = found.get(0).unwrap();
                let group = found.name("secret").filter(|group| !group.is_empty());
                let span = group.unwrap_or(whole);
                let start = text.floor_char_boundary(span.start());
                let end = text.ceil_char_boundary(span.end());
                let [start, end] = [start, end].map(|at| u32::try_from(at).unwrap());
                all.push((pattern, leaf, start, end));
            }
        }
    }
    all.sort_by_key(|(pattern, leaf, start, end)| (*leaf, *start, *end, *pattern));
    all
}

fn check(patterns: &[&str], leaves: &[&str]) {
    let got = batches(&compiled(patterns), &texts(leaves), "/result").0;
    assert_eq!(
        spans(&got),
        naive(patterns, leaves),
        "{patterns:?} {leaves:?}"
    );
}

/// Pieces that begin one another, look around, choose in order, repeat in both manners, hold a group,
/// begin with a class, or cut characters.
const PATTERNS: &[&str] = &[
    "ab",
    "a",
    "(?i)aB[a-c]{2,4}",
    "ab[a-z]*z",
    "ab[a-z]*?z",
    "a(?:b.*c)?",
    "b|ba|bab",
    "bab|ba|b",
    r"\bab\b",
    r"^a+",
    r"b$",
    r"(?m)^b.",
    "[a-c]{3}",
    "[^a-z]+",
    "[^a]{3}",
    "é",
    "a[^b]b",
    "(?:x|ab)(?<secret>c+)",
    "a(?<secret>b)?c",
    r"(?<secret>z*)ab",
    r"\w+:\w+@",
    "k[a-b]{3,}k",
    "(?s)b.{0,40}",
    // Begin with three, four and more bytes, which are looked for by windows, and overlap.
    "aba",
    "abab[^z]",
    "(?i)ABABAB?",
    "kaba|kabz|kab",
    "ab@b|ab`b|ab:[az]",
    "(?i)babab@",
];

fn alphabet() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "b", "ab", "c", "z", "k", "aba", "AB", ":", "@", " ", "\n", "é", "日", "x",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn all_patterns_find_what_each_finds_alone(
        patterns in prop::sample::subsequence(PATTERNS.to_vec(), 1..=PATTERNS.len()),
        leaves in prop::collection::vec(alphabet(), 0..4),
    ) {
        let leaves: Vec<&str> = leaves.iter().map(String::as_str).collect();
        check(&patterns, &leaves);
    }

    #[test]
    fn nothing_is_lost_between_slices(
        piece in alphabet(),
        before in 8_100..8_300_usize,
    ) {
        let text = format!("{}{piece}{}{piece}", "a".repeat(before), "z".repeat(8_192));
        check(&["a[^b]b", "ab[a-z]*z", r"\w+:\w+@", "é", "(?:x|ab)(?<secret>c+)"], &[&text]);
    }

    #[test]
    fn excerpts_are_whole_characters(text in alphabet(), start in 0..200_u32, end in 0..200_u32) {
        let (at, got) = excerpt(&text, start, end);
        prop_assert_eq!(&text[at as usize..at as usize + got.len()], got);
        let reach = |place: u32| text.len().min(place as usize);
        if start < end {
            prop_assert!(at as usize <= reach(start) && at as usize + got.len() >= reach(end));
            prop_assert!(got.len() <= reach(end) - reach(start) + 6);
        }
    }
}

#[test]
fn overlaps_are_all_given_in_order() {
    let got = batches(
        &compiled(&["bcd", "abcde", "(?i)BC", "[a-e]{5}"]),
        &texts(&["-abcdef"]),
        "/result",
    );
    let expected = [(1, 0, 1, 6), (3, 0, 1, 6), (2, 0, 2, 4), (0, 0, 2, 5)];
    assert_eq!(spans(&got.0), expected);
}

#[test]
fn batches_are_bounded_in_number_and_in_text() {
    let sets = compiled(&["x", "[y]+"]);
    let many = "x ".repeat(1_000);
    let long = "y".repeat(MAX_BATCH_TEXT / 4);
    let (got, _) = batches(
        &sets,
        &texts(&[&many, &long, &long, &long, &long, &long, "x"]),
        "/result",
    );
    assert_eq!(got.iter().map(Vec::len).sum::<usize>(), 1_006);
    for batch in &got {
        let bytes: u32 = batch.iter().map(|found| found.end - found.start).sum();
        assert!(batch.len() <= MAX_BATCH_MATCHES, "{}", batch.len());
        assert!(
            batch.len() == 1 || bytes as usize <= MAX_BATCH_TEXT,
            "{bytes}"
        );
    }
}

#[test]
fn only_what_is_shown_is_searched() {
    let root = Json::parse(r#"{"key":"key","a":{"key":"key"},"b":["key"]}"#).unwrap();
    let document = Arc::new(Document::new(root));
    let sets = compiled(&["key"]);
    for (sees, expected) in [
        (
            "/result",
            &[(0, true), (1, false), (3, true), (4, false), (6, false)][..],
        ),
        ("/result/a", &[(3, true), (4, false)]),
        ("/result/b/0", &[(6, false)]),
        ("/result/key", &[(1, false)]),
        ("/arguments", &[]),
    ] {
        let (got, _) = batches(&sets, &document, sees);
        let got: Vec<_> = got.iter().flatten().map(|m| (m.leaf, m.name)).collect();
        assert_eq!(got, expected, "{sees}");
    }
}

/// As the contract has it: whole up to 16 KiB, and at most 32 KiB.
#[test]
fn a_long_match_ends_and_the_search_goes_on_behind_it() {
    let sets = compiled(&["key=[a-z]+", "[a-z]+;"]);
    for (before, length) in [
        (0, 16_380),
        (5_000, 16_380),
        (16_383, 16_380),
        (0, 32_000),
        (7, 100_000),
    ] {
        let text = format!("{}key={};", ".".repeat(before), "a".repeat(length));
        let got = spans(&batches(&sets, &texts(&[&text]), "/result").0);
        let first = got.iter().find(|found| found.0 == 0).unwrap();
        let size = (first.3 - first.2) as usize;
        assert_eq!(first.2 as usize, before);
        assert!(
            size == length + 4 || (16_384..=32_768).contains(&size),
            "{length}: {size}"
        );
        let last = got.iter().rfind(|found| found.0 == 1).unwrap();
        assert_eq!(last.3 as usize, text.len(), "{length}");
    }
}

/// Work for each byte of a text that one pattern makes dear, however long it is: the steps between
/// two marks of a trail, for as many candidates as fit, and what is left of lazily made states.
const DEAR: usize = 48;

#[test]
fn hostile_texts_take_linear_work() {
    let wide: Vec<String> = (0..200)
        .map(|at| format!("x[a-z]{{{}}}", at % 40 + 1))
        .collect();
    let wide: Vec<&str> = wide.iter().map(String::as_str).collect();
    for (patterns, piece, most) in [
        (&["ab[a-z]*1"][..], "ab", DEAR),
        (&["ab[a-z]*z"], "ab", DEAR),
        (&["a(?:.*X)?"], "a", DEAR),
        (&["ab(?:[a-z]*1|)"], "ab", DEAR),
        (&["[a-z]+@"], "ab", DEAR),
        (&["(?:ab)+c"], "ab", DEAR),
        (&["ab[a-z]{200}1"], "ab", 150),
        (&["(?i)token[^;]*;"], "Token", DEAR),
        (&["a(?<secret>b)"], "ab", DEAR),
        (&["a(?<secret>[a-z]+)"], "ab", DEAR),
        (&wide, "xxxxx ", 200 * 8),
        (&["abc[a-z]*1"], "abc", DEAR),
        (&["aaaa[a-z]*1"], "a", DEAR),
        (
            &[
                "aaaaaaaa1",
                "aaaaaaa1",
                "aaaaaa1",
                "aaaaa1",
                "aaaa1",
                "aaa1",
            ],
            "a",
            6 * DEAR,
        ),
    ] {
        let sets = compiled(patterns);
        // The largest case in a debug build would be slow with much more.
        for size in [1 << 17, 1 << 19] {
            let text = piece.repeat(size / piece.len());
            let (_, work) = batches(&sets, &texts(&[&text]), "/result");
            assert!(work < most * size, "{patterns:?}: {} a byte", work / size);
        }
    }
}

/// Literals of every length, in both manners, of which each byte of a text may begin one.
#[test]
fn a_search_moves_on_however_many_lengths_there_are() {
    let exact = (3..=15).map(|length| format!("{}1", "a".repeat(length)));
    let folded = (3..=15).map(|length| format!("(?i)-{}[+]", "-".repeat(length)));
    let patterns: Vec<String> = exact.chain(folded).collect();
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let sets = compiled(&patterns);
    for piece in ["a", "-", "aaaaaaaaaaaaaaaa-"] {
        let text = piece.repeat((64 << 10) / piece.len());
        let (batches, work) = batches(&sets, &texts(&[&text]), "/result");
        assert!(work < 1024 * text.len(), "{piece}: {work}");
        assert!(batches.len() < 100, "{piece}: {}", batches.len());
    }
}

/// One batch looks at a bounded part of a text.
#[test]
fn a_batch_ends_after_bounded_work() {
    let sets = compiled(&["ab[a-z]*1"]);
    let projection = Projection::parse(&["/result"]).unwrap();
    let document = texts(&[&"ab".repeat(1 << 20)]);
    let at = Pointer::parse("").unwrap();
    let mut scan = Scan::begin(&sets, "set", (&document, Part::Result), at).unwrap();
    let mut done = 0;
    while !scan.is_done() {
        let before = scan.work();
        assert_eq!(scan.batch(&projection), []);
        let work = scan.work() - before;
        assert!(work < 2 * super::MAX_WORK, "{work}");
        done += 1;
    }
    assert!(done > 5, "{done}");
}
