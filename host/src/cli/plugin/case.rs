//! `wardlet plugin case`: from a check that a gateway recorded to a case of a file.

use std::fs;
use std::path::{Path, PathBuf};

use wardlet_call::Json;
use wardlet_call::cases::{append, case_json, file_of, read};

use crate::cli::say::{self, Failure, UNREADABLE, WRONG};
use crate::record::{MAX_RECORDED_BYTES, VERSION};

/// Arguments of `wardlet plugin case`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A file of the folder that `record` names
    #[arg(value_name = "RECORDED")]
    recorded: PathBuf,
    /// The case file, to whose end the case is added; made where there is none. Without it, the case goes to
    /// standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the case shows
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let mut case = recorded(&arguments.recorded)?;
    if let (Some(name), Json::Object(members)) = (&arguments.name, &mut case) {
        let own = members.iter_mut().find(|(member, _)| member == "name");
        own.into_iter()
            .for_each(|(_, value)| *value = Json::text(name));
    }
    let Some(output) = &arguments.output else {
        check(&file_of(std::slice::from_ref(&case)), &arguments.recorded)?;
        say::out(file_of(&[case]).trim_end());
        return Ok(());
    };
    let shown = output.display();
    let text = match fs::read_to_string(output) {
        Ok(text) => {
            // What was wrong before is not laid to the new case.
            check(&text, output)?;
            let text = append(&text, &case).ok_or_else(|| not_a_file(output))?;
            check(&text, output)?;
            same(&text, &case, output)?;
            text
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => file_of(&[case]),
        Err(error) => {
            return Err(Failure::new(
                UNREADABLE,
                format!("cannot read `{shown}`: {error}"),
            ));
        }
    };
    check(&text, output)?;
    fs::write(output, text).map_err(|error| {
        Failure::new(UNREADABLE, format!("cannot write `{shown}`: {error}"))
            .hint(Some("make its folder first"))
    })?;
    say::out(format!("`{shown}` has the case"));
    Ok(())
}

/// The case of a record.
fn recorded(path: &Path) -> Result<Json, Failure> {
    let shown = path.display();
    let unreadable =
        |error: std::io::Error| Failure::new(UNREADABLE, format!("cannot read `{shown}`: {error}"));
    let no_record = || {
        Failure::new(WRONG, format!("`{shown}` is no record")).hint(Some(
            "name a file of the folder that `record` in `[gateway]` names",
        ))
    };
    let found = fs::metadata(path).map_err(unreadable)?;
    if !found.is_file() || found.len() > MAX_RECORDED_BYTES {
        return Err(no_record());
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let record = Json::parse(&text).map_err(|_| no_record())?;
    if record.member("wardlet_record") != Some(&Json::number(VERSION)) {
        return Err(no_record());
    }
    record.member("case").cloned().ok_or_else(no_record)
}

/// Refuses a file that says something for all of its cases which the record does not say for itself.
fn same(text: &str, case: &Json, path: &Path) -> Result<(), Failure> {
    let last = |text: &str| read(text).ok().and_then(|mut cases| cases.pop());
    let (added, alone) = (last(text), last(&file_of(std::slice::from_ref(case))));
    if added.as_ref().map(case_json) == alone.as_ref().map(case_json) {
        return Ok(());
    }
    let error = format!(
        "what `{}` says for all of its cases changes the recorded one",
        path.display()
    );
    Err(Failure::new(WRONG, error).hint(Some("write it to another file")))
}

fn check(text: &str, path: &Path) -> Result<(), Failure> {
    match read(text) {
        Ok(_) => Ok(()),
        Err(errors) => Err(match errors.into_iter().next() {
            Some(error) => Failure::new(WRONG, format!("`{}`: {error}", path.display())).hint(
                error
                    .hint
                    .or_else(|| Some("give the case a name with `--name`".to_owned())),
            ),
            None => not_a_file(path),
        }),
    }
}

fn not_a_file(path: &Path) -> Failure {
    Failure::new(WRONG, format!("`{}` is no case file", path.display()))
}
