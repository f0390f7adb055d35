//! What a check asks of the outside and what it is answered, written down and answered again.
//!
//! A [`Tape`] stands between the sandbox and the traits of [`Reach`]: one that records passes each call on
//! and notes the answer; one that replays answers from its notes, touches nothing outside, and knows
//! where the plugin asked something else. A check runs on one thread, so that its calls have an order.

mod answers;
mod codec;
mod reached;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::json::Json;
use crate::reach::{Log, LogLine, Reach};

use codec::{Failure, Given};
use reached::Taped;

/// A call of the outside, with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCall {
    /// The capability and the function, for example `key-value.get`.
    pub call: String,
    /// What it was given: an object.
    pub with: Json,
    /// What the plugin was answered, or the word of a failure.
    pub answer: Result<Json, String>,
}

/// What is wrong with a host call that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadHostCall {
    /// Its member: `call`, `gives` or `fails`.
    pub member: &'static str,
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl HostCall {
    /// Whether there is such a call, and such an answer to it.
    ///
    /// # Errors
    /// [`BadHostCall`]
    pub fn check(&self) -> Result<(), BadHostCall> {
        answers::check(self)
    }

    /// As a case file has it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let (name, answer) = match &self.answer {
            Ok(given) => ("gives", given.clone()),
            Err(word) => ("fails", Json::text(word)),
        };
        Json::object([
            ("call", Json::text(&self.call)),
            ("with", self.with.clone()),
            (name, answer),
        ])
    }

    fn asked(&self) -> String {
        asked(&self.call, &self.with)
    }
}

/// Where a check asked something else than was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The position of the call among those that were recorded, counted from 0.
    pub position: usize,
    /// What was recorded there, for people.
    pub recorded: String,
    /// What was asked, for people.
    pub asked: String,
}

/// Makes something that may be written down in the place of a MAC of an operator's secret.
pub trait StandIn: fmt::Debug + Send + Sync {
    /// The MAC that is written in place of the real one, and that a replay answers with: the same for the
    /// same secret's name and data, and of no secret.
    fn mac(&self, secret: &str, data: &[u8]) -> [u8; 32];

    /// The texts in which a plugin may show a MAC.
    fn forms(&self, mac: &[u8; 32]) -> Vec<String>;
}

/// What one check asks and is answered.
#[derive(Debug)]
pub struct Tape {
    mode: Mode,
    stand_in: Box<dyn StandIn>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum Mode {
    Records,
    Replays { http_requests: u32 },
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<HostCall>,
    /// The next call that a replay answers.
    next: usize,
    diverged: Option<Divergence>,
    lines: Vec<LogLine>,
    failed: Option<String>,
    /// Texts that are not to be written down, with what is written instead.
    hidden: Vec<(String, String)>,
}

/// What a replay gives where it has no answer, beside the divergence.
enum Next {
    Answer(Result<Json, String>),
    Lost,
}

impl Tape {
    /// One that writes down what passes.
    #[must_use]
    pub fn recording(stand_in: Box<dyn StandIn>) -> Arc<Self> {
        Arc::new(Tape {
            mode: Mode::Records,
            stand_in,
            state: Mutex::default(),
        })
    }

    /// One that answers with `calls`, in their order, and lets the plugin make so many HTTP requests.
    #[must_use]
    pub fn replaying(
        calls: Vec<HostCall>,
        http_requests: u32,
        stand_in: Box<dyn StandIn>,
    ) -> Arc<Self> {
        Arc::new(Tape {
            mode: Mode::Replays { http_requests },
            stand_in,
            state: Mutex::new(State {
                calls,
                ..State::default()
            }),
        })
    }

