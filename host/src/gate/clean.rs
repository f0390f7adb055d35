//! The redactors over one message of the upstream, apart from what is done with it then: they may
//! take their time, and other messages pass meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use wardlet_audit::{PluginRun, Redaction, Shadow};
use wardlet_call::{Document, Json, JsonError, Part, Reason, Spans};
use wardlet_mcp::{Members, Message, encode};

use super::answer::Answer;
use super::permit::Forwarded;
use super::rules::{BoundRedactor, BoundRule, redactors};
use super::{Gate, PolicySet};

/// What of a message may pass, or why nothing of it may. Only the gate makes one, by the redactors.
#[must_use]
pub struct Cleaned {
    pub(super) text: Result<Text, Reason>,
    /// `isError` of a result that was searched.
    pub(super) is_error: Option<bool>,
    pub(super) redactions: Vec<Redaction>,
    pub(super) runs: Vec<PluginRun>,
    /// What shadow rules would have made of it, and the microseconds that this took.
    pub(super) shadow: Option<(Vec<Shadow>, u64)>,
    /// When the message came.
    pub(super) came: Instant,
    /// From there until it was searched.
    pub(super) took: Duration,
}

/// The text of a message: of its parameters, its result or its error.
pub(super) enum Text {
    /// No redactor looks at it.
    AsItCame,
    /// The same, rewritten by the gate.
    Rewritten(String),
    /// There is none, and redactors are bound.
    Nothing,
    /// What the redactors left of it.
    Searched(String),
}

impl Text {
    pub(super) fn is_unsearched(&self) -> bool {
        matches!(self, Text::AsItCame | Text::Rewritten(_))
    }
}

/// Whose message it is, for the redactors.
pub(super) struct Origin {
    pub(super) set: Arc<PolicySet>,
    pub(super) method: String,
    /// The tool's name; empty where it is no answer to a tool call.
    pub(super) name: String,
    pub(super) of: Of,
}

/// What a message belongs to.
pub(super) enum Of {
    /// It answers a call, of a tool or another method.
    Call { of_tool: bool },
    /// No call. Whether its faults count against the upstream: not where it answers what the agent asked
    /// without a decision, the handshake or a list, since without those nobody could go on.
    Nothing { blamed: bool },
}

impl Gate {
    /// Searches the answer to a call with the redactors of the rules that bore on the call. The caller
    /// is to blame for what it makes them do.
    pub fn clean_answer(
        self: &Arc<Self>,
        forwarded: &Forwarded,
        answer: Answer<'_>,
    ) -> impl Future<Output = Cleaned> + use<> {
        let facts = &forwarded.facts;
        let (method, name) = facts.subject();
        let origin = Origin {
            set: Arc::clone(&facts.set),
            method: method.to_owned(),
            name: name.to_owned(),
            of: Of::Call {
                of_tool: facts.tool_call,
            },
        };
        self.search(origin, Some(answer.text()), Text::AsItCame)
    }

    /// Searches a message of the upstream that is no answer to a call, with all redactors of all
    /// rules: whose it is can be told only by tokens that the agent chose, which proves nothing. For
    /// the same reason no caller is to blame for it, but the server.
    pub fn clean(self: &Arc<Self>, message: &Message<'_>) -> impl Future<Output = Cleaned> + use<> {
        let text = match message {
            Message::Response { result, .. } => Some(result.get()),
            Message::Failure { error, .. } => Some(error.get()),
            _ => message.params().map(RawValue::get),
        };
        let method = message.method().unwrap_or_default();
        let answers = matches!(message, Message::Response { .. } | Message::Failure { .. });
        let origin = Origin::beside(self.policy_set(), method, !answers);
        self.search(origin, text, Text::AsItCame)
    }

    /// Searches a result of the upstream that was rewritten by `set`, such as a list of tools.
    pub fn clean_result(
        self: &Arc<Self>,
        set: Arc<PolicySet>,
        result: String,
    ) -> impl Future<Output = Cleaned> + use<> {
        let text = Text::Rewritten(result.clone());
        self.search(Origin::beside(set, "", false), Some(&result), text)
    }

