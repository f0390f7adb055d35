//! The secrets of an operator, as they are fetched when the configuration is loaded.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

/// Shorter ones would be found in answers that do not show them, and can be guessed.
pub const MIN_SECRET_BYTES: usize = 8;

/// Shorter keys are refused for signing: a plugin could try all of them against a signature.
pub const MIN_KEY_BYTES: usize = 16;

/// Longer ones are the wrong file: a private key in PEM has some KiB.
const MAX_SECRET_BYTES: usize = 16 << 10;

/// How long a command may take: tools that ask a server answer within seconds, and none may ask a person.
const COMMAND_TIME: Duration = Duration::from_secs(10);

/// How often it is looked at whether a command that has said everything is over.
const COMMAND_LOOK: Duration = Duration::from_millis(5);

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The content of a file, without the end of its last line.
    File(PathBuf),
    /// The value of an environment variable of the gateway.
    Env(String),
    /// What a program writes to its standard output, without the end of its last line. It has the
    /// gateway's environment and neither input nor terminal.
    Command(Vec<String>),
}

/// Where it comes from, without what it is.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::File(path) => write!(f, "file `{}`", path.display()),
            SecretSource::Env(name) => write!(f, "environment variable `{name}`"),
            SecretSource::Command(words) => {
                write!(f, "command `{}`", words.first().map_or("", String::as_str))
            }
        }
    }
}

/// Why a secret is not there. Never holds a part of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("{0}: cannot be read: {1}")]
    Unreadable(SecretSource, io::ErrorKind),
    /// The variable is not set.
    #[error("{0}: is not set")]
    NotSet(SecretSource),
    /// The program did not start, failed, or was not done within 10 s.
    #[error("{0}: {1}")]
    Command(SecretSource, &'static str),
    /// It is shorter than what it is used for needs, or longer than 16 KiB.
    #[error("{0}: has {1} bytes; a secret for this use has {2} to {MAX_SECRET_BYTES}")]
    Length(SecretSource, usize, usize),
    /// It cannot stand in a header.
    #[error("{0}: cannot stand in a header")]
    NotAHeader(SecretSource),
}

/// The bytes of a secret. They are overwritten when the last copy goes, and shown nowhere.
#[derive(Clone)]
pub struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    source: SecretSource,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}, hidden)", self.source)
    }
}

impl Secret {
    /// Fetches a secret of at least [`MIN_SECRET_BYTES`]. Blocks, for a command at most 10 s.
    ///
    /// # Errors
    /// [`SecretError`]
    pub fn fetch(source: &SecretSource) -> Result<Self, SecretError> {
        let mut bytes = match source {
            SecretSource::File(path) => {
                let unreadable =
                    |error: io::Error| SecretError::Unreadable(source.clone(), error.kind());
                let file = File::open(path).map_err(unreadable)?;
                read(file).map_err(unreadable)?
            }
            SecretSource::Env(name) => {
                let value = std::env::var_os(name).map(std::ffi::OsString::into_encoded_bytes);
                Zeroizing::new(value.ok_or_else(|| SecretError::NotSet(source.clone()))?)
            }
            SecretSource::Command(words) => {
                run(words).map_err(|what| SecretError::Command(source.clone(), what))?
            }
        };
        if !matches!(source, SecretSource::Env(_)) {
            let kept = bytes.strip_suffix(b"\n").map_or(bytes.len(), <[u8]>::len);
            bytes.truncate(kept);
            let kept = bytes.strip_suffix(b"\r").map_or(bytes.len(), <[u8]>::len);
            bytes.truncate(kept);
        }
        let secret = Secret {
            bytes,
            source: source.clone(),
        };
        secret.of_at_least(MIN_SECRET_BYTES)?;
        Ok(secret)
    }

    pub(crate) fn of_at_least(&self, min: usize) -> Result<(), SecretError> {
        let length = self.bytes.len();
        if (min..=MAX_SECRET_BYTES).contains(&length) {
            return Ok(());
        }
        Err(SecretError::Length(self.source.clone(), length, min))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn source(&self) -> &SecretSource {
        &self.source
    }

    #[cfg(test)]
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Secret {
            bytes: Zeroizing::new(bytes.to_vec()),
            source: SecretSource::Env("TEST".into()),
        }
    }
}

