//! Reading entries into the index, within one transaction.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension as _, params};
use wardlet_audit::Damage;

use super::Mark;
use super::rows::pack;
use super::words::Words;
use crate::entry::{Ballot, Body, Decision, Entry, Gateway, Outcome, Ran};
use crate::error::IndexError;
use crate::field::{Field, OPEN, Vocabulary};

const CALL: &str = "INSERT INTO call (entry, time, effect, reason, blame, principal, server, method,
    tool, tool_known, rules, plugins, policy_set, protocol, txn, argument_bytes, count, gateway, build,
    approved, request, votes)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21, ?22)";

const OUTCOME: &str = "UPDATE call SET outcome = ?2, outcome_time = ?3, status = ?4,
    outcome_reason = ?5, outcome_blame = ?6, is_error = ?7, result_bytes = ?8, upstream_us = ?9,
    plugins = ?10 WHERE entry = ?1";

/// An allowed call without an outcome.
const OPEN_CALL: &str = "SELECT time, plugins FROM call
    JOIN word ON word.id = call.effect AND word.text = 'allow'
    WHERE entry = ?1 AND outcome IS NULL";

const POST: &str = "INSERT OR IGNORE INTO posting VALUES (?1, ?2, ?3)";

const TAKE_BACK: &str = "DELETE FROM posting WHERE word = ?1 AND time = ?2 AND call = ?3";

/// Reads entries in their order.
pub(super) struct Writer<'a> {
    on: &'a Connection,
    words: &'a mut Words,
    /// The first entry that the index holds.
    first: u64,
    next: u64,
    origin: String,
    kinds: BTreeMap<String, u64>,
    /// By how much the number of calls that have a word changed.
    calls: HashMap<i64, i64>,
}

/// Where a call's postings stand.
#[derive(Clone, Copy)]
struct At {
    call: i64,
    time: i64,
}

