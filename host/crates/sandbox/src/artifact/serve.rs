//! The child's side: one component in, machine code out, within limits that it sets itself.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use wasmtime::OutOfMemory;

use super::engine_digest;
use super::exchange::{Outcome, REQUEST_HEADER, Request};
use crate::engine::compiling_engine;
use crate::load::{MAX_COMPONENT_BYTES, one_line};

/// Between the signal that tells of the processor time (`SIGXCPU`) and the one that cannot be caught.
const GRACE_SECONDS: u64 = 1;

/// What the child process that [`crate::Compiler::Child`] starts has to do, and nothing else: it reads
/// a request from standard input, limits itself, compiles, and writes the answer to standard output.
/// Files cannot be opened or written from the moment the request was read.
#[must_use]
pub fn compile_for_parent() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent reads it; where it is gone, nobody does.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut header = [0; REQUEST_HEADER];
    input.read_exact(&mut header)?;
    let refused = || io::Error::other("this is no request of a gateway");
    let request = Request::decode(&header).ok_or_else(refused)?;
    let length = usize::try_from(request.length)
        .ok()
        .filter(|length| *length <= MAX_COMPONENT_BYTES)
        .ok_or_else(refused)?;
    limit(&request)?;
    let mut component = vec![0; length];
    input.read_exact(&mut component)?;
    drop(input);
    thread::Builder::new().spawn(end_with_parent)?;
    let engine = compiling_engine().map_err(io::Error::other)?;
    let outcome = match engine.precompile_component(&component) {
        Ok(code) => Outcome::Compiled(code),
        Err(error) if error.is::<OutOfMemory>() => Outcome::OutOfMemory,
        Err(error) => Outcome::Refused(one_line(&error)),
    };
    let (header, body) = outcome.encode(&engine_digest(&engine));
    let mut output = io::stdout().lock();
    output.write_all(&header)?;
    output.write_all(&body)?;
    output.flush()
}

/// The limits of this process. What is limited harder already stays so.
fn limit(request: &Request) -> io::Result<()> {
    for (resource, soft, hard) in [
        (
            Resource::Cpu,
            request.cpu_seconds,
            request.cpu_seconds.saturating_add(GRACE_SECONDS),
        ),
        (Resource::Data, request.memory, request.memory),
        // A compiler that was turned by its input leaves nothing behind and reads nothing.
        (Resource::Core, 0, 0),
        (Resource::Fsize, 0, 0),
        (Resource::Nofile, 0, 0),
    ] {
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit {
            current: Some(soft.min(most)),
            maximum: Some(hard.min(most)),
        };
        setrlimit(resource, limit)?;
    }
    Ok(())
}

/// The parent keeps its end of standard input open and sends nothing more, so that the input ends
/// when the parent does, however it does.
fn end_with_parent() {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    std::process::exit(1);
}
