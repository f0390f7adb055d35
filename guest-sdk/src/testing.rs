//! A native double of the host, so that a plugin's logic is tested with plain `cargo test`.
//!
//! It reads documents with the code of the real host and applies the contract's rules to what a
//! plugin declares and answers. It has no sandbox: deadlines, memory limits and the component's
//! imports are for the real host's tests.

pub mod cases;
mod declaration;
pub(crate) mod host;
mod outside;

use std::fmt;
use std::sync::Arc;

use wardlet_call::{DeclaredSet, Document, Documents, Json, PatternSets, Projection};

pub use outside::{Outside, Sent};

use crate::log::Level;
use crate::{Decision, Subject, Verdict, findings::Finding};
use crate::{Description, Edit, Part, PatternSet, Phase, Plugin, Policy, Redactor, SettingFault};

/// The most edits of one check (contract, `redactor.find`).
const MAX_EDITS: usize = 10_000;

/// The most obligations of one verdict (contract, `types.verdict`).
const MAX_OBLIGATIONS: usize = 16;

/// One check: the documents, what the plugin may see of them, and the subject. By default a
/// `tools/call` request of the tool `tool` at the server `server`, with empty settings, no other
/// documents, and everything granted.
#[derive(Clone, Debug)]
pub struct Check {
    documents: Documents,
    settings: Arc<Document>,
    sees: Vec<String>,
    subject: Subject,
    now: u64,
    findings: Vec<Finding>,
    outside: Outside,
    bad: Option<String>,
    patterns: Arc<PatternSets>,
}

/// What a check came to.
#[derive(Clone, Debug)]
pub struct Checked<T> {
    /// The plugin's answer, or its fault: the host would deny.
    pub answer: Result<T, Fault>,
    /// What it wrote to the log.
    pub lines: Vec<Line>,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its level.
    pub level: Level,
    /// Its text.
    pub message: String,
    /// Its fields as `(key, value)`.
    pub fields: Vec<(String, String)>,
}

/// A find of a redactor, with the text that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// The RFC 6901 pointer of the leaf; for a name, that of its member.
    pub pointer: String,
    /// Whether it is within the name of a member.
    pub name: bool,
    /// The span's text.
    pub text: String,
    /// The entity.
    pub entity: String,
    /// In percent.
    pub confidence: u8,
}

/// Why the host would refuse the plugin, or deny and blame it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The test's own input cannot be read.
    BadInput(String),
    /// The declaration breaks the contract.
    BadDescription(String),
    /// The pattern sets break the contract.
    BadPatterns(String),
    /// The plugin needs what [`Check::sees`] does not show.
    NotShown(String),
    /// `configure` refused the settings.
    BadSettings(Vec<SettingFault>),
    /// The plugin said that it failed.
    Failed(String),
    /// A reason or an entity that `describe` did not declare.
    Undeclared(String),
    /// An edit out of its leaf, off a character's boundary or of a leaf that is not shown; or more
    /// edits or obligations than the contract allows.
    BadAnswer(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::BadInput(what) => write!(f, "the check's input: {what}"),
            Fault::BadDescription(what) => write!(f, "the declaration: {what}"),
            Fault::BadPatterns(what) => write!(f, "the patterns: {what}"),
            Fault::NotShown(what) => write!(f, "the plugin needs {what}, which is not granted"),
            Fault::BadSettings(faults) => {
                f.write_str("the settings:")?;
                for fault in faults {
                    write!(f, " `{}` {};", fault.pointer, fault.message)?;
                }
                Ok(())
            }
            Fault::Failed(text) => write!(f, "the plugin failed: {text}"),
            Fault::Undeclared(code) => write!(f, "`{code}` is not declared"),
            Fault::BadAnswer(what) => write!(f, "the answer: {what}"),
        }
    }
}

impl std::error::Error for Fault {}

impl Default for Check {
    fn default() -> Self {
        Self::new()
    }
}

