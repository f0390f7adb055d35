//! What the command line gives to judge.

use std::fs;
use std::io::Read as _;
use std::sync::Arc;

use wardlet_call::cases::SEES_ALL;
use wardlet_call::{Document, Documents, Json, Part, Phase, PluginName, Projection, Subject};
use wardlet_sandbox::{CAPABILITIES, Capability};

use super::{Arguments, name_of};
use crate::cli::say::{Failure, UNREADABLE, WRONG};
use crate::cli::setup;
use crate::config::{self, Config};

/// Bytes of a document: the longest line that a gateway takes.
const MAX_DOCUMENT: u64 = 16 << 20;

/// What is judged, and what the plugin may.
pub(super) struct Given {
    pub(super) name: PluginName,
    pub(super) plugin: config::Plugin,
    /// Whether nobody named its grants, so that it has what it imports.
    pub(super) grants_imports: bool,
    pub(super) documents: Documents,
    pub(super) subject: Subject,
}

impl Given {
    pub(super) fn part(&self) -> Part {
        match self.subject.phase {
            Phase::Request => Part::Arguments,
            Phase::Response => Part::Result,
        }
    }
}

pub(super) fn read(arguments: &Arguments) -> Result<Given, Failure> {
    let (name, mut plugin) = match configured(arguments)? {
        Some(configured) => configured,
        None => (name_of(&arguments.component)?, bare()),
    };
    let grants_imports = arguments.grants.is_empty() && arguments.config.is_none();
    if !arguments.grants.is_empty() {
        for grant in &arguments.grants {
            if Capability::from_name(grant).is_none() {
                return Err(
                    Failure::new(WRONG, format!("unknown capability `{grant}`")).hint(Some(
                        format!("the capabilities are {}", CAPABILITIES.join(", ")),
                    )),
                );
            }
        }
        plugin.grants.clone_from(&arguments.grants);
    }
    if !arguments.sees.is_empty() {
        plugin.sees = Projection::parse(&arguments.sees)
            .map_err(|error| Failure::new(WRONG, &error).hint(Some(error.hint())))?;
    }
    if let Some(settings) = &arguments.settings {
        plugin.settings = json("settings", settings)?;
        if !matches!(plugin.settings, Json::Object(_)) {
            return Err(Failure::new(WRONG, "`--settings` is no object"));
        }
    }
    if !arguments.limits.is_empty() {
        plugin.limits = limits(&arguments.limits)?;
    }
    let document = |what: &str, given: &Option<String>| {
        let Some(given) = given else { return Ok(None) };
        let root = json(what, given)?;
        let size = root.to_text().len();
        Ok(Some(Arc::new(Document::parsed(root, size))))
    };
    let documents = Documents {
        arguments: document("arguments", &arguments.arguments)?,
        result: document("result", &arguments.result)?,
        definition: document("definition", &arguments.definition)?,
    };
    Ok(Given {
        subject: subject(&arguments.subject, documents.result.is_some())?,
        name,
        plugin,
        grants_imports,
        documents,
    })
}

/// A plugin that was granted nothing but the sight of the call.
fn bare() -> config::Plugin {
    config::Plugin {
        component: std::path::PathBuf::new(),
        digest: None,
        grants: Vec::new(),
        sees: Projection::parse(&SEES_ALL).unwrap_or_default(),
        settings: Json::Object(Vec::new()),
        limits: wardlet_sandbox::Limits::default(),
        quota: wardlet_reach::DEFAULT_QUOTA,
        buckets: std::collections::BTreeMap::new(),
        http: None,
        folders: std::collections::BTreeMap::new(),
        secrets: std::collections::BTreeMap::new(),
    }
}

