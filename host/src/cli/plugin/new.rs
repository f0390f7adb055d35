//! `wardlet plugin new`: a plugin's folder, from the template of its language.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use wardlet_author::{CAPABILITIES, Kind, Language, scaffold};

use super::super::say::{self, Failure};
use super::told;

/// Arguments of `wardlet plugin new`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Its name: 1 to 64 characters of `a-z 0-9 -`, also that of its folder
    name: String,
    /// The language it is written in
    #[arg(long, value_parser = PossibleValuesParser::new(Language::ALL.map(Language::name)))]
    lang: String,
    /// Whether it judges calls, or finds what must not pass
    #[arg(long, default_value = "policy", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::name)))]
    kind: String,
    /// The capabilities that it uses, for example `log,clock`; none without it
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(CAPABILITIES), value_name = "CAPABILITIES")]
    with: Vec<String>,
    /// The folder in which its folder is made
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    path: PathBuf,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let language = Language::named(&arguments.lang).map_err(told)?;
    let kind = Kind::named(&arguments.kind).map_err(told)?;
    let folder = scaffold::create(
        &arguments.path,
        &arguments.name,
        language,
        kind,
        &arguments.with,
    )
    .map_err(told)?;
    let folder = folder.strip_prefix(".").unwrap_or(&folder);
    say::out(format!(
        "{} is a {} in {}",
        folder.display(),
        kind.name(),
        language.title()
    ));
    say::out("read its README, then:");
    say::out(format!("  cd {}", folder.display()));
    say::out("  wardlet plugin build --install");
    say::out("  wardlet plugin test");
    Ok(())
}
