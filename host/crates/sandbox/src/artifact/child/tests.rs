//! Children that misbehave, each a shell script in the place of the compiler.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, test_kill_process};

use super::{Budget, Child};
use crate::artifact::error::CompileError;

/// The engine's digest in the scripts' answers: 32 times this letter.
const ENGINE: [u8; 32] = [b'e'; 32];

/// The header of an answer with this outcome and length, as `printf` has it.
fn header(outcome: u8, length: u8) -> String {
    format!(
        "\\00{outcome}{}\\{length:03o}\\000\\000\\000\\000\\000\\000\\000",
        "e".repeat(32)
    )
}

/// Runs a script, and says what became of the component. The script's process must be gone then.
fn compile(script: &str, wall: Duration) -> Result<Vec<u8>, CompileError> {
    let folder = tempfile::tempdir().unwrap();
    let process = folder.path().join("process");
    let script = format!("echo $$ > {}; {script}", process.display());
    let budget = Budget {
        cpu_seconds: 5,
        wall,
        memory: 64 << 20,
        artifact: 1 << 20,
    };
    let child =
        Child::new("/bin/sh".into(), vec!["-c".into(), script.clone().into()]).within(budget);
    // More than a socket holds, so that a child that does not read is noticed.
    let component = vec![0; 4 << 20];
    let done = child.compile(&ENGINE, &component);
    if let Ok(number) = std::fs::read_to_string(&process) {
        let pid = Pid::from_raw(number.trim().parse().unwrap()).unwrap();
        assert!(
            test_kill_process(pid).is_err(),
            "the child is reaped: {script}"
        );
    }
    assert_eq!(child.running.load(std::sync::atomic::Ordering::SeqCst), 0);
    done.map(|artifact| artifact.code().to_vec())
}

const READ: &str = "head -c 4194328 > /dev/null";

#[test]
#[expect(clippy::too_many_lines, reason = "cases are data")]
fn each_way_to_fail_has_its_error() {
    let long = Duration::from_secs(60);
    let short = Duration::from_millis(300);
    let [empty, three] = [header(0, 0), header(0, 3)];
    for (script, wall, said) in [
        ("exec sleep 1000", short, "takes more than 0 s"),
        (
            &format!("{READ}; exec sleep 1000"),
            short,
            "takes more than 0 s",
        ),
        // It closes its side and runs on.
        (
            "exec < /dev/null > /dev/null; exec sleep 1000",
            long,
            "the compiler was killed (signal 9)",
        ),
        ("kill -KILL $$", long, "the compiler was killed (signal 9)"),
        ("kill -TERM $$", long, "the compiler was killed (signal 15)"),
        (
            "kill -XCPU $$",
            long,
            "takes more than 5 s of processor time",
        ),
        ("kill -SEGV $$", long, "the compiler crashed (signal 11)"),
        ("kill -ABRT $$", long, "the compiler crashed (signal 6)"),
        (
            "echo memory allocation of 5 bytes failed >&2; kill -ABRT $$",
            long,
            "takes more than 64 MiB of memory",
        ),
        ("exit 101", long, "the compiler crashed (exit status: 101)"),
        (
            "exit 0",
            long,
            "the compiler gave no whole answer: it ends in its header",
        ),
        // Neither side reads what the other sends.
        ("exec cat /dev/zero", short, "takes more than 0 s"),
        (
            &format!("{READ}; exec cat /dev/zero"),
            long,
            "becomes more than 1 MiB of machine code",
        ),
        (
            &format!("{READ}; echo garbage"),
            long,
            "the compiler gave no whole answer: it ends in its header",
        ),
        (
            &format!("{READ}; printf '{three}ab'"),
            long,
            "the compiler gave no whole answer: it does not have the length that it names",
        ),
        (
            &format!("{READ}; printf '{three}abcd'"),
            long,
            "the compiler gave no whole answer: it does not have the length that it names",
        ),
        (
            &format!("{READ}; printf '{}'", empty.replace('e', "f")),
            long,
            "the compiler gave no whole answer: it is for another engine",
        ),
        // Whole, and then it fails: what it gave is not taken.
        (
            &format!("{READ}; printf '{three}abc'; exit 1"),
            long,
            "the compiler crashed (exit status: 1)",
        ),
        (
            &format!("{READ}; printf '{three}abc'; kill -SEGV $$"),
            long,
            "the compiler crashed (signal 11)",
        ),
        (
            &format!("{READ}; printf '{}why'", header(1, 3)),
            long,
            "why",
        ),
        (
            &format!("{READ}; printf '{}'", header(2, 0)),
            long,
            "takes more than 64 MiB of memory",
        ),
    ] {
        let error = compile(script, wall).expect_err(script);
        assert_eq!(error.to_string(), said, "{script}");
    }
}

#[test]
fn a_whole_answer_is_taken() {
    let script = format!("{READ}; printf '{}abc'", header(0, 3));
    assert_eq!(compile(&script, Duration::from_secs(60)).unwrap(), b"abc");
}

#[test]
fn nothing_of_the_environment_and_no_folder_goes_to_the_child() {
    // The variable that cargo sets is in this process's environment.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let script = format!(
        "{READ}; env=$(env | cut -d= -f1 | sort | tr '\\n' ' '; pwd); printf '\\001{}'; printf \"\\\\$(printf %o ${{#env}})\"; printf '\\000\\000\\000\\000\\000\\000\\000%s' \"$env\"",
        "e".repeat(32)
    );
    let said = compile(&script, Duration::from_secs(60))
        .unwrap_err()
        .to_string();
    // The shell itself adds where it is.
    assert_eq!(said, "PWD RAYON_NUM_THREADS /");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let child = Child::new(Path::new("/nowhere/wardlet").to_owned(), Vec::new());
    let error = child.compile(&ENGINE, b"").map(drop).unwrap_err();
    assert!(matches!(error, CompileError::Start(_)), "{error}");
    assert!(error.hint().is_some());
}
