//! An MCP server over stdio, without an SDK, that echoes arguments and misbehaves where a test asks
//! for it: each way of misbehaving is a tool (see [`listed::TOOLS`]). It reads, answers and writes
//! on one thread, so that a benchmark against it measures what stands in between.
//!
//! Arguments, all optional:
//! - `--record FILE` appends each received line to FILE, byte for byte, before it is answered;
//! - `--secret TEXT` is what the `leak-*` tools give away;
//! - `--leak-envelope` gives it away in a member of every message's envelope;
//! - `--page N` lists N tools a page;
//! - `--tool NAME` has one more tool, which answers with its arguments;
//! - `--list-changed` says that it tells when its list of tools changes;
//! - `--stubborn` goes on living after standard input closed.
#![forbid(unsafe_code)]

mod listed;
mod tools;
mod wire;

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;

use tools::Behaviour;
use wire::{Answers, Incoming, quoted};

/// What the command line asked for.
#[derive(Default)]
struct Options {
    record: Option<File>,
    behaviour: Behaviour,
    leak_envelope: bool,
    stubborn: bool,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options::default();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            match word.as_str() {
                "--record" => options.record = Some(open_record(&value()?)?),
                "--secret" => options.behaviour.secret = value()?,
                "--leak-envelope" => options.leak_envelope = true,
                "--page" => options.behaviour.page = Some(parse_page(&value()?)?),
                "--list-changed" => options.behaviour.list_changed = true,
                "--tool" => options.behaviour.tool = Some(value()?),
                "--stubborn" => options.stubborn = true,
                _ => return Err(format!("unknown argument `{word}`")),
            }
        }
        Ok(options)
    }
}

fn open_record(path: &str) -> Result<File, String> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.map_err(|error| format!("cannot append to `{path}`: {error}"))
}

fn parse_page(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(tools) if tools > 0 => Ok(tools),
        _ => Err(format!("`--page` takes a number above zero, not `{text}`")),
    }
}

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1))
        .and_then(|options| serve(options).map_err(|error| error.to_string()))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers line after line until standard input closes.
fn serve(mut options: Options) -> io::Result<()> {
    let mut input = io::stdin().lock();
    let beside = match options.leak_envelope {
        true => format!(r#","x-note":{}"#, quoted(&options.behaviour.said())),
        false => String::new(),
    };
    let answers = Answers::new(io::stdout().lock(), beside);
    let mut server = tools::Server::new(options.behaviour, answers);
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if let Some(record) = &mut options.record {
            record.write_all(&line)?;
        }
        match serde_json::from_slice::<Incoming>(&line) {
            Ok(message) => server.take(&message)?,
            Err(_) => server.refuse_line()?,
        }
    }
    if options.stubborn {
        loop {
            std::thread::park();
        }
    }
    Ok(())
}
