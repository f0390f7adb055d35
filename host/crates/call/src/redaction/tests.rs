use super::{BadEdit, Edit, Replacement, Spans};
use crate::document::{Document, Part};
use crate::json::Json;
use crate::name::Code;
use crate::projection::Projection;

fn edit(leaf: u32, start: u32, end: u32, entity: &str, confidence: u8) -> Edit {
    Edit {
        leaf,
        start,
        end,
        entity: Code::parse(entity).unwrap(),
        confidence,
    }
}

fn check(
    text: &str,
    grant: &str,
    edits: &[(u32, u32, u32, &str, u8)],
    expected: Result<&str, BadEdit>,
) {
    let document = Document::new(Json::parse(text).unwrap());
    let projection = Projection::parse(&[grant]).unwrap();
    let edits = edits
        .iter()
        .map(|(l, s, e, n, c)| edit(*l, *s, *e, n, *c))
        .collect();
    let mut spans = Spans::default();
    let got = spans
        .add(
            &document,
            (Part::Result, &projection),
            edits,
            Replacement::Mask,
        )
        .map(|()| spans.apply(&document, &|_| String::new()).to_text());
    assert_eq!(got, expected.map(str::to_owned), "{text}");
}

#[test]
fn edits_are_checked_merged_and_applied() {
    let all = "/result";
    // The leaves: 0 is the name `a`, 1 its text.
    let text = r#"{"a":"key é 12345"}"#;
    check(
        text,
        all,
        &[(1, 0, 3, "x", 50)],
        Ok(r#"{"a":"[redacted:x] é 12345"}"#),
    );
    check(
        text,
        all,
        &[(1, 7, 9, "y", 50), (1, 8, 12, "x", 90)],
        Ok(r#"{"a":"key é [redacted:x]"}"#),
    );
    check(
        text,
        all,
        &[(1, 7, 10, "a", 9), (1, 10, 12, "b", 9)],
        Ok(r#"{"a":"key é [redacted:a][redacted:b]"}"#),
    );
    check(
        text,
        all,
        &[(1, 7, 12, "a", 9), (1, 8, 9, "b", 1)],
        Ok(r#"{"a":"key é [redacted:a]"}"#),
    );
    check(text, all, &[(1, 4, 5, "x", 50)], Err(BadEdit::Span)); // within é
    check(text, all, &[(1, 0, 0, "x", 50)], Err(BadEdit::Span));
    check(text, all, &[(1, 3, 1, "x", 50)], Err(BadEdit::Span));
    check(text, all, &[(1, 0, 99, "x", 50)], Err(BadEdit::Span));
    check(
        text,
        all,
        &[(1, u32::MAX, u32::MAX, "x", 50)],
        Err(BadEdit::Span),
    );
    check(text, all, &[(9, 0, 1, "x", 50)], Err(BadEdit::Leaf));
    check(text, all, &[(1, 0, 1, "x", 0)], Err(BadEdit::Confidence));
    check(text, all, &[(1, 0, 1, "x", 101)], Err(BadEdit::Confidence));
    check(text, "/result/b", &[(1, 0, 1, "x", 50)], Err(BadEdit::Leaf));
    check(
        text,
        "/result/a",
        &[(1, 0, 3, "x", 50)],
        Ok(r#"{"a":"[redacted:x] é 12345"}"#),
    );
}

#[test]
fn a_find_in_a_name_is_told_and_hashes_are_keyed_by_the_caller() {
    let document = Document::new(Json::parse(r#"{"secret":"secret"}"#).unwrap());
    let all = Projection::parse(&["/result"]).unwrap();
    let mut spans = Spans::default();
    let edits = vec![edit(1, 0, 6, "x", 50)];
    spans
        .add(&document, (Part::Result, &all), edits, Replacement::Hash)
        .unwrap();
    assert!(!spans.in_name());
    assert_eq!(spans.found().len(), 1);
    spans
        .add(
            &document,
            (Part::Result, &all),
            vec![edit(0, 0, 6, "x", 50)],
            Replacement::Drop,
        )
        .unwrap();
    assert!(spans.in_name());
    assert_eq!(spans.found().first().map(|found| found.count), Some(2));
    let hashed = spans.apply(&document, &|text| format!("h{}", text.len()));
    assert_eq!(hashed.to_text(), r#"{"secret":"[x:h6]"}"#);
}

fn spans(document: &Document, found: &[(u32, u32, u32, &str, Replacement)]) -> Spans {
    let all = Projection::parse(&["/result"]).unwrap();
    let mut spans = Spans::default();
    for (leaf, start, end, entity, replacement) in found {
        let edits = vec![edit(*leaf, *start, *end, entity, 50)];
        let view = (Part::Result, &all);
        spans.add(document, view, edits, *replacement).unwrap();
    }
    spans
}

#[test]
fn what_other_redactors_would_change() {
    use Replacement::{Drop, Hash, Mask};
    let document = Document::new(Json::parse(r#"{"a":"one two","b":"three"}"#).unwrap());
    let cases: &[(&[_], &[_], bool)] = &[
        (&[], &[], false),
        (&[], &[(1, 0, 3, "x", Mask)], true),
        (&[(1, 0, 3, "x", Mask)], &[], false),
        (&[(1, 0, 3, "x", Mask)], &[(1, 0, 3, "x", Mask)], false),
        (&[(1, 0, 3, "x", Mask)], &[(1, 1, 2, "y", Hash)], false),
        (&[(1, 0, 3, "x", Mask)], &[(1, 0, 3, "x", Drop)], true),
        (&[(1, 0, 3, "x", Mask)], &[(1, 1, 5, "y", Mask)], true),
        (&[(1, 0, 3, "x", Mask)], &[(3, 0, 3, "x", Mask)], true),
    ];
    for (own, other, expected) in cases {
        let (own_spans, other_spans) = (spans(&document, own), spans(&document, other));
        let changes = own_spans.changed_by(&other_spans);
        assert_eq!(changes, *expected, "{own:?} {other:?}");
        let text = |spans: &Spans| spans.apply(&document, &str::to_owned).to_text();
        let before = text(&own_spans);
        let mut both = own_spans;
        both.join(other_spans);
        assert_eq!(text(&both) != before, *expected, "{own:?} {other:?}");
    }
}
