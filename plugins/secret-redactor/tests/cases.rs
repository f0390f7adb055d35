//! The cases as data, and what hostile texts cost.

use std::time::{Duration, Instant};

use secret_redactor::{SecretRedactor, scan};
use wardlet_sdk::Part;
use wardlet_sdk::testing::Check;
use wardlet_sdk::testing::cases::run_redactor;

#[test]
fn the_cases_come_out_as_written() {
    let wrong = run_redactor::<SecretRedactor>(include_str!("../cases/secrets.json")).unwrap();
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Far above what half a megabyte takes without optimisation (under 0.3 s), and far below what a
/// scan that is not linear would take: minutes.
const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn hostile_texts_take_linear_time() {
    for piece in [
        "eyJ-",
        "eyJhbGci",
        "eyJhbGciOiJub25lIn0.",
        "-----BEGIN PRIVATE KEY-----\n",
        "glpat-",
        "password=",
        "password='",
        "://a:b",
        "://",
        "bearer ",
        "bearer a",
        "pypi-AgE",
        "-----BEGIN ",
        "sk-",
        "token:token=",
        "secret=\\",
        "://u:p@",
        "-",
        "AKIAAKIA",
        "\n",
        "a: b = c; ",
        "xoxb-1234567890-",
    ] {
        let text = piece.repeat((1 << 19) / piece.len());
        let begin = Instant::now();
        let mut hits = 0_usize;
        scan(&text, None, &mut |_| hits += 1);
        let took = begin.elapsed();
        assert!(took < LIMIT, "{piece:?}: {took:?}, {hits} hits");
    }
}

/// Pieces that credentials, names and what stands between them are made of.
const PIECES: [&str; 48] = [
    "password",
    "Pass-Word",
    "api_key",
    "apiKey",
    "secret",
    "next_page_token",
    "token",
    "my-secret",
    "=",
    ":",
    " = ",
    ": ",
    "\": \"",
    "==",
    "=>",
    "'",
    "\"",
    " ",
    "\n",
    "\\n",
    ",",
    ";",
    "(",
    "/",
    "-",
    "_",
    ".",
    "Xk29fQ7zLm",
    "a8F3kd92jfK2lq0ZpW",
    "hunter2hunter",
    "$value",
    "example",
    "://",
    "user:",
    "u:p4sS@",
    "@host",
    "Bearer ",
    "Basic ",
    "dXNlcjpwYXNz",
    "AKIA",
    "ghp_",
    "glpat-",
    "sk-",
    "sk-ant-",
    "eyJhbGciOiJIUzI1NiJ9.",
    "-----BEGIN PRIVATE KEY-----\n",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA",
    "-----END PRIVATE KEY-----",
];

/// A sequence without a pattern that anybody wrote (Knuth's linear congruential generator, MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % most
    }
}

/// The host's search says where to look. Looking everywhere must find nothing more. Gives the number of
/// finds.
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
fn compare(texts: &[String]) -> usize {
    let mut everywhere = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        scan(text, None, &mut |hit| {
            let found = text[hit.span.clone()].to_owned();
            everywhere.push((format!("/{at}"), found, hit.entity.to_owned()));
        });
    }
    let leaves: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    let check = Check::new().result(&format!("[{}]", leaves.join(",")));
    let finds = check.find::<SecretRedactor>(Part::Result).answer.unwrap();
    let narrowed: Vec<_> = finds
        .into_iter()
        .map(|find| (find.pointer, find.text, find.entity))
        .collect();
    assert_eq!(narrowed, everywhere, "{texts:?}");
    everywhere.len()
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

#[test]
fn looking_where_the_host_says_finds_what_looking_everywhere_finds() {
    let mut chance = Chance(29);
    let mut finds = 0;
    for _ in 0..100 {
        let mut text = || {
            let length = 1 + chance.below(24);
            let pieces = (0..length).map(|_| PIECES[chance.below(PIECES.len())]);
            pieces.collect()
        };
        let texts: Vec<String> = (0..40).map(|_| text()).collect();
        finds += compare(&texts);
    }
    assert!(finds > 300, "{finds}");
}

#[test]
fn long_texts_are_judged_as_a_whole() {
    let value = "Xk29fQ7zLm".repeat(20_000);
    let texts = [
        format!("password={value}, token={value}"),
        format!("password='{value} '"),
        format!("Bearer {value}."),
        format!(
            "a\n-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\nb",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw\n".repeat(400)
        ),
        format!(
            "x {} password=Xk29fQ7zLm {}",
            "word ".repeat(20_000),
            "word ".repeat(20_000)
        ),
    ];
    assert_eq!(compare(&texts), 5);
}
