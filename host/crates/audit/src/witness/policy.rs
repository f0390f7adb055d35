//! Which checkpoints to trust (C2SP tlog-policy): the keys of logs and witnesses, and how many of
//! which witnesses it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use wardlet_keys::{CosignerKey, KeyError, VerifyingKey};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{Note, NoteError};
use crate::text;

/// The longest policy: far over what the most items of it need.
pub const MAX_POLICY_BYTES: usize = 256 * 1024;

/// The most logs, and the most witnesses, and the most groups; the format asks for 32 of each at
/// least.
pub const MAX_POLICY_ITEMS: usize = 64;

/// Why a text is no policy.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the policy: {why}")]
pub struct PolicyError {
    /// The line, from 1; that after the last one where something is missing.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

/// Why a checkpoint does not fit a policy.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwitnessed {
    /// It is not that of a log that the policy names.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A cosignature does not fit.
    #[error(transparent)]
    Cosignature(#[from] NoteError),
    /// Too few witnesses cosigned it.
    #[error(
        "the checkpoint has cosignatures of {found}, which the policy does not take for enough"
    )]
    Quorum {
        /// The names of the witnesses that did, in the policy's words.
        found: String,
    },
}

/// A log that a policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key, whose name is the origin.
    pub key: VerifyingKey,
    /// Its address, if the policy says one.
    pub url: Option<String>,
}

/// A witness that a policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name within the policy.
    pub name: String,
    /// Its key.
    pub key: CosignerKey,
    /// Its address, if the policy says one.
    pub url: Option<String>,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// One witness, by its place among the witnesses.
    Witness(usize),
    /// So many of these rules, which all stand before this one.
    Group { least: usize, members: Vec<usize> },
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    rules: Vec<Rule>,
    /// The rule that has to hold; none where no witness is asked for.
    quorum: Option<usize>,
}

impl Policy {
    /// The logs, in their order.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses, in their order.
    #[must_use]
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Whether it takes no witness at all.
    #[must_use]
    pub fn asks_for_none(&self) -> bool {
        self.quorum.is_none()
    }

