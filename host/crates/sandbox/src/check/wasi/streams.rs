//! `wasi:io`: output line by line to the debug log, an input that is closed, and a poll that never
//! waits since everything is ready at once.

use std::mem::take;

use wasmtime::Result;
use wasmtime::component::Resource;

use super::bindings::io::error::{Error, Host as ErrorHost, HostError};
use super::bindings::io::poll::{Host as PollHost, HostPollable, Pollable};
use super::bindings::io::streams::{
    Host as StreamsHost, HostInputStream, HostOutputStream, InputStream, OutputStream, StreamError,
};
use crate::check::State;

/// What stands behind handles of which there is one kind only.
pub(super) const ANY: u32 = 0;

/// Bytes that a plugin is told it may write at one time. More is taken all the same.
const PERMIT: u64 = 4096;

/// Which of the outputs. The number is what stands behind its handle.
#[derive(Clone, Copy, Debug)]
pub(super) enum Output {
    Stdout = 1,
    Stderr = 2,
}

impl Output {
    fn of(stream: &Resource<OutputStream>) -> Self {
        if stream.rep() == Output::Stdout as u32 {
            Output::Stdout
        } else {
            Output::Stderr
        }
    }

    fn name(self) -> &'static str {
        match self {
            Output::Stdout => "stdout",
            Output::Stderr => "stderr",
        }
    }
}

/// The lines that were begun and not ended.
#[derive(Debug, Default)]
pub(super) struct Lines {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Lines {
    fn of(&mut self, output: Output) -> &mut Vec<u8> {
        match output {
            Output::Stdout => &mut self.stdout,
            Output::Stderr => &mut self.stderr,
        }
    }
}

/// What a function of a stream answers.
type Answer<T> = std::result::Result<T, StreamError>;

impl State {
    /// Takes output. A line that is not ended is kept, and is never longer than what the check may
    /// still log.
    fn write_out(&mut self, output: Output, contents: &[u8]) {
        for piece in contents.split_inclusive(|byte| *byte == b'\n') {
            if !self.may_log() {
                return;
            }
            let most = self.log_left();
            let line = self.wasi.output.of(output);
            let room = (most + 1).saturating_sub(line.len());
            line.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if line.ends_with(b"\n") || line.len() > most {
                self.end_line(output);
            }
        }
    }

    fn end_line(&mut self, output: Output) {
        let line = take(self.wasi.output.of(output));
        self.log_output(output.name(), line.strip_suffix(b"\n").unwrap_or(&line));
    }

    /// Logs what was written without an end of line, when the check is over.
    pub(in crate::check) fn end_lines(&mut self) {
        for output in [Output::Stdout, Output::Stderr] {
            if !self.wasi.output.of(output).is_empty() && self.may_log() {
                self.end_line(output);
            }
        }
    }
}

impl ErrorHost for State {}

/// No stream here fails, so no plugin ever holds one.
impl HostError for State {
    fn to_debug_string(&mut self, _: Resource<Error>) -> Result<String> {
        self.meter.host_call()?;
        Ok(String::new())
    }

    fn drop(&mut self, _: Resource<Error>) -> Result<()> {
        self.take_back()
    }
}

impl PollHost for State {
    fn poll(&mut self, polled: Vec<Resource<Pollable>>) -> Result<Vec<u32>> {
        self.meter.host_call()?;
        if polled.is_empty() {
            return Err(self.end("it polls nothing, which never ends"));
        }
        Ok((0..).zip(polled).map(|(index, _)| index).collect())
    }
}

impl HostPollable for State {
    fn ready(&mut self, _: Resource<Pollable>) -> Result<bool> {
        self.meter.host_call()?;
        Ok(true)
    }

    fn block(&mut self, _: Resource<Pollable>) -> Result<()> {
        self.meter.host_call()
    }

    fn drop(&mut self, _: Resource<Pollable>) -> Result<()> {
        self.take_back()
    }
}

impl StreamsHost for State {}

impl HostInputStream for State {
    fn read(&mut self, _: Resource<InputStream>, _: u64) -> Result<Answer<Vec<u8>>> {
        self.meter.host_call()?;
        Ok(Err(StreamError::Closed))
    }

    fn blocking_read(&mut self, input: Resource<InputStream>, len: u64) -> Result<Answer<Vec<u8>>> {
        self.read(input, len)
    }

    fn skip(&mut self, _: Resource<InputStream>, _: u64) -> Result<Answer<u64>> {
        self.meter.host_call()?;
        Ok(Err(StreamError::Closed))
    }

    fn blocking_skip(&mut self, input: Resource<InputStream>, len: u64) -> Result<Answer<u64>> {
        self.skip(input, len)
    }

    fn subscribe(&mut self, _: Resource<InputStream>) -> Result<Resource<Pollable>> {
        self.meter.host_call()?;
        self.hand_out(ANY)
    }

    fn drop(&mut self, _: Resource<InputStream>) -> Result<()> {
        self.take_back()
    }
}

impl HostOutputStream for State {
    fn check_write(&mut self, _: Resource<OutputStream>) -> Result<Answer<u64>> {
        self.meter.host_call()?;
        Ok(Ok(PERMIT))
    }

    fn write(&mut self, to: Resource<OutputStream>, contents: Vec<u8>) -> Result<Answer<()>> {
        self.meter.host_call()?;
        self.write_out(Output::of(&to), &contents);
        Ok(Ok(()))
    }

    fn blocking_write_and_flush(
        &mut self,
        to: Resource<OutputStream>,
        contents: Vec<u8>,
    ) -> Result<Answer<()>> {
        self.write(to, contents)
    }

    /// A line ends where the plugin ends it: runtimes flush in the middle of one.
    fn flush(&mut self, _: Resource<OutputStream>) -> Result<Answer<()>> {
        self.meter.host_call()?;
        Ok(Ok(()))
    }

    fn blocking_flush(&mut self, of: Resource<OutputStream>) -> Result<Answer<()>> {
        self.flush(of)
    }

    fn subscribe(&mut self, _: Resource<OutputStream>) -> Result<Resource<Pollable>> {
        self.meter.host_call()?;
        self.hand_out(ANY)
    }

    fn write_zeroes(&mut self, to: Resource<OutputStream>, len: u64) -> Result<Answer<()>> {
        self.meter.host_call()?;
        let zeroes = [0; PERMIT as usize];
        let count = usize::try_from(len).unwrap_or(usize::MAX);
        let written = zeroes.get(..count).unwrap_or(&zeroes);
        self.write_out(Output::of(&to), written);
        Ok(Ok(()))
    }

    fn blocking_write_zeroes_and_flush(
        &mut self,
        to: Resource<OutputStream>,
        len: u64,
    ) -> Result<Answer<()>> {
        self.write_zeroes(to, len)
    }

    /// There is nothing to move: every input is closed.
    fn splice(
        &mut self,
        _: Resource<OutputStream>,
        _: Resource<InputStream>,
        _: u64,
    ) -> Result<Answer<u64>> {
        self.meter.host_call()?;
        Ok(Err(StreamError::Closed))
    }

    fn blocking_splice(
        &mut self,
        to: Resource<OutputStream>,
        from: Resource<InputStream>,
        len: u64,
    ) -> Result<Answer<u64>> {
        self.splice(to, from, len)
    }

    fn drop(&mut self, _: Resource<OutputStream>) -> Result<()> {
        self.take_back()
    }
}
