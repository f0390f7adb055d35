//! One case against a component in the real sandbox: for `wardlet plugin test`, for `wardlet plugin run`
//! and for the tests of the plugins that ship.
//!
//! What a case does not name does not happen: host calls are answered from the case, the time is the
//! case's, and nothing outside is touched.

mod even;
mod outcome;
mod stand_in;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wardlet_call::cases::{Case, CaseError, Outcome, SEES_ALL};
use wardlet_call::{Caller, Edit, Json, PluginName, Projection, Reach, Tape, Verdict};
use wardlet_keys::digest::{pin, sha256};
use wardlet_sandbox::{
    Capability, Check, Fault, Grant, Inspected, Limits, LoadError, MAX_COMPONENT_BYTES, Plugin,
    Sandbox, Sentence, Usage, inspect,
};

use crate::config::{self, LimitsError};

use even::Even;
pub use outcome::{edits, outcome, verdict};
pub use stand_in::PublicMac;

/// A component on which cases are tried.
#[derive(Debug)]
pub struct Trials {
    sandbox: Arc<Sandbox>,
    name: PluginName,
    bytes: Vec<u8>,
    inspected: Inspected,
    /// Loaded once for each set of settings, grants and limits.
    loaded: Mutex<HashMap<String, Arc<Loaded>>>,
    /// Held while it is loaded, since two that begin at one time would both compile it.
    loading: Mutex<()>,
}

type Loaded = OnceLock<Result<Plugin, LoadError>>;

/// A case that was tried.
#[derive(Debug)]
pub struct Tried {
    /// What came out.
    pub outcome: Outcome,
    /// What the check used; nothing where the plugin was not even loaded.
    pub usage: Usage,
}

/// Why no case can be tried.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no component that this host could run.
    #[error("`{}`: {source}", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        source: LoadError,
    },
}

impl ComponentError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self, name: &PluginName) -> Option<String> {
        match self {
            ComponentError::Unreadable { .. } => {
                Some("build the plugin first, with `wardlet plugin build`".to_owned())
            }
            ComponentError::Refused { source, .. } => source.hint(name),
        }
    }
}

impl Trials {
    /// Reads a component. None of it runs yet.
    ///
    /// # Errors
    /// [`ComponentError`]
    pub fn read(
        sandbox: Arc<Sandbox>,
        name: PluginName,
        path: &Path,
    ) -> Result<Self, ComponentError> {
        let unreadable = |source| ComponentError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let length = fs::metadata(path).map_err(unreadable)?.len();
        let refused = |source| ComponentError::Refused {
            path: path.to_owned(),
            source,
        };
        if length > MAX_COMPONENT_BYTES as u64 {
            return Err(refused(LoadError::TooLarge));
        }
        let bytes = fs::read(path).map_err(unreadable)?;
        let inspected = inspect(&bytes).map_err(refused)?;
        Ok(Trials {
            sandbox,
            name,
            bytes,
            inspected,
            loaded: Mutex::default(),
            loading: Mutex::default(),
        })
    }

    /// What the component wants and offers.
    #[must_use]
    pub fn inspected(&self) -> &Inspected {
        &self.inspected
    }

    /// `sha256:` and the digest of the component.
    #[must_use]
    pub fn digest(&self) -> String {
        pin(&sha256(&self.bytes))
    }

    /// Loads the component with a grant.
    ///
    /// # Errors
    /// [`LoadError`]
    pub fn load(&self, grant: Grant) -> Result<Plugin, LoadError> {
        self.sandbox.load(&self.name, &self.bytes, grant)
    }