    /// Parses a text, and searches it once the future is polled.
    fn search(
        self: &Arc<Self>,
        origin: Origin,
        text: Option<&str>,
        unsearched: Text,
    ) -> impl Future<Output = Cleaned> + use<> {
        let came = Instant::now();
        let redacts = !self.redactors_of(&origin).is_empty();
        let tries = !self.shadows_of(&origin).is_empty();
        let parsed = text.filter(|_| redacts || tries).map(|text| {
            let root = Json::parse(text)?;
            Ok::<_, JsonError>(Arc::new(Document::parsed(root, text.len())))
        });
        let text = match &parsed {
            _ if !redacts => Ok(unsearched),
            Some(Err(_)) => Err(Reason::UpstreamMalformed),
            Some(Ok(_)) | None => Ok(Text::Nothing),
        };
        let document = parsed.and_then(Result::ok);
        let gate = Arc::clone(self);
        let mut cleaned = Cleaned {
            text,
            is_error: None,
            redactions: Vec::new(),
            runs: Vec::new(),
            shadow: None,
            came,
            took: Duration::ZERO,
        };
        async move {
            let mut replaced = Spans::default();
            if let Some(document) = document.as_ref().filter(|_| redacts) {
                replaced = gate.search_in(&origin, document, &mut cleaned).await;
            }
            cleaned.took = came.elapsed();
            if tries {
                let enforced = (cleaned.text.is_ok(), &replaced);
                cleaned.shadow = Some(gate.try_on_answer(&origin, document, enforced).await);
            }
            cleaned
        }
    }

    /// Searches a document with the enforcing redactors. Gives what they replace.
    async fn search_in(
        &self,
        origin: &Origin,
        document: &Arc<Document>,
        cleaned: &mut Cleaned,
    ) -> Spans {
        cleaned.is_error = match document.root().member("isError") {
            Some(Json::Bool(flag)) => Some(*flag),
            _ => None,
        };
        let redactors = self.redactors_of(origin);
        let principal = self.principal();
        let who = match origin.of {
            Of::Call { .. } => Some(principal.pseudonym()),
            Of::Nothing { blamed } => blamed.then_some(self.upstream.as_str()),
        };
        let asked = ((origin.method.as_str(), origin.name.as_str()), who);
        let finding = match self.find(&redactors, asked, Part::Result, document).await {
            Ok(finding) => finding,
            Err(faulted) => {
                cleaned.runs = faulted.runs;
                cleaned.text = Err(faulted.denial.reason);
                return Spans::default();
            }
        };
        cleaned.redactions = finding.entries();
        cleaned.text = if finding.spans.in_name() {
            Err(Reason::Withheld)
        } else if finding.spans.is_empty() {
            Ok(Text::Searched(document.root().to_text()))
        } else {
            let replaced = self.replace(&finding.spans, document);
            Ok(Text::Searched(replaced.to_text()))
        };
        cleaned.runs = finding.runs;
        finding.spans
    }

    /// The redactors for a message. Where none of the rules redacts that bore on a call, none does.
    fn redactors_of<'a>(&self, origin: &'a Origin) -> Vec<BoundRedactor<'a>> {
        let all = origin.set.rules();
        let rules: Vec<&BoundRule> = match origin.of {
            Of::Nothing { .. } => Vec::new(),
            Of::Call { of_tool: true } => all.for_tool(&self.server, &origin.name),
            Of::Call { of_tool: false } => all.for_method(&self.server, &origin.method),
        };
        // A method that passes without rules of its own is cleaned like all other traffic.
        if rules.is_empty() {
            all.all_redactors()
        } else {
            redactors(&rules, Part::Result)
        }
    }
}

impl Origin {
    /// A message that belongs to no call.
    fn beside(set: Arc<PolicySet>, method: &str, blamed: bool) -> Self {
        Origin {
            set,
            method: method.to_owned(),
            name: String::new(),
            of: Of::Nothing { blamed },
        }
    }
}

/// The line of a message with what may pass of it; none where it cannot be written.
pub(super) fn line(message: &Message<'_>, text: Text) -> Option<Vec<u8>> {
    match text {
        Text::AsItCame => Some(encode::forward(message)),
        Text::Rewritten(text) => with(message, &text),
        Text::Nothing => Some(encode::forward(&bare(message))),
        Text::Searched(text) => with(&bare(message), &text),
    }
}

fn with(message: &Message<'_>, text: &str) -> Option<Vec<u8>> {
    match message {
        Message::Response { .. } => encode::with_result(message, text),
        Message::Failure { .. } => encode::with_error(message, text),
        Message::Request { .. } | Message::Notification { .. } => {
            encode::with_params(message, text)
        }
    }
}

/// A message of the upstream without those members of its envelope that JSON-RPC does not know:
/// redactors are not shown them, so that they do not pass where anything is redacted.
fn bare<'a>(message: &Message<'a>) -> Message<'a> {
    let mut bare = message.clone();
    match &mut bare {
        Message::Request { rest, .. }
        | Message::Notification { rest, .. }
        | Message::Response { rest, .. }
        | Message::Failure { rest, .. } => *rest = Members::default(),
    }
    bare
}