impl Check {
    /// A check with the defaults that [`Check`] names.
    #[must_use]
    pub fn new() -> Self {
        Check {
            documents: Documents::default(),
            settings: Arc::new(Document::new(Json::Object(Vec::new()))),
            sees: vec!["/arguments".into(), "/result".into(), "/definition".into()],
            subject: Subject {
                phase: Phase::Request,
                method: "tools/call".to_owned(),
                server: "server".to_owned(),
                name: "tool".to_owned(),
            },
            now: 0,
            findings: Vec::new(),
            outside: Outside::new(),
            bad: None,
            patterns: Arc::default(),
        }
    }

    /// What the agent sends, as JSON.
    #[must_use]
    pub fn arguments(mut self, json: &str) -> Self {
        self.documents.arguments = self.read("arguments", json);
        self
    }

    /// What the upstream answered, as JSON.
    #[must_use]
    pub fn result(mut self, json: &str) -> Self {
        self.documents.result = self.read("result", json);
        self
    }

    /// The tool's definition, as JSON.
    #[must_use]
    pub fn definition(mut self, json: &str) -> Self {
        self.documents.definition = self.read("definition", json);
        self
    }

    /// The plugin's settings, as JSON.
    #[must_use]
    pub fn settings(mut self, json: &str) -> Self {
        if let Some(settings) = self.read("settings", json) {
            self.settings = settings;
        }
        self
    }

    /// What the operator lets the plugin see, as the configuration writes it: `/arguments/path`,
    /// `/result`. Everything by default.
    #[must_use]
    pub fn sees(mut self, grants: &[&str]) -> Self {
        self.sees = grants.iter().map(|grant| (*grant).to_owned()).collect();
        self
    }

    /// What is being judged.
    #[must_use]
    pub fn subject(mut self, phase: Phase, method: &str, server: &str, name: &str) -> Self {
        self.subject = Subject {
            phase,
            method: method.to_owned(),
            server: server.to_owned(),
            name: name.to_owned(),
        };
        self
    }

    /// The name of the tool.
    #[must_use]
    pub fn tool(mut self, name: &str) -> Self {
        name.clone_into(&mut self.subject.name);
        self
    }

    /// When the check began, in milliseconds since 1970.
    #[must_use]
    pub fn now(mut self, milliseconds: u64) -> Self {
        self.now = milliseconds;
        self
    }

    /// What the plugin reaches outside. By default it has kept nothing, and was granted no bucket.
    #[must_use]
    pub fn outside(mut self, outside: &Outside) -> Self {
        self.outside = outside.clone();
        self
    }

    /// Adds what redactors found in the arguments.
    #[must_use]
    pub fn finding(mut self, entity: &str, count: u32) -> Self {
        self.findings.push(Finding {
            entity: entity.to_owned(),
            count,
        });
        self
    }

    /// Loads a plugin: its declaration, its pattern sets, its needs, its settings.
    ///
    /// # Errors
    /// [`Fault`]
    pub fn load<P: Plugin>(&self) -> Result<Description, Fault> {
        self.loaded::<P>().map(|(description, _)| description)
    }

    /// The declaration, and the check with the plugin's pattern sets behind it.
    fn loaded<P: Plugin>(&self) -> Result<(Description, Check), Fault> {
        let mut settings_alone = Check {
            documents: Documents::default(),
            findings: Vec::new(),
            outside: Outside::new(),
            ..self.clone()
        };
        let projection = self.projection()?;
        // Nothing outside is reached by a plugin that is only loaded.
        settings_alone.outside.fail();
        let (description, _) = settings_alone.within(P::describe)?;
        let (again, _) = settings_alone.within(P::describe)?;
        declaration::check(&description, &again, &projection)?;
        let (declared, _) = settings_alone.within(P::patterns)?;
        let patterns = PatternSets::compile(&declared.iter().map(set_of).collect::<Vec<_>>());
        let patterns = patterns.map_err(|error| Fault::BadPatterns(error.to_string()))?;
        settings_alone.patterns = Arc::new(patterns);
        let (configured, _) = settings_alone.within(P::configure)?;
        configured.map_err(Fault::BadSettings)?;
        let with_patterns = Check {
            patterns: settings_alone.patterns,
            ..self.clone()
        };
        Ok((description, with_patterns))
    }

