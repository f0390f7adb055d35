//! Screening: redactors over the arguments, then every bound policy, then one decision.

use std::sync::Arc;
use std::time::Instant;

use wardlet_audit::Effect;
use wardlet_call::{Decision, Denial, Document, Json, Part, Reason, RuleOutcome, Spans, decide};
use wardlet_mcp::Id;

use super::facts::{Facts, micros};
use super::find::Finding;
use super::hold::Held;
use super::rules::{BoundRule, redactors};
use super::{Call, Gate, Rules};
use crate::config::MethodRule;

/// How a call came out of the screening.
#[must_use]
pub enum Screened {
    /// Nothing stands against it.
    Cleared(Cleared),
    /// A human must agree.
    Held(Held),
    /// It is refused.
    Refused(Refused),
}

/// A call that may go on, once its decision is written.
#[must_use]
pub struct Cleared {
    pub(super) facts: Box<Facts>,
    /// The arguments as they were judged; none where the call has none.
    pub(super) arguments: Option<String>,
    pub(super) durable: bool,
}

impl Cleared {
    /// The id under which the agent waits.
    #[must_use]
    pub fn request(&self) -> &Id {
        &self.facts.id
    }

    /// The tool's name and the digest of its definition, as they were judged; none where the call
    /// names no tool.
    pub(crate) fn tool(&self) -> Option<(&str, Option<&str>)> {
        let definition = self.facts.target.definition.as_deref();
        (self.facts.tool_call).then_some((self.facts.name.as_str(), definition))
    }

    /// Refuses it after all, for a reason that the session knows.
    pub(crate) fn refuse(self, reason: Reason) -> Refused {
        Refused::new(self.facts, Denial::new(reason))
    }

    /// Whether its decision has to be on disk before it leaves, which takes milliseconds.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.durable
    }
}

/// A call that is refused, before its entry is written.
#[must_use]
pub struct Refused {
    pub(super) facts: Box<Facts>,
    pub(super) denial: Denial,
    pub(super) effect: Effect,
}

impl Refused {
    pub(super) fn new(facts: Box<Facts>, denial: Denial) -> Self {
        let effect = match denial.reason {
            Reason::ApprovalExpired => Effect::Expired,
            Reason::Malformed => Effect::Malformed,
            _ => Effect::Deny,
        };
        Refused {
            facts,
            denial,
            effect,
        }
    }

    /// Why.
    #[must_use]
    pub fn denial(&self) -> &Denial {
        &self.denial
    }
}

/// The arguments on their way through the screening.
pub(super) struct Judged {
    pub(super) document: Arc<Document>,
    text: String,
    canonical: String,
    /// What was found in them as they came.
    pub(super) spans: Spans,
}

/// What the rules concluded of a call.
pub(super) struct Concluded<'a> {
    pub(super) decision: Decision,
    pub(super) judged: Judged,
    /// What the policies of each rule said; none where the method passes without being judged.
    pub(super) outcomes: Option<Vec<RuleOutcome>>,
    rules: Vec<&'a BoundRule>,
}

impl Screened {
    /// Refuses it after all, for a reason that the session knows; a refusal stays what it is.
    pub(crate) fn refuse(self, reason: Reason) -> Refused {
        match self {
            Screened::Cleared(cleared) => cleared.refuse(reason),
            Screened::Held(held) => held.refuse(reason),
            Screened::Refused(refused) => refused,
        }
    }
}

impl Gate {
    /// Judges a call: the whole of what stands between an agent's words and a decision.
    /// Ends at once where every check of it runs inline.
    pub async fn screen(&self, call: Call) -> Screened {
        let set = self.policy_set();
        let mut facts = self.facts(&call, Arc::clone(&set));
        let concluded = self.conclude(&call, set.rules(), &mut facts).await;
        self.try_on_call(&call, set.rules(), concluded.as_ref(), &mut facts)
            .await;
        match concluded {
            Err(denial) => Screened::Refused(Refused::new(facts, denial)),
            Ok(concluded) => self.dispatch(&call, facts, concluded),
        }
    }

    /// Refuses a call without looking at it, for a reason that the session knows.
    pub fn refuse(&self, call: &Call, reason: Reason) -> Refused {
        Refused::new(self.facts(call, self.policy_set()), Denial::new(reason))
    }

