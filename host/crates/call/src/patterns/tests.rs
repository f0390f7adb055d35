//! What is refused, and how it is told.

use super::{DeclaredSet, MAX_PATTERN_BYTES, MAX_PATTERNS, MAX_SETS, PatternSets};

fn set(name: &str, patterns: &[(&str, &str)]) -> DeclaredSet {
    let patterns = patterns.iter();
    DeclaredSet {
        name: name.into(),
        patterns: patterns
            .map(|(id, regex)| ((*id).to_owned(), (*regex).to_owned()))
            .collect(),
    }
}

fn refused(declared: &[DeclaredSet]) -> String {
    PatternSets::compile(declared).unwrap_err().to_string()
}

#[test]
fn bad_patterns_are_told_with_their_set_and_name() {
    let long = "a".repeat(MAX_PATTERN_BYTES + 1);
    let nested = format!("{}a{}", "(".repeat(60), ")".repeat(60));
    for (regex, what) in [
        ("a(b", "unclosed group (at byte 1)"),
        (
            "a{3,2}",
            "invalid repetition count range, the start must be <= the end (at byte 1)",
        ),
        (r"(a)\1", "backreferences are not supported (at byte 3)"),
        (
            "(?=a)",
            "look-around, including look-ahead and look-behind, is not supported (at byte 0)",
        ),
        ("a*", "it matches the empty text"),
        ("", "it matches the empty text"),
        (r"\b", "it matches the empty text"),
        ("[a&&b]", "it can never match"),
        (r"\pL", "Unicode not allowed here (at byte 0)"),
        (
            "(?u)a",
            "the Unicode mode is not there; patterns match bytes",
        ),
        (
            "a(?u:.)",
            "the Unicode mode is not there; patterns match bytes",
        ),
        ("[é]", "Unicode not allowed here (at byte 1)"),
        ("[a-z]{9000}", "it takes more than 128 KiB compiled"),
        (
            "(((a{100}){100}){100}){100}",
            "it takes more than 128 KiB compiled",
        ),
        (
            "((((b|){100}){100}){100}){100}a",
            "it takes more than 128 KiB compiled",
        ),
        (&long, "over 1024 bytes"),
        (
            &nested,
            "exceed the maximum number of nested parentheses/brackets (50) (at byte 50)",
        ),
    ] {
        let declared = [
            set("fine", &[("a", "a")]),
            set("keys", &[("good", "x"), ("bad", regex)]),
        ];
        let expected = format!("set `keys`, pattern `bad`: {what}");
        assert_eq!(refused(&declared), expected, "{regex}");
    }
}

#[test]
fn bad_sets() {
    let a = ("a", "a");
    let many: Vec<(String, String)> = (0..=MAX_PATTERNS)
        .map(|at| (format!("p{at}"), "a".into()))
        .collect();
    let many = DeclaredSet {
        name: "many".into(),
        patterns: many,
    };
    let sets: Vec<DeclaredSet> = (0..=MAX_SETS)
        .map(|at| set(&format!("s{at}"), &[a]))
        .collect();
    let large: Vec<(String, String)> = (0..400)
        .map(|at| (format!("p{at}"), format!("k{at}[a-z]{{1500}}")))
        .collect();
    let large = DeclaredSet {
        name: "large".into(),
        patterns: large,
    };
    for (declared, expected) in [
        (
            vec![set("Keys", &[a])],
            "the name of set 1 is not 1 to 64 characters of `a-z 0-9 -`",
        ),
        (
            vec![set("s", &[a]), set("s", &[a])],
            "two sets are named `s`",
        ),
        (
            vec![set("s", &[a, a])],
            "set `s`: two patterns are named `a`",
        ),
        (
            vec![set("s", &[a, ("B b", "b")])],
            "set `s`: the id of pattern 2 is not 1 to 64 characters of `a-z 0-9 -`",
        ),
        (vec![set("s", &[])], "set `s` is empty"),
        (vec![many], "more than 512 patterns"),
        (sets, "more than 8 sets"),
        (
            vec![large],
            "set `large`: all patterns together take more than 8 MiB compiled",
        ),
    ] {
        assert_eq!(refused(&declared), expected);
    }
}

#[test]
fn literals_are_few_and_a_pattern_without_any_is_tried_at_its_class() {
    for (regex, expected) in [
        ("ghp_[a-z]{36}", &["ghp_"][..]),
        (r"\bAKIA[A-Z]{16}", &["akia"]),
        ("(?i)password=", &["passwor"]),
        ("(?:gh[ps]_|sk-)x", &["ghp_x", "ghs_x", "sk-x"]),
        ("a?bc", &["abc", "bc"]),
        (
            "[xy]{9}",
            &[
                "xxxxx", "xxxxy", "xxxyx", "xxxyy", "xxyxx", "xxyxy", "xxyyx", "xxyyy", "xyxxx",
                "xyxxy", "xyxyx", "xyxyy", "xyyxx", "xyyxy", "xyyyx", "xyyyy", "yxxxx", "yxxxy",
                "yxxyx", "yxxyy", "yxyxx", "yxyxy", "yxyyx", "yxyyy", "yyxxx", "yyxxy", "yyxyx",
                "yyxyy", "yyyxx", "yyyxy", "yyyyx", "yyyyy",
            ],
        ),
    ] {
        let pattern = super::pattern::Pattern::read(regex).unwrap();
        let literals: Vec<_> = pattern
            .literals
            .iter()
            .map(|l| String::from_utf8_lossy(&l.folded))
            .collect();
        assert_eq!(literals, expected, "{regex}");
    }
    for (regex, count) in [
        ("[0-9a-f]{32}", 16),
        ("[a-z]+:", 26),
        (".x", 255),
        ("(?s).x", 256),
        ("(?i)[a-z]{3}", 26),
    ] {
        let literals = super::pattern::Pattern::read(regex).unwrap().literals;
        assert!(
            literals.iter().all(|literal| literal.folded.len() == 1),
            "{regex}"
        );
        // Capitals and small letters are searched for together.
        let folded = if count > 200 { 26 } else { 0 };
        assert_eq!(literals.len(), count - folded, "{regex}");
    }
}
