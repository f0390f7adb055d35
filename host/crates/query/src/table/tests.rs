use unicode_width::UnicodeWidthStr as _;

use super::table;
use crate::call::Call;
use crate::index::tests::{full_call, refused_call};

#[test]
fn as_wide_as_it_needs() {
    let lines = table(&[full_call(), refused_call()], None);
    assert_eq!(
        lines,
        [
            "ENTRY  TIME                      EFFECT  STATUS    REASON        CALL             CALLER  RULES",
            "    7  2026-11-23T00:00:00.000Z  allow   answered  allowed       files/read_file  caller  inside, also",
            "    9  2026-11-23T00:00:01.000Z  deny              outside-root  files/ping       caller",
        ]
    );
    assert_eq!(table(&[], None).len(), 1, "the heads");
}

/// No line is wider than the terminal, as long as that has room for numbers, times and words.
#[test]
fn within_a_terminal() {
    let long = Call {
        principal: "p".repeat(128),
        tool: Some("漢".repeat(42)),
        reason: "r".repeat(60),
        rules: vec!["rule".repeat(30); 5],
        ..refused_call()
    };
    let calls = [full_call(), long];
    for width in [110, 120, 132, 200, 300] {
        let lines = table(&calls, Some(width));
        for line in &lines {
            assert!(line.width() <= width, "{} > {width}: {line}", line.width());
        }
        assert!(
            lines[2].contains('…'),
            "what was left out shows: {}",
            lines[2]
        );
    }
    let narrow = table(&calls, Some(20));
    assert_eq!(narrow.len(), 3);
    assert!(
        narrow[2].starts_with("    9  2026-11-23T00:00:01.000Z  deny"),
        "{}",
        narrow[2]
    );
}

#[test]
fn nothing_steers_the_terminal() {
    let hostile = Call {
        tool: Some("\u{1b}[2J\u{202e}x\n".to_owned()),
        ..full_call()
    };
    let lines = table(&[hostile], None);
    assert!(
        lines[1].contains("files/\\u{1b}[2J\\u{202e}x\\u{a}"),
        "{}",
        lines[1]
    );
}
