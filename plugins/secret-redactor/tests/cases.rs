//! The cases as data, and what hostile texts cost.

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