    /// Loads a policy and asks it.
    pub fn evaluate<P: Policy>(&self) -> Checked<Verdict> {
        self.ask::<P, _>(|description| {
            let verdict = P::evaluate(&self.subject).map_err(Fault::Failed)?;
            if let Decision::Deny(code) | Decision::RequireApproval(code) = &verdict.decision
                && !description.reasons.iter().any(|known| known.code == *code)
            {
                return Err(Fault::Undeclared(code.clone()));
            }
            if verdict.obligations.len() > MAX_OBLIGATIONS {
                return Err(Fault::BadAnswer("more than 16 obligations"));
            }
            Ok(verdict)
        })
    }

    /// Loads a redactor and asks it about one part.
    pub fn find<P: Redactor>(&self, part: Part) -> Checked<Vec<Find>> {
        self.ask::<P, _>(|description| {
            let edits = P::find(&self.subject, part).map_err(Fault::Failed)?;
            if edits.len() > MAX_EDITS {
                return Err(Fault::BadAnswer("more than 10,000 edits"));
            }
            edits
                .iter()
                .map(|edit| self.found(part, edit, description))
                .collect()
        })
    }

    fn ask<P: Plugin, T>(
        &self,
        asked: impl FnOnce(&Description) -> Result<T, Fault>,
    ) -> Checked<T> {
        let answered = self
            .loaded::<P>()
            .and_then(|(description, check)| check.within(|| asked(&description)));
        match answered {
            Ok((answer, lines)) => Checked { answer, lines },
            Err(fault) => Checked {
                answer: Err(fault),
                lines: Vec::new(),
            },
        }
    }

    fn found(&self, part: Part, edit: &Edit, description: &Description) -> Result<Find, Fault> {
        let entity = &edit.entity;
        if !description.entities.iter().any(|e| e.code == *entity) {
            return Err(Fault::Undeclared(entity.clone()));
        }
        if !(1..=100).contains(&edit.confidence) {
            return Err(Fault::BadAnswer("a confidence outside of 1 to 100"));
        }
        let projection = self.projection()?;
        let document = host::document_of(&self.documents, &self.settings, part)
            .ok_or(Fault::BadAnswer("an edit of an absent part"))?;
        let leaf = document
            .shown_leaf(edit.leaf, host::part_of(part), &projection)
            .ok_or(Fault::BadAnswer("an edit of a leaf that is not shown"))?;
        let text = leaf
            .text
            .get(edit.start as usize..edit.end as usize)
            .filter(|text| !text.is_empty())
            .ok_or(Fault::BadAnswer("an edit out of its leaf"))?;
        Ok(Find {
            pointer: document
                .leaves()
                .pointer(document.root(), edit.leaf)
                .unwrap_or_default(),
            name: leaf.name,
            text: text.to_owned(),
            entity: entity.clone(),
            confidence: edit.confidence,
        })
    }

    fn projection(&self) -> Result<Projection, Fault> {
        if let Some(bad) = &self.bad {
            return Err(Fault::BadInput(bad.clone()));
        }
        Projection::parse(&self.sees).map_err(|error| Fault::BadInput(error.to_string()))
    }

    /// Runs a plugin's function with this check behind the imports.
    fn within<T>(&self, run: impl FnOnce() -> T) -> Result<(T, Vec<Line>), Fault> {
        Ok(host::within(
            host::Behind {
                documents: self.documents.clone(),
                settings: Arc::clone(&self.settings),
                projection: self.projection()?,
                now: self.now,
                findings: self.findings.clone(),
                lines: Vec::new(),
                written: 0,
                payload: 0,
                drawn: 0,
                patterns: Arc::clone(&self.patterns),
                search: None,
                next: 0,
                outside: self.outside.clone(),
                requests: 0,
                attached: Vec::new(),
            },
            run,
        ))
    }

    fn read(&mut self, what: &str, json: &str) -> Option<Arc<Document>> {
        match Json::parse(json) {
            Ok(root) => Some(Arc::new(Document::new(root))),
            Err(error) => {
                self.bad = Some(format!("{what}: {error}"));
                None
            }
        }
    }
}

fn set_of(set: &PatternSet) -> DeclaredSet {
    let patterns = set.patterns.iter();
    DeclaredSet {
        name: set.name.clone(),
        patterns: patterns
            .map(|pattern| (pattern.id.clone(), pattern.regex.clone()))
            .collect(),
    }
}

#[cfg(test)]
mod tests;