    /// Whether the cosignatures of those witnesses are enough for whom `has_cosigned` says so, by
    /// its place among the witnesses.
    #[must_use]
    pub fn is_met(&self, has_cosigned: impl Fn(usize) -> bool) -> bool {
        let mut met: Vec<bool> = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            // Whatever a rule refers to was judged before it.
            met.push(match rule {
                Rule::Witness(at) => has_cosigned(*at),
                Rule::Group { least, members } => {
                    let holding = members.iter().filter(|at| met.get(**at) == Some(&true));
                    holding.count() >= *least
                }
            });
        }
        self.quorum.is_none_or(|at| met.get(at) == Some(&true))
    }

    /// Reads a signed checkpoint, and checks that a log of the policy signed it and enough of the
    /// witnesses cosigned it. `logs` count beside those that the policy names.
    ///
    /// # Errors
    /// Any [`Unwitnessed`].
    pub fn check(&self, note: &Note, logs: &[VerifyingKey]) -> Result<Checkpoint, Unwitnessed> {
        let keys = self.logs.iter().map(|log| &log.key).chain(logs);
        let keys: Vec<VerifyingKey> = keys.cloned().collect();
        let checkpoint = Checkpoint::from_note(note, &keys)?;
        let mut cosigned = BTreeSet::new();
        for (at, witness) in self.witnesses.iter().enumerate() {
            match note.signed_by(&witness.key) {
                Ok(_) => drop(cosigned.insert(at)),
                Err(NoteError::Unsigned { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if self.is_met(|at| cosigned.contains(&at)) {
            return Ok(checkpoint);
        }
        let found = cosigned.iter().filter_map(|at| self.witnesses.get(*at));
        let found: Vec<String> = found.map(|found| format!("`{}`", found.name)).collect();
        Err(Unwitnessed::Quorum {
            found: match found.as_slice() {
                [] => "no witness".to_owned(),
                some => some.join(", "),
            },
        })
    }
}

/// Reads a policy. Unlike the format it has to be UTF-8, which the format advises.
impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(policy: &str) -> Result<Self, PolicyError> {
        let mut reader = Reader::default();
        let lines = policy.lines().count();
        if policy.len() > MAX_POLICY_BYTES {
            let why = format!("it has more than {MAX_POLICY_BYTES} bytes");
            return Err(PolicyError { line: lines, why });
        }
        for (at, line) in policy.split('\n').enumerate() {
            reader
                .line(line)
                .map_err(|why| PolicyError { line: at + 1, why })?;
        }
        reader.finish().map_err(|why| PolicyError {
            line: lines + 1,
            why,
        })
    }
}

/// A policy that is being read.
#[derive(Default)]
struct Reader {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    rules: Vec<Rule>,
    names: BTreeMap<String, usize>,
    /// The rules that are members of a group.
    members: BTreeSet<usize>,
    quorum: Option<Option<usize>>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if line
            .chars()
            .any(|c| (c < ' ' && c != '\t') || c == '\u{7f}')
        {
            return Err("it has a control character".to_owned());
        }
        // Other spaces belong to names.
        let mut items = line.split([' ', '\t']).filter(|item| !item.is_empty());
        let Some(keyword) = items.next().filter(|item| !item.starts_with('#')) else {
            return Ok(());
        };
        let items: Vec<&str> = items.collect();
        match (keyword, items.as_slice()) {
            ("log", [key, url @ ..]) if url.len() <= 1 => self.log(key, url.first()),
            ("witness", [name, key, url @ ..]) if url.len() <= 1 => {
                self.witness(name, key, url.first())
            }
            ("group", [name, least, members @ ..]) => self.group(name, least, members),
            ("quorum", [name]) => self.quorum(name),
            ("log" | "witness" | "group" | "quorum", _) => {
                Err(format!("`{keyword}` has too few or too many items"))
            }
            _ => Err(format!(
                "`{keyword}` is none of `log`, `witness`, `group` and `quorum`"
            )),
        }
    }

    fn log(&mut self, key: &str, url: Option<&&str>) -> Result<(), String> {
        let key: VerifyingKey = key.parse().map_err(|error: KeyError| error.to_string())?;
        let known = self.logs.iter().map(|log| log.key.public());
        room(self.logs.len(), "logs")?;
        once(known, key.public(), "log")?;
        let url = url.map(|url| (*url).to_owned());
        self.logs.push(PolicyLog { key, url });
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&&str>) -> Result<(), String> {
        let key: CosignerKey = key.parse().map_err(|error: KeyError| error.to_string())?;
        let known = self.witnesses.iter().map(|witness| witness.key.public());
        room(self.witnesses.len(), "witnesses")?;
        once(known, key.public(), "witness")?;
        self.define(name, Rule::Witness(self.witnesses.len()))?;
        self.witnesses.push(PolicyWitness {
            name: name.to_owned(),
            key,
            url: url.map(|url| (*url).to_owned()),
        });
        Ok(())
    }

    fn group(&mut self, name: &str, least: &str, names: &[&str]) -> Result<(), String> {
        room(self.rules.len() - self.witnesses.len(), "groups")?;
        let least = match least {
            "all" => names.len(),
            "any" => 1,
            number => text::decimal(number)
                .and_then(|number| usize::try_from(number).ok())
                .ok_or_else(|| format!("`{number}` is none of `all`, `any` and a number"))?,
        };
        if least == 0 || least > names.len() {
            return Err(format!("it asks for {least} of {} members", names.len()));
        }
        let mut members = Vec::new();
        for member in names {
            let at = self.rule(member)?;
            // Else one witness could count twice.
            if !self.members.insert(at) {
                return Err(format!("`{member}` is a member of a group already"));
            }
            members.push(at);
        }
        self.define(name, Rule::Group { least, members })
    }

    fn quorum(&mut self, name: &str) -> Result<(), String> {
        let quorum = match name {
            "none" => None,
            name => Some(self.rule(name)?),
        };
        match self.quorum.replace(quorum) {
            None => Ok(()),
            Some(_) => Err("there is a quorum already".to_owned()),
        }
    }

    fn define(&mut self, name: &str, rule: Rule) -> Result<(), String> {
        if name == "none" {
            return Err("nothing can have the name `none`".to_owned());
        }
        let at = self.rules.len();
        if self.names.insert(name.to_owned(), at).is_some() {
            return Err(format!("there is a `{name}` already"));
        }
        self.rules.push(rule);
        Ok(())
    }

    fn rule(&self, name: &str) -> Result<usize, String> {
        let found = self.names.get(name).copied();
        found.ok_or_else(|| format!("no line before it defines `{name}`"))
    }

    fn finish(self) -> Result<Policy, String> {
        let Some(quorum) = self.quorum else {
            return Err("there is no `quorum`; `quorum none` asks for no witness".to_owned());
        };
        Ok(Policy {
            logs: self.logs,
            witnesses: self.witnesses,
            rules: self.rules,
            quorum,
        })
    }
}

fn room(count: usize, what: &str) -> Result<(), String> {
    if count >= MAX_POLICY_ITEMS {
        return Err(format!("there are more than {MAX_POLICY_ITEMS} {what}"));
    }
    Ok(())
}

/// Two keys under different names are the same where the public keys are.
fn once<'a>(
    mut known: impl Iterator<Item = &'a [u8; 32]>,
    public: &[u8; 32],
    what: &str,
) -> Result<(), String> {
    if known.any(|other| other == public) {
        return Err(format!("there is a {what} with this key already"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
