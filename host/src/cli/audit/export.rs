//! `wardlet audit export`: all calls that are wanted, for other systems.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use wardlet_query::sheet::Sheet;
use wardlet_query::{Call, Filter, Index, IndexError, Order, ocsf};

use super::query::{Wanted, ask, failed};
use crate::cli::Where;
use crate::cli::say::{Failure, REFUSED, UNREADABLE};

/// Calls that are held in memory at a time: a megabyte or so.
const PAGE: u32 = 1_000;

/// Arguments of `wardlet audit export`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    wanted: Wanted,
    /// The form of each call
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    format: Format,
    /// So many calls at most, the earliest ones
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
    /// Write to this new file instead of standard output, for its owner alone
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// JSON lines, with the names of the log
    Jsonl,
    /// Comma-separated values (RFC 4180), in which no cell is a formula
    Csv,
    /// JSON lines of OCSF, class API Activity
    Ocsf,
}

/// Why an export ended.
enum Stopped {
    /// It cannot be written.
    Write(io::Error),
    /// It cannot be read.
    Read(IndexError),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Stopped::Write(error)
    }
}

impl From<IndexError> for Stopped {
    fn from(error: IndexError) -> Self {
        Stopped::Read(error)
    }
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let filter = arguments.wanted.filter()?;
    let state = arguments.place.folder()?;
    let limit = arguments.limit.unwrap_or(u64::MAX);
    let (format, output) = (arguments.format, arguments.output.as_deref());
    let done = ask(&state, |index| {
        let mut calls = Calls::new(index, &filter, limit);
        let done = match output {
            Some(path) => to_file(&mut calls, format, path),
            None => to_output(&mut calls, format),
        };
        match done {
            // Nobody has seen anything of it yet, so that it can be asked again.
            Err(Stopped::Read(error)) if output.is_some() || !calls.begun => Err(error),
            done => Ok(done),
        }
    })?;
    let place = output.unwrap_or(Path::new("standard output"));
    match done {
        Ok(()) => Ok(()),
        // A reader that has gone away, such as `head`, is no failure.
        Err(Stopped::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Stopped::Write(error)) => Err(unwritten(place, &error)),
        Err(Stopped::Read(error)) => Err(failed(error)),
    }
}

/// Past the buffer of the library, which would hold on to what nobody reads any more.
fn to_output(calls: &mut Calls<'_>, format: Format) -> Result<(), Stopped> {
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    export(calls, format, BufWriter::new(output))
}

fn to_file(calls: &mut Calls<'_>, format: Format, path: &Path) -> Result<(), Stopped> {
    let file = create(path)?;
    let done = export(calls, format, BufWriter::new(&file));
    let done = done.and_then(|()| Ok(file.sync_all()?));
    if done.is_err() {
        // Half of an export is none, and would be in the way of the next.
        let _ = std::fs::remove_file(path);
    }
    done
}

/// Makes the file, which must not be there.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

pub(super) fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let exists = error.kind() == io::ErrorKind::AlreadyExists;
    let code = if exists { REFUSED } else { UNREADABLE };
    let hint = exists.then_some("name a new file; nothing is overwritten");
    Failure::new(code, format!("cannot write `{}`: {error}", path.display())).hint(hint)
}

fn export(calls: &mut Calls<'_>, format: Format, mut to: impl Write) -> Result<(), Stopped> {
    match format {
        Format::Csv => {
            let mut sheet = Sheet::new(&mut to)?;
            calls.each(|call| sheet.write(call))?;
            sheet.finish()?;
        }
        Format::Jsonl => calls.each(|call| {
            serde_json::to_writer(&mut to, call)?;
            to.write_all(b"\n")
        })?,
        Format::Ocsf => calls.each(|call| writeln!(to, "{}", ocsf::event(call)))?,
    }
    Ok(to.flush()?)
}

/// The calls that are wanted, the earliest first.
struct Calls<'a> {
    index: &'a Index,
    filter: &'a Filter,
    left: u64,
    /// Whether one was given out.
    begun: bool,
}

impl<'a> Calls<'a> {
    fn new(index: &'a Index, filter: &'a Filter, limit: u64) -> Self {
        Calls {
            index,
            filter,
            left: limit,
            begun: false,
        }
    }

    /// Goes through them a page at a time.
    fn each(&mut self, mut write: impl FnMut(&Call) -> io::Result<()>) -> Result<(), Stopped> {
        let mut after = None;
        while self.left > 0 {
            let most = u32::try_from(self.left).unwrap_or(PAGE).min(PAGE);
            let page = self
                .index
                .find(self.filter, Order::OldestFirst, after, most)?;
            for call in &page.calls {
                self.begun = true;
                write(call)?;
            }
            self.left = self.left.saturating_sub(page.calls.len() as u64);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }
}