    async fn conclude<'a>(
        &self,
        call: &Call,
        all: &'a Rules,
        facts: &mut Facts,
    ) -> Result<Concluded<'a>, Denial> {
        let rules = self.matching(call, all)?;
        facts.rules = rules.iter().map(|rule| rule.name.clone()).collect();
        self.refuse_quarantined(&rules, facts)?;
        let judged = self.find_in_arguments(call, &rules, facts).await?;
        self.find_beside(call, &rules, facts).await?;
        self.commit_arguments(facts, &judged.canonical, judged.text.len());
        if all.method(&call.method) == Some(MethodRule::Pass) && !call.is_tool_call() {
            return Ok(Concluded {
                decision: Decision::Allow { durable: false },
                judged,
                outcomes: None,
                rules,
            });
        }
        let begun = Instant::now();
        let outcomes = self.ask_policies(call, &rules, &judged, facts).await;
        facts.timings.screen_us = Some(micros(begun.elapsed()));
        Ok(Concluded {
            decision: decide(&outcomes),
            judged,
            outcomes: Some(outcomes),
            rules,
        })
    }

    fn dispatch(&self, call: &Call, facts: Box<Facts>, concluded: Concluded<'_>) -> Screened {
        let Concluded {
            decision,
            judged,
            rules,
            ..
        } = concluded;
        let arguments = call.arguments.is_some().then_some(judged.text);
        let wants_disk = rules.iter().any(|rule| rule.durable);
        match decision {
            Decision::Deny(denial) => Screened::Refused(Refused::new(facts, denial)),
            Decision::Allow { durable } => {
                let durable = durable || wants_disk;
                Screened::Cleared(Cleared {
                    facts,
                    arguments,
                    durable,
                })
            }
            Decision::RequireApproval { asked } => {
                // Several rules may ask; the call waits as long as the most impatient one allows.
                let limits = rules.iter().filter_map(|rule| rule.approval);
                let expires = limits.min().unwrap_or(crate::config::DEFAULT_APPROVAL);
                let beside = call.beside.as_ref().map(Json::canonical_or_literal);
                let texts = (arguments, judged.canonical, beside);
                self.hold(facts, texts, asked, expires)
            }
        }
    }

    /// The rules that bear on a call, or why there is nothing to judge.
    fn matching<'a>(&self, call: &Call, all: &'a Rules) -> Result<Vec<&'a BoundRule>, Denial> {
        match (&call.tool, &call.listed) {
            (Some(tool), Some(_)) => Ok(all.for_tool(&self.server, tool)),
            (Some(_), None) => Err(Denial::new(Reason::UnknownTool)),
            (None, _) if all.names_method(&call.method) => {
                Ok(all.for_method(&self.server, &call.method))
            }
            (None, _) => Err(Denial::new(Reason::UnnamedMethod)),
        }
    }

    /// Redactors over the arguments. What they find denies, or is masked where every rule that
    /// found something says so; policies then judge, and the upstream gets, what is left.
    async fn find_in_arguments(
        &self,
        call: &Call,
        rules: &[&BoundRule],
        facts: &mut Facts,
    ) -> Result<Judged, Denial> {
        let root = call
            .arguments
            .clone()
            .unwrap_or_else(|| Json::Object(Vec::new()));
        let document = Arc::new(Document::parsed(root, call.arguments_bytes));
        let canonical = |root: &Json| {
            root.canonical()
                .map_err(|_| Denial::new(Reason::InexactNumber))
        };
        let redactors = redactors(rules, Part::Arguments);
        if redactors.is_empty() {
            let (text, canonical) = (document.root().to_text(), canonical(document.root())?);
            return Ok(Judged {
                document,
                text,
                canonical,
                spans: Spans::default(),
            });
        }
        let begun = Instant::now();
        let name = call.tool.as_deref().unwrap_or_default();
        let principal = self.principal();
        let asked = ((call.method.as_str(), name), Some(principal.pseudonym()));
        let found = self
            .find(&redactors, asked, Part::Arguments, &document)
            .await;
        facts.timings.find_us = Some(micros(begun.elapsed()));
        let finding = found.map_err(|faulted| {
            facts.plugins.extend(faulted.runs);
            faulted.denial
        })?;
        facts.redactions = finding.entries();
        let masked = masked(&finding);
        facts.plugins.extend(finding.runs);
        let document = if masked? {
            let size = document.size();
            Arc::new(Document::parsed(
                self.replace(&finding.spans, &document),
                size,
            ))
        } else {
            document
        };
        let (text, canonical) = (document.root().to_text(), canonical(document.root())?);
        Ok(Judged {
            document,
            text,
            canonical,
            spans: finding.spans,
        })
    }

    /// Redactors over what is forwarded beside the arguments. It passes as it came or not at all:
    /// what they find denies, whatever the rule says of arguments.
    async fn find_beside(
        &self,
        call: &Call,
        rules: &[&BoundRule],
        facts: &mut Facts,
    ) -> Result<(), Denial> {
        let redactors = redactors(rules, Part::Arguments);
        let Some(beside) = call.beside.clone().filter(|_| !redactors.is_empty()) else {
            return Ok(());
        };
        let size = beside.to_text().len();
        let document = Arc::new(Document::parsed(beside, size));
        let name = call.tool.as_deref().unwrap_or_default();
        let principal = self.principal();
        let asked = ((call.method.as_str(), name), Some(principal.pseudonym()));
        let found = self
            .find(&redactors, asked, Part::Arguments, &document)
            .await;
        match found {
            Err(faulted) => {
                facts.plugins.extend(faulted.runs);
                Err(faulted.denial)
            }
            Ok(finding) => {
                facts.redactions.extend(finding.entries());
                let denial = sensitive(&finding);
                facts.plugins.extend(finding.runs);
                denial.map_or(Ok(()), Err)
            }
        }
    }
}

/// Whether findings are to be masked; a denial where they are not, or cannot be.
fn masked(finding: &Finding<'_>) -> Result<bool, Denial> {
    let masks = finding.by_rule.iter().all(|(rule, _)| rule.mask_arguments);
    match sensitive(finding) {
        Some(denial) if !masks || finding.spans.in_name() => Err(denial),
        found => Ok(found.is_some()),
    }
}

/// The denial for what was found, by the first rule that does not mask; none where nothing was.
fn sensitive(finding: &Finding<'_>) -> Option<Denial> {
    let strict = finding
        .by_rule
        .iter()
        .find(|(rule, _)| !rule.mask_arguments);
    let (rule, found) = strict.or(finding.by_rule.first())?;
    let entity = found.first()?.entity.clone();
    Some(Denial::by(
        &rule.name,
        Reason::SensitiveArguments { entity },
    ))
}