/// At most one byte more than a secret may have. The room is there from the start: a list that grows
/// leaves copies behind.
fn read(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * MAX_SECRET_BYTES));
    source
        .take(MAX_SECRET_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn run(words: &[String]) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let (program, arguments) = words.split_first().ok_or("names no program")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // What it says when it fails may quote what it was about to give.
        .stderr(Stdio::null())
        .spawn()
        .map_err(|_| "cannot be started")?;
    let output = child.stdout.take().ok_or("has no output")?;
    let (sender, receiver) = sync_channel(1);
    std::thread::spawn(move || sender.send(read(output)));
    let until = Instant::now() + COMMAND_TIME;
    let bytes = receiver.recv_timeout(COMMAND_TIME);
    // Whatever is not done, or would write for ever, is ended.
    let says_all = matches!(&bytes, Ok(Ok(bytes)) if bytes.len() <= MAX_SECRET_BYTES);
    let status = end(&mut child, if says_all { until } else { Instant::now() });
    match (bytes, status) {
        (Ok(Ok(bytes)), _) if bytes.len() > MAX_SECRET_BYTES => Ok(bytes),
        (Ok(Ok(bytes)), Some(status)) if status.success() => Ok(bytes),
        (Ok(_), Some(_)) => Err("failed"),
        (Err(_), _) | (_, None) => Err("was not done within 10 s"),
    }
}

/// Waits for a program until a time; one that is not over by then is ended, and has no status.
fn end(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < until => std::thread::sleep(COMMAND_LOOK),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, SecretSource};

    fn told(source: &SecretSource) -> Result<String, String> {
        let secret = Secret::fetch(source).map_err(|error| error.to_string())?;
        let shown = format!("{secret:?}");
        assert!(!shown.contains("hunter"), "{shown}");
        Ok(String::from_utf8_lossy(secret.bytes()).into_owned())
    }

    #[test]
    fn files_lose_the_end_of_their_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let check = |content: &[u8], expected: Result<&str, &str>| {
            std::fs::write(&path, content).unwrap();
            let got = told(&SecretSource::File(path.clone()));
            match (&got, expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected),
                (Err(got), Err(part)) => assert!(got.contains(part), "{got}"),
                _ => panic!("{got:?} {expected:?}"),
            }
        };
        check(b"hunter-22", Ok("hunter-22"));
        check(b"hunter-22\n", Ok("hunter-22"));
        check(b"hunter-22\r\n", Ok("hunter-22"));
        check(b"hunter-22\n\n", Ok("hunter-22\n"));
        check(b"hunter2", Err("7 bytes"));
        check(b"", Err("0 bytes"));
        check(&vec![b'a'; 16 << 10], Ok(&"a".repeat(16 << 10)));
        check(&vec![b'a'; (16 << 10) + 1], Err("16385 bytes"));
        std::fs::remove_file(&path).unwrap();
        let missing = told(&SecretSource::File(path.clone())).unwrap_err();
        assert!(missing.contains("cannot be read"), "{missing}");
    }

    #[test]
    fn commands_are_run_and_what_they_say_is_not_told() {
        let command = |script: &str| {
            let words = ["sh", "-c", script].map(str::to_owned);
            told(&SecretSource::Command(words.to_vec()))
        };
        assert_eq!(command("echo hunter-22").as_deref(), Ok("hunter-22"));
        for (script, expected) in [
            ("echo hunter-22; exit 1", "failed"),
            ("echo hunter-22 >&2", "0 bytes"),
            ("cat", "0 bytes"),
            ("echo hunter-22; kill -9 $$", "failed"),
            ("yes hunter-22", "16385 bytes"),
        ] {
            let got = command(script).unwrap_err();
            assert!(got.contains(expected), "{script}: {got}");
            assert!(!got.contains("hunter"), "{got}");
        }
        let missing = SecretSource::Command(vec!["/nonexistent/program".into()]);
        assert!(told(&missing).unwrap_err().contains("cannot be started"));
    }

    #[test]
    fn a_variable_that_is_not_set_is_told() {
        let source = SecretSource::Env("WARDLET_TEST_NO_SUCH_VARIABLE".into());
        assert!(told(&source).unwrap_err().contains("is not set"));
        assert!(!told(&SecretSource::Env("PATH".into())).unwrap().is_empty());
    }
}
