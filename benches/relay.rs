//! A byte relay: what any process in between costs at the least. Two threads copy what comes, one in
//! each direction, without looking at it.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

/// The argument with which the benchmark starts itself as the relay; the command follows.
pub(crate) const ARGUMENT: &str = "--relay";

/// What a pipe holds.
const BUFFER: usize = 64 << 10;

/// Runs the relay if this process was started as one, and tells whether it was.
pub(crate) fn main() -> io::Result<bool> {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() != Some(ARGUMENT) {
        return Ok(false);
    }
    let program = words.next().unwrap_or_default();
    let mut child: Child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (Some(to_child), Some(from_child)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("the child has no pipes"));
    };
    let upward = thread::spawn(move || copy(io::stdin(), to_child));
    copy(from_child, io::stdout())?;
    drop(upward);
    child.wait()?;
    Ok(true)
}

fn copy(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(buffer.get(..count).unwrap_or_default())?;
        to.flush()?;
    }
}