    /// What a check reaches through this tape. One that records passes on to `real`, and has nothing that is
    /// not there; one that replays has all of it, and passes on nothing.
    #[must_use]
    pub fn reach(self: &Arc<Self>, real: &Reach) -> Reach {
        let all = matches!(self.mode, Mode::Replays { .. });
        macro_rules! taped {
            ($what:ident) => {
                (all || real.$what.is_some())
                    .then(|| Arc::new(Taped::new(Arc::clone(self), real.$what.clone())) as _)
            };
        }
        Reach {
            log: Some(Arc::clone(self) as _),
            entropy: taped!(entropy),
            store: taped!(store),
            buckets: taped!(buckets),
            http: taped!(http),
            folders: taped!(folders),
            secrets: taped!(secrets),
        }
    }

    /// The calls so far: those that were written down, or all that a replay answers with.
    #[must_use]
    pub fn calls(&self) -> Vec<HostCall> {
        self.state().calls.clone()
    }

    /// The lines of the log so far.
    #[must_use]
    pub fn lines(&self) -> Vec<LogLine> {
        self.state().lines.clone()
    }

    /// Why the check gave no verdict: the plugin's own text, or what is wrong with its answer.
    #[must_use]
    pub fn failed_with(&self) -> Option<String> {
        self.state().failed.clone()
    }

    /// Where the check asked something else than was recorded, also where it did not ask for what was
    /// recorded at the end. For after the check.
    #[must_use]
    pub fn diverged(&self) -> Option<Divergence> {
        let state = self.state();
        if state.diverged.is_some() || matches!(self.mode, Mode::Records) {
            return state.diverged.clone();
        }
        let left = state.calls.get(state.next)?;
        Some(Divergence {
            position: state.next,
            recorded: left.asked(),
            asked: "nothing more".to_owned(),
        })
    }

    /// A value as it may be written down: each MAC of an operator's secret that was handed out is replaced
    /// by its stand-in.
    #[must_use]
    pub fn concealed(&self, value: &Json) -> Json {
        let state = self.state();
        let mut value = value.clone();
        if !state.hidden.is_empty() {
            conceal(&mut value, &state.hidden);
        }
        value
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a call: writes down what `real` answers, or answers from what is written.
    fn call<T: Given, E: Failure>(
        &self,
        call: &str,
        with: Json,
        real: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if matches!(self.mode, Mode::Replays { .. }) {
            let answer = match self.next(call, with) {
                Next::Answer(Ok(given)) => T::read(&given).map(Ok),
                Next::Answer(Err(word)) => E::of_word(&word).map(Err),
                Next::Lost => None,
            };
            return answer.unwrap_or(Err(E::LOST));
        }
        let answer = real();
        let written = match &answer {
            Ok(given) => Ok(given.written()),
            Err(failure) => Err(failure.word().to_owned()),
        };
        self.state().calls.push(HostCall {
            call: call.to_owned(),
            with,
            answer: written,
        });
        answer
    }

    /// The next answer of a replay.
    fn next(&self, call: &str, with: Json) -> Next {
        let mut state = self.state();
        // After the first difference nothing that was recorded need fit.
        if state.diverged.is_some() {
            return Next::Lost;
        }
        let position = state.next;
        let recorded = state.calls.get(position).cloned();
        if let Some(recorded) = &recorded
            && recorded.call == call
            && recorded.with.canonical_or_literal() == with.canonical_or_literal()
        {
            state.next += 1;
            return Next::Answer(recorded.answer.clone());
        }
        state.diverged = Some(Divergence {
            position,
            recorded: recorded.map_or_else(|| "no more host calls".to_owned(), |r| r.asked()),
            asked: asked(call, &with),
        });
        Next::Lost
    }
}

impl Log for Tape {
    fn line(&self, line: LogLine) {
        self.state().lines.push(line);
    }

    fn failed(&self, text: &str) {
        self.state().failed = Some(text.to_owned());
    }
}

fn asked(call: &str, with: &Json) -> String {
    format!("{call} {}", with.canonical_or_literal())
}

fn conceal(value: &mut Json, hidden: &[(String, String)]) {
    match value {
        Json::String(text) => {
            for (real, shown) in hidden {
                if text.contains(real) {
                    *text = text.replace(real, shown);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| conceal(item, hidden)),
        Json::Object(members) => {
            members
                .iter_mut()
                .for_each(|(_, member)| conceal(member, hidden));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