/// The votes of a decision, as its row has them.
#[derive(Default)]
struct Votes {
    request: Option<i64>,
    packed: String,
    approvers: Vec<i64>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        on: &'a Connection,
        words: &'a mut Words,
        mark: Option<Mark>,
        first: u64,
    ) -> Self {
        let begin = || (first, String::new());
        let (next, origin) = mark.map_or_else(begin, |mark| (mark.next, mark.origin));
        Writer {
            on,
            words,
            first,
            next,
            origin,
            kinds: BTreeMap::new(),
            calls: HashMap::new(),
        }
    }

    /// The index of the next entry.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Reads the next entry.
    ///
    /// # Errors
    /// [`IndexError::Entry`] where it is not the next one or lacks what it must have: then nothing of it
    /// was written.
    pub(super) fn take(&mut self, text: &str) -> Result<(), IndexError> {
        let index = self.next;
        let wrong = |damage| IndexError::Entry { index, damage };
        let entry = Entry::parse(text).map_err(wrong)?;
        if entry.index != index {
            return Err(wrong(Damage::Index));
        }
        if index == self.first {
            self.origin = entry.origin.clone().into_owned();
        } else if entry.origin != self.origin.as_str() {
            return Err(wrong(Damage::Origin));
        }
        let at = At {
            call: integer(index, index)?,
            time: integer(entry.time_ms, index)?,
        };
        match &entry.body {
            Body::Decision(decision) => self.decision(at, decision, &entry.gateway)?,
            Body::Outcome(outcome) => self.outcome(at, outcome)?,
            Body::Request(request) => {
                let held = "INSERT OR REPLACE INTO held VALUES (?1, ?2)";
                let mut statement = self.on.prepare_cached(held)?;
                statement.execute((&request.statement, at.call))?;
            }
            Body::Ballot(ballot) => self.ballot(at, ballot)?,
            Body::Other => {}
        }
        match self.kinds.get_mut(&*entry.kind) {
            Some(count) => *count += 1,
            None => drop(self.kinds.insert(entry.kind.into_owned(), 1)),
        }
        self.next += 1;
        Ok(())
    }

    fn word(&mut self, vocabulary: Vocabulary, text: &str) -> Result<i64, IndexError> {
        self.words.id(self.on, vocabulary, text)
    }

    fn maybe(
        &mut self,
        vocabulary: Vocabulary,
        text: Option<&str>,
    ) -> Result<Option<i64>, IndexError> {
        text.map(|text| self.word(vocabulary, text)).transpose()
    }

    /// Says that a call has a word, and gives the word.
    fn post(&mut self, at: At, field: Field, text: &str) -> Result<i64, IndexError> {
        let word = self.word(Vocabulary::Of(field), text)?;
        self.post_word(at, word)?;
        Ok(word)
    }

    fn post_word(&mut self, at: At, word: i64) -> Result<(), IndexError> {
        let mut statement = self.on.prepare_cached(POST)?;
        if statement.execute((word, at.time, at.call))? > 0 {
            *self.calls.entry(word).or_default() += 1;
        }
        Ok(())
    }

    fn maybe_post(
        &mut self,
        at: At,
        field: Field,
        text: Option<&str>,
    ) -> Result<Option<i64>, IndexError> {
        text.map(|text| self.post(at, field, text)).transpose()
    }

    fn decision(
        &mut self,
        at: At,
        decision: &Decision<'_>,
        gateway: &Gateway<'_>,
    ) -> Result<(), IndexError> {
        let number = |number: Option<u64>| {
            let number = number.map(|number| integer(number, at.call.unsigned_abs()));
            number.transpose()
        };
        let argument_bytes = number(decision.arguments.as_ref().map(|payload| payload.bytes))?;
        let count = number(decision.count)?;
        let target = &decision.target;
        let mut rules = Vec::with_capacity(decision.rules.len());
        for rule in &decision.rules {
            rules.push([self.post(at, Field::Rule, rule)?]);
        }
        let votes = self.votes(decision)?;
        for approver in &votes.approvers {
            self.post_word(at, *approver)?;
        }
        if decision.effect == "allow" {
            self.post(at, Field::Status, OPEN)?;
        }
        let row = params![
            at.call,
            at.time,
            self.post(at, Field::Effect, &decision.effect)?,
            self.post(at, Field::Reason, &decision.reason)?,
            self.maybe_post(at, Field::Blame, decision.blame.as_deref())?,
            self.post(at, Field::Principal, &decision.principal)?,
            self.post(at, Field::Server, &target.server)?,
            self.post(at, Field::Method, &target.method)?,
            self.maybe_post(at, Field::Tool, target.tool.as_deref())?,
            target.tool_known,
            pack(&rules),
            pack(&self.plugins(at, &decision.plugins)?),
            self.maybe(Vocabulary::PolicySet, decision.policy_set.as_deref())?,
            self.maybe(Vocabulary::Protocol, decision.protocol.as_deref())?,
            decision.txn,
            argument_bytes,
            count,
            self.word(Vocabulary::Gateway, &gateway.name)?,
            self.word(Vocabulary::Build, &gateway.build)?,
            decision.approval.is_some(),
            votes.request,
            votes.packed,
        ];
        self.on.prepare_cached(CALL)?.execute(row)?;
        Ok(())
    }

    /// Posts the plugins of a call, and gives the numbers of what each was and said; 0 for nothing.
    fn plugins(&mut self, at: At, plugins: &[Ran<'_>]) -> Result<Vec<[i64; 5]>, IndexError> {
        let mut packed = Vec::with_capacity(plugins.len());
        for plugin in plugins {
            packed.push([
                self.post(at, Field::Plugin, &plugin.name)?,
                self.post(at, Field::Digest, &plugin.digest)?,
                self.word(Vocabulary::Role, &plugin.role)?,
                self.maybe(Vocabulary::Verdict, plugin.verdict.as_deref())?
                    .unwrap_or(0),
                self.maybe(Vocabulary::Fault, plugin.fault.as_deref())?
                    .unwrap_or(0),
            ]);
        }
        Ok(packed)
    }

    /// The votes that a decision counts, with their entries. Its request waits no longer.
    fn votes(&mut self, decision: &Decision<'_>) -> Result<Votes, IndexError> {
        let Some(approval) = &decision.approval else {
            return Ok(Votes::default());
        };
        let request: Option<i64> = self
            .on
            .prepare_cached("DELETE FROM held WHERE statement = ?1 RETURNING request")?
            .query_row([&approval.statement], |row| row.get(0))
            .optional()?;
        let mut ballots: Vec<(i64, i64, i64)> = Vec::new();
        if let Some(request) = request {
            let take = "DELETE FROM ballot WHERE request = ?1 RETURNING entry, approver, choice";
            let mut statement = self.on.prepare_cached(take)?;
            let rows = statement
                .query_map([request], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            ballots = rows.collect::<Result<_, _>>()?;
        }
        let mut votes = Vec::with_capacity(approval.votes.len());
        for vote in &approval.votes {
            let approver = self.word(Vocabulary::Of(Field::Approver), &vote.approver)?;
            let choice = self.word(Vocabulary::Choice, &vote.choice)?;
            let of_vote = |(_, by, what): &&(i64, i64, i64)| *by == approver && *what == choice;
            let entry = ballots
                .iter()
                .find(of_vote)
                .map_or(-1, |(entry, ..)| *entry);
            votes.push([entry, approver, choice]);
        }
        Ok(Votes {
            request,
            packed: pack(&votes),
            approvers: votes.iter().map(|[_, approver, _]| *approver).collect(),
        })
    }

    fn ballot(&mut self, at: At, ballot: &Ballot<'_>) -> Result<(), IndexError> {
        let request = integer(ballot.request, at.call.unsigned_abs())?;
        let approver = self.word(Vocabulary::Of(Field::Approver), &ballot.approver)?;
        let choice = self.word(Vocabulary::Choice, &ballot.choice)?;
        let mut statement = self
            .on
            .prepare_cached("INSERT INTO ballot VALUES (?1, ?2, ?3, ?4)")?;
        statement.execute((request, at.call, approver, choice))?;
        Ok(())
    }

    fn outcome(&mut self, own: At, outcome: &Outcome<'_>) -> Result<(), IndexError> {
        if outcome.decision < self.first {
            return Ok(());
        }
        let index = own.call.unsigned_abs();
        let number = |number: Option<u64>| number.map(|number| integer(number, index)).transpose();
        let call = integer(outcome.decision, index)?;
        let result_bytes = number(outcome.result.as_ref().map(|payload| payload.bytes))?;
        let upstream_us = number(outcome.timings.upstream_us)?;
        let open: Option<(i64, String)> = self
            .on
            .prepare_cached(OPEN_CALL)?
            .query_row([call], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((time, mut plugins)) = open else {
            let damage = Damage::Outcome;
            return Err(IndexError::Entry { index, damage });
        };
        let at = At { call, time };
        self.take_back(at, OPEN)?;
        let ran = pack(&self.plugins(at, &outcome.plugins)?);
        if !plugins.is_empty() && !ran.is_empty() {
            plugins.push(';');
        }
        plugins.push_str(&ran);
        let row = params![
            call,
            own.call,
            own.time,
            self.post(at, Field::Status, &outcome.status)?,
            self.maybe_post(at, Field::Reason, outcome.reason.as_deref())?,
            self.maybe_post(at, Field::Blame, outcome.blame.as_deref())?,
            outcome.is_error,
            result_bytes,
            upstream_us,
            plugins,
        ];
        self.on.prepare_cached(OUTCOME)?.execute(row)?;
        Ok(())
    }

    /// Says that a call has a status no longer.
    fn take_back(&mut self, at: At, status: &str) -> Result<(), IndexError> {
        let word = self.word(Vocabulary::Of(Field::Status), status)?;
        let mut statement = self.on.prepare_cached(TAKE_BACK)?;
        if statement.execute((word, at.time, at.call))? > 0 {
            *self.calls.entry(word).or_default() -= 1;
        }
        Ok(())
    }

    /// Writes the sums and the mark, behind an entry with this digest.
    pub(super) fn finish(self, last: &[u8]) -> Result<Mark, IndexError> {
        let mut statement = self.on.prepare_cached(
            "INSERT INTO kind VALUES (?1, ?2)
            ON CONFLICT (name) DO UPDATE SET entries = entries + excluded.entries",
        )?;
        for (kind, entries) in &self.kinds {
            statement.execute((kind, integer(*entries, self.next)?))?;
        }
        let mut statement = self
            .on
            .prepare_cached("UPDATE word SET calls = calls + ?2 WHERE id = ?1")?;
        for (word, calls) in &self.calls {
            statement.execute((word, calls))?;
        }
        let next = integer(self.next, self.next)?;
        self.on
            .prepare_cached("INSERT OR REPLACE INTO mark VALUES (0, ?1, ?2, ?3)")?
            .execute((next, &self.origin, last))?;
        Ok(Mark {
            next: self.next,
            origin: self.origin,
            last: last.to_vec(),
        })
    }
}

/// A number as SQLite has it. Entries hold none over 2^53.
fn integer(number: u64, index: u64) -> Result<i64, IndexError> {
    i64::try_from(number).map_err(|_| IndexError::Entry {
        index,
        damage: Damage::NotAnEntry,
    })
}
