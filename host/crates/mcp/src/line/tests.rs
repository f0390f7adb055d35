use proptest::prelude::*;

use super::{KEEP_BYTES, Line, Lines, READ_BYTES};

const MAX: usize = 8;

/// What comes out when the stream arrives in the given pieces. How much of a line that is too long was
/// read depends on the pieces, so that only its being reported counts.
fn lines<'a>(max: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut lines = Lines::new(max);
    let mut seen = Vec::new();
    for piece in pieces {
        lines.push(piece);
        while let Some(line) = lines.next_line() {
            seen.push(match line {
                Line::Whole(line) => String::from_utf8_lossy(line).into_owned(),
                Line::TooLong { bytes } => {
                    assert!(bytes > max);
                    "(too long)".to_owned()
                }
            });
        }
    }
    seen
}

#[test]
fn every_split_gives_the_same_lines() {
    fn check(stream: &str, expected: &[&str]) {
        let bytes = stream.as_bytes();
        assert_eq!(lines(MAX, [bytes]), expected, "{stream:?} at once");
        assert_eq!(
            lines(MAX, bytes.chunks(1)),
            expected,
            "{stream:?} byte by byte"
        );
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(
                    lines(MAX, pieces),
                    expected,
                    "{stream:?} at {first} and {second}"
                );
            }
        }
    }
    check("", &[]);
    check("a\nb\n", &["a", "b"]);
    check("a\r\nb\r\n", &["a", "b"]);
    check("\n\r\n\na\n\n", &["a"]);
    check("a\rb\n", &["a\rb"]);
    check("a\r\r\n", &["a\r"]);
    check("unended", &[]);
    check("12345678\n", &["12345678"]);
    check("12345678\r\nx\n", &["12345678", "x"]);
    check("123456789\nx\n", &["(too long)", "x"]);
    check("123456789\r\nx\n", &["(too long)", "x"]);
    check("12345678\r9\nx\n", &["(too long)", "x"]);
    check("a\n12345678901234567890\n\nb\n", &["a", "(too long)", "b"]);
    check(
        "123456789012345678901\n123456789012345678901\n",
        &["(too long)", "(too long)"],
    );
    check("12345678901234567890", &["(too long)"]);
}

#[test]
fn an_endless_line_is_reported_once_and_takes_bounded_memory() {
    let mut lines = Lines::new(READ_BYTES);
    let mut reports = 0;
    for _ in 0..1000 {
        let spare = lines.spare();
        spare.fill(b'x');
        let bytes = spare.len();
        lines.advance(bytes);
        while let Some(line) = lines.next_line() {
            assert!(matches!(line, Line::TooLong { .. }));
            reports += 1;
        }
        assert!(lines.buffer.len() <= 3 * READ_BYTES);
    }
    assert_eq!((reports, lines.unfinished()), (1, 0));
    lines.push(b"end\nnext\n");
    assert_eq!(lines.next_line(), Some(Line::Whole(b"next")));
}

#[test]
fn a_long_line_is_taken_and_its_memory_given_back() {
    let long = vec![b'x'; KEEP_BYTES + 1];
    let mut lines = Lines::new(super::MAX_LINE_BYTES);
    for piece in long.chunks(READ_BYTES).chain([b"\nrest".as_slice()]) {
        assert_eq!(lines.next_line(), None);
        lines.push(piece);
    }
    assert_eq!(lines.next_line(), Some(Line::Whole(&long)));
    assert_eq!(lines.next_line(), None);
    assert_eq!(lines.unfinished(), 4);
    lines.push(b"\n");
    assert_eq!(lines.next_line(), Some(Line::Whole(b"rest")));
    assert!(!lines.spare().is_empty());
    assert!(lines.buffer.len() <= KEEP_BYTES);
    lines.advance(usize::MAX);
    assert_eq!(lines.filled, lines.buffer.len());
}

proptest! {
    #[test]
    fn any_stream_in_any_pieces(
        stream in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x')], 0..200),
        size in 1_usize..40,
    ) {
        prop_assert_eq!(lines(MAX, stream.chunks(size)), lines(MAX, [stream.as_slice()]));
    }
}
