//! `wasi:cli`: a program without environment, arguments, folder and terminal, whose exit ends the
//! check.

use wasmtime::Result;
use wasmtime::component::Resource;

use super::bindings::cli::terminal_input::TerminalInput;
use super::bindings::cli::terminal_input::{Host as TerminalInputHost, HostTerminalInput};
use super::bindings::cli::terminal_output::TerminalOutput;
use super::bindings::cli::terminal_output::{Host as TerminalOutputHost, HostTerminalOutput};
use super::bindings::cli::{environment, exit, stderr, stdin, stdout};
use super::bindings::cli::{terminal_stderr, terminal_stdin, terminal_stdout};
use super::bindings::io::streams::{InputStream, OutputStream};
use super::streams::{ANY, Output};
use crate::check::State;

impl environment::Host for State {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        self.meter.host_call()?;
        Ok(Vec::new())
    }

    fn get_arguments(&mut self) -> Result<Vec<String>> {
        self.meter.host_call()?;
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> Result<Option<String>> {
        self.meter.host_call()?;
        Ok(None)
    }
}

impl exit::Host for State {
    fn exit(&mut self, status: std::result::Result<(), ()>) -> Result<()> {
        self.exit_with_code(u8::from(status.is_err()))
    }

    /// A plugin that leaves has not judged, whatever it says of itself.
    fn exit_with_code(&mut self, code: u8) -> Result<()> {
        self.meter.host_call()?;
        Err(self.end(&format!("it exited with {code}")))
    }
}

impl stdin::Host for State {
    fn get_stdin(&mut self) -> Result<Resource<InputStream>> {
        self.meter.host_call()?;
        self.hand_out(ANY)
    }
}

impl stdout::Host for State {
    fn get_stdout(&mut self) -> Result<Resource<OutputStream>> {
        self.meter.host_call()?;
        self.hand_out(Output::Stdout as u32)
    }
}

impl stderr::Host for State {
    fn get_stderr(&mut self) -> Result<Resource<OutputStream>> {
        self.meter.host_call()?;
        self.hand_out(Output::Stderr as u32)
    }
}

impl TerminalInputHost for State {}

impl HostTerminalInput for State {
    fn drop(&mut self, _: Resource<TerminalInput>) -> Result<()> {
        self.take_back()
    }
}

impl TerminalOutputHost for State {}

impl HostTerminalOutput for State {
    fn drop(&mut self, _: Resource<TerminalOutput>) -> Result<()> {
        self.take_back()
    }
}

impl terminal_stdin::Host for State {
    fn get_terminal_stdin(&mut self) -> Result<Option<Resource<TerminalInput>>> {
        self.meter.host_call()?;
        Ok(None)
    }
}

impl terminal_stdout::Host for State {
    fn get_terminal_stdout(&mut self) -> Result<Option<Resource<TerminalOutput>>> {
        self.meter.host_call()?;
        Ok(None)
    }
}

impl terminal_stderr::Host for State {
    fn get_terminal_stderr(&mut self) -> Result<Option<Resource<TerminalOutput>>> {
        self.meter.host_call()?;
        Ok(None)
    }
}
