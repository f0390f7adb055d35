//! The cases as data, and what a large answer costs.

use std::time::{Duration, Instant};

use secret_redactor::{SecretRedactor, scan};
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

/// Far above what 5 MB take with optimisation (10 to 40 ms), and far below what a scan that is not
/// linear would take: the text is large enough for that to be minutes.
const LIMIT: Duration = Duration::from_secs(20);

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
        let text = piece.repeat((5 << 20) / piece.len());
        let begin = Instant::now();
        let mut hits = 0_usize;
        scan(&text, None, &mut |_| hits += 1);
        let took = begin.elapsed();
        assert!(took < LIMIT, "{piece:?}: {took:?}, {hits} hits");
        if std::env::var_os("SHOW_TIMES").is_some() {
            eprintln!("{piece:?}: {took:?}, {hits} hits");
        }
    }
}
