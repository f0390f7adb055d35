use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

use super::{Traces, shows};

const SECRET: &str = "p/ss\"w+rd\\~1?";

fn shown(secret: &str, text: &str) -> bool {
    shows(
        [&Traces::of(secret.as_bytes())].into_iter(),
        text.as_bytes(),
    )
}

#[test]
fn every_form_is_found_within_a_text() {
    let mut texts = vec![
        SECRET.to_owned(),
        format!("Bearer {SECRET}."),
        "x702f7373\x22 702f737322772b72645c7e313fzz".to_owned(),
        "702F737322772B72645C7E313F".to_owned(),
        "a=p%2Fss%22w%2Brd%5C~1%3F&b".to_owned(),
        "a=p%2fss%22w%2brd%5c~1%3f".to_owned(),
        r#"{"a":"p/ss\"w+rd\\~1?"}"#.to_owned(),
        r#"{"a":"p\/ss\"w+rd\\~1?"}"#.to_owned(),
        // Mixtures.
        r#"{"a":"p%2Fss\"w\u002brd%5c~1%3F"}"#.to_owned(),
        r"p&#x2f;ss&quot;w&plus;rd&bsol;~1&#63;".to_owned(),
        r"p&#47ss&#x22;w%2Brd\u{5c}~\x31\U0000003f".to_owned(),
        // Layers.
        "a%253Dp%252Fss%2522w%252brd%255C~1%253F".to_owned(),
        r#""{\"a\":\"p/ss\\\"w+rd\\\\~1?\"}""#.to_owned(),
        "&amp;quot;p/ss&amp;quot;w+rd&amp;#92;~1?".to_owned(),
        "p%26%2347%3Bss%26quot%3Bw+rd%5Cu005c~1?".to_owned(),
        // Hexadecimal.
        "70:2f:73:73:22:77:2B:72:64:5C:7E:31:3F".to_owned(),
        "70 2f7373 2277-2b72_645c.7e31\n3f".to_owned(),
        "[0x70, 0x2f, 0x73, 0x73, 0x22, 0x77, 0x2b, 0x72, 0x64, 0x5c, 0x7e, 0x31, 0x3f]".to_owned(),
        r"\x70\x2f\x73\x73\x22\x77\x2b\x72\x64\x5c\x7e\x31\x3f".to_owned(),
    ];
    for user in ["", "u", "us", "use", "user:", "a longer user:"] {
        for after in ["", "x", "xy", "xyz"] {
            let whole = format!("{user}{SECRET}{after}");
            let usual = STANDARD.encode(&whole);
            texts.push(format!("Basic {usual}"));
            texts.push(URL_SAFE.encode(&whole));
            texts.push(URL_SAFE_NO_PAD.encode(&whole));
            let (first, second) = usual.split_at(usual.len() / 2);
            texts.push(format!("{first}\r\n  {second}"));
            texts.push(format!(
                "{{\"a\":\"{first}\\n{}\"}}",
                second.replace('/', "\\/")
            ));
            texts.push(
                usual
                    .replace('+', "%2B")
                    .replace('/', "%2f")
                    .replace('=', "%3D"),
            );
        }
    }
    for text in texts {
        assert!(shown(SECRET, &text), "{text}");
    }
}

/// Each byte under another escape, by turns, and the whole of that once more.
#[test]
fn any_mixture_is_found() {
    let escapes: [fn(u8) -> String; 8] = [
        // A sign that begins an escape is never left as it is where letters are not.
        |byte| match byte {
            b'\\' | b'%' | b'&' => format!("%{byte:02x}"),
            _ => char::from(byte).to_string(),
        },
        |byte| format!("%{byte:02x}"),
        |byte| format!("%{byte:02X}"),
        |byte| format!("\\u{byte:04x}"),
        |byte| format!("\\x{byte:02X}"),
        |byte| format!("&#{byte};"),
        |byte| format!("&#x{byte:x};"),
        |byte| format!("\\u{{{byte:X}}}"),
    ];
    let by_turns = |text: &str, turn: usize, step: usize| -> String {
        let at = |i: usize| escapes[(turn + i * step) % escapes.len()];
        text.bytes()
            .enumerate()
            .map(|(i, byte)| at(i)(byte))
            .collect()
    };
    for secret in [
        "hunter-hunter-22",
        "ghp_aZ09/+=.~",
        "with space: {} <>'\"",
        "tab\tand\nline end",
    ] {
        for turn in 0..escapes.len() {
            for step in 1..escapes.len() {
                let text = by_turns(secret, turn, step);
                assert!(shown(secret, &format!("before {text} after")), "{text}");
                let text = by_turns(&text, step, 2 * turn + 1);
                assert!(shown(secret, &format!("before {text} after")), "{text}");
            }
        }
    }
}

#[test]
fn secrets_that_look_escaped_are_found_too() {
    for (secret, text) in [
        ("a%2Fb%41&amp;c", "a%2Fb%41&amp;c"),
        ("a%2Fb%41&amp;c", "a%252Fb%2541%26amp;c"),
        ("C:\\new\\temp", r#""C:\\new\\temp""#),
        ("with a space", "with+a+space"),
        ("with a space/", "with+a+space%2f"),
        ("é-and-😀", r"\u00e9-and-\ud83d\ude00"),
        ("é-and-😀", "%C3%A9-and-%f0%9F%98%80"),
        ("é-and-😀", "&#xe9;-and-&#128512;"),
    ] {
        assert!(shown(secret, text), "{secret}: {text}");
    }
}

#[test]
fn other_texts_are_not_taken_for_it() {
    for text in [
        "",
        "p/ss",
        "P/SS\"W+RD\\~1?",
        "Basic dXNlcjpwYXNzd29yZA==",
        "702f73732277g2b72645c7e313f",
        "%",
        "\\",
        "&",
        "%2",
        "\\u12",
        "\\u{110000}",
        "\\ud83d",
        "\\ud83d\\u0041",
        "&#;",
        "&#x110000;",
        "&#99999999999999999999;",
        "&unknown;",
    ] {
        assert!(!shown(SECRET, text), "{text}");
    }
    // The digits of a short one are in many a date.
    assert!(!shown("a1!", "on 61-31-21"));
    // Nor is every letter `A` the secret that would be one without its escape.
    assert!(!shown("\\x41", "A"));
    // What the module says cannot be found.
    let turned: String = SECRET.chars().rev().collect();
    assert!(!shown(SECRET, &turned));
}