    /// Tries a case. Can be called from several threads at one time.
    ///
    /// # Errors
    /// [`CaseError`] where the case names a capability or a limit that there is not.
    pub fn run(&self, case: &Case) -> Result<Tried, CaseError> {
        let capabilities = self.capabilities(case)?;
        let limits = limits(case)?;
        let loaded = self.slot(case);
        let plugin = loaded.get_or_init(|| {
            let _one = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
            let tape = Tape::replaying(Vec::new(), 0, Box::new(PublicMac));
            let sees = match &case.sees {
                Some(sees) => Projection::parse(sees),
                None => Projection::parse(&SEES_ALL),
            };
            self.load(Grant {
                capabilities,
                // What stands in a case was looked at when it was read.
                projection: sees.unwrap_or_default(),
                settings: Some(case.settings.clone()),
                limits,
                reach: with_even_entropy(tape.reach(&Reach::default())),
            })
        });
        Ok(match plugin {
            Ok(plugin) => try_on(plugin, case),
            Err(error) => Tried {
                outcome: outcome::refused(error, &self.name),
                usage: Usage::default(),
            },
        })
    }

    fn capabilities(&self, case: &Case) -> Result<Vec<Capability>, CaseError> {
        let Some(grants) = &case.grants else {
            return Ok(self.inspected.capabilities.clone());
        };
        let known = |name: &String| {
            Capability::from_name(name).ok_or_else(|| CaseError {
                line: case.line,
                case: Some(case.name.clone()),
                message: format!("unknown capability `{name}`"),
                hint: Some(format!(
                    "the capabilities are {}",
                    wardlet_sandbox::CAPABILITIES.join(", ")
                )),
            })
        };
        grants.iter().map(known).collect()
    }

    /// The place of the plugin as this case loads it.
    fn slot(&self, case: &Case) -> Arc<Loaded> {
        let texts = |texts: &Option<Vec<String>>| {
            let texts = texts.as_ref()?.iter().map(|text| Json::text(text));
            Some(Json::Array(texts.collect()))
        };
        let key = Json::Array(vec![
            case.settings.clone(),
            texts(&case.sees).unwrap_or_default(),
            texts(&case.grants).unwrap_or_default(),
            Json::Object(case.limits.clone()),
        ]);
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(loaded.entry(key.to_text()).or_default())
    }
}

fn limits(case: &Case) -> Result<Limits, CaseError> {
    config::limits_of(&case.limits).map_err(|LimitsError { message, hint }| CaseError {
        line: case.line,
        case: Some(case.name.clone()),
        message,
        hint,
    })
}

/// Runtimes of some languages draw randomness before they begin, which no case should have to name.
fn with_even_entropy(reach: Reach) -> Reach {
    Reach {
        entropy: Some(Arc::new(Even::default())),
        ..reach
    }
}

fn try_on(plugin: &Plugin, case: &Case) -> Tried {
    let calls = case.host_calls.clone();
    let draws = calls.iter().any(|call| call.call == "random.bytes");
    let tape = Tape::replaying(calls, case.http_requests, Box::new(PublicMac));
    let mut reach = tape.reach(&Reach::default());
    if !draws {
        reach = with_even_entropy(reach);
    }
    let subject = &case.subject;
    let check = Check {
        documents: case.documents(),
        findings: case.findings.clone().into(),
        caller: Some(Arc::new(Caller {
            server: subject.server.clone(),
            tool: subject.name.clone(),
            ..Caller::default()
        })),
        now_ms: case.now_ms,
        patience: None,
        reach: Some(Arc::new(reach)),
    };
    let finds = matches!(case.expect.answer, wardlet_call::cases::Answer::Edits(_));
    if finds && plugin.is_redactor() || !plugin.is_policy() {
        let part = case.part();
        let (found, usage) = plugin.find(subject, part, &check);
        let (answer, fault) = edits(plugin, part, &check.documents, found);
        let outcome = outcome((answer, Vec::new()), fault, &usage, &tape);
        return Tried { outcome, usage };
    }
    let (judged, usage) = plugin.evaluate(subject, &check);
    let fault = judged.as_ref().err().copied();
    let outcome = outcome(verdict(&judged), fault, &usage, &tape);
    Tried { outcome, usage }
}

/// What a policy gives.
pub type Judged = Result<(Verdict, Sentence), Fault>;

/// What a redactor gives.
pub type Searched = Result<Vec<Edit>, Fault>;