/// The plugin as a configuration has it.
fn configured(arguments: &Arguments) -> Result<Option<(PluginName, config::Plugin)>, Failure> {
    let Some(path) = &arguments.config else {
        return Ok(None);
    };
    let config: Config = setup::load(path, arguments.json)?;
    let named = arguments.plugin.as_deref();
    let names: Vec<&str> = config.plugins.keys().map(PluginName::as_str).collect();
    let one = config.plugins.iter().find(|(name, _)| match named {
        Some(named) => name.as_str() == named,
        None => config.plugins.len() == 1,
    });
    match one {
        Some((name, plugin)) => Ok(Some((name.clone(), plugin.clone()))),
        None => {
            let error = match named {
                Some(named) => format!("the configuration has no plugin `{named}`"),
                None => "the configuration has not one plugin alone".to_owned(),
            };
            let hint = format!("name one with `--plugin`: {}", names.join(", "));
            Err(Failure::new(WRONG, error).hint(Some(hint)))
        }
    }
}

/// Reads JSON from the command line, a file or standard input.
fn json(what: &str, given: &str) -> Result<Json, Failure> {
    let text = match given.strip_prefix('@') {
        Some(path) => {
            let file = fs::File::open(path);
            bounded(file.map_err(|error| unreadable(path, &error))?, path)?
        }
        None if given == "-" => bounded(std::io::stdin().lock(), "standard input")?,
        None => given.to_owned(),
    };
    Json::parse(&text).map_err(|error| {
        Failure::new(WRONG, format!("`--{what}`: {error}"))
            .hint(Some("give JSON, `@FILE`, or `-` for standard input"))
    })
}

fn bounded(from: impl std::io::Read, path: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = from.take(MAX_DOCUMENT + 1).read_to_string(&mut text);
    read.map_err(|error| unreadable(path, &error))?;
    if text.len() as u64 > MAX_DOCUMENT {
        return Err(Failure::new(WRONG, format!("`{path}` is over 16 MiB")));
    }
    Ok(text)
}

fn unreadable(path: &str, error: &std::io::Error) -> Failure {
    Failure::new(UNREADABLE, format!("cannot read `{path}`: {error}"))
}

fn pair<'a>(what: &str, text: &'a str) -> Result<(&'a str, &'a str), Failure> {
    text.split_once('=').ok_or_else(|| {
        Failure::new(WRONG, format!("`{text}` in `--{what}` has no `=`"))
            .hint(Some("write `KEY=VALUE`, several with commas between them"))
    })
}

fn subject(given: &[String], has_result: bool) -> Result<Subject, Failure> {
    let mut subject = Subject {
        phase: if has_result {
            Phase::Response
        } else {
            Phase::Request
        },
        method: "tools/call".to_owned(),
        server: "server".to_owned(),
        name: "tool".to_owned(),
    };
    for text in given {
        let (key, value) = pair("subject", text)?;
        match (key, value) {
            ("name", name) => name.clone_into(&mut subject.name),
            ("server", server) => server.clone_into(&mut subject.server),
            ("method", method) => method.clone_into(&mut subject.method),
            ("phase", "request") => subject.phase = Phase::Request,
            ("phase", "response") => subject.phase = Phase::Response,
            ("phase", other) => {
                return Err(Failure::new(WRONG, format!("`{other}` is no phase"))
                    .hint(Some("a phase is `request` or `response`")));
            }
            (other, _) => {
                return Err(Failure::new(WRONG, format!("a subject has no `{other}`"))
                    .hint(Some("it has `name`, `server`, `method` and `phase`")));
            }
        }
    }
    Ok(subject)
}

fn limits(given: &[String]) -> Result<wardlet_sandbox::Limits, Failure> {
    let mut named: Vec<(String, Json)> = Vec::new();
    for text in given {
        let (key, value) = pair("limits", text)?;
        let value = match value.parse::<u64>() {
            Ok(number) => Json::number(number),
            Err(_) => Json::text(value),
        };
        if named.iter().any(|(known, _)| known == key) {
            return Err(Failure::new(
                WRONG,
                format!("`{key}` stands twice in `--limits`"),
            ));
        }
        named.push((key.to_owned(), value));
    }
    config::limits_of(&named).map_err(|error| Failure::new(WRONG, error.message).hint(error.hint))
}
