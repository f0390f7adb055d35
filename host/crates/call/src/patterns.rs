//! Pattern sets: what a plugin declares, checked and compiled once, when it loads.
//!
//! The limits bound what a stranger's declaration costs: compiling is linear in what is compiled, and
//! that is bounded for each pattern before all are compiled together.

mod beginnings;
mod compile;
mod pattern;
mod rooms;

use std::fmt;

use regex_automata::hybrid;
use regex_automata::nfa::thompson::pikevm;

use crate::name::Code;
use beginnings::Beginnings;
pub(crate) use pattern::Group;
use rooms::Rooms;

/// Sets of one plugin: one for each kind of document, and to spare.
pub const MAX_SETS: usize = 8;

/// Patterns of all sets of a plugin: the largest public sets of secret formats have some two hundred.
pub const MAX_PATTERNS: usize = 512;

/// Bytes of one pattern: what is longer is a list of words.
pub const MAX_PATTERN_BYTES: usize = 1024;

/// Bytes of one pattern when compiled. It bounds what one step of a search can cost; `[a-z]{2000}` fits.
pub const MAX_COMPILED_PATTERN: usize = 128 << 10;

/// Bytes of all compiled sets of a plugin: 200 patterns of credentials take less than half.
pub const MAX_COMPILED: usize = 8 << 20;

/// The group that is the span of a match.
pub const SPAN_GROUP: &str = "secret";

/// A set as a plugin declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredSet {
    /// Its name.
    pub name: String,
    /// Its patterns, each an id and a regex.
    pub patterns: Vec<(String, String)>,
}

/// Why a declaration is not taken. Names that are no codes are told by their position, from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternsError {
    /// Over [`MAX_SETS`].
    #[error("more than {MAX_SETS} sets")]
    TooManySets,
    /// Over [`MAX_PATTERNS`].
    #[error("more than {MAX_PATTERNS} patterns")]
    TooMany,
    /// A set's name is no code.
    #[error("the name of set {0} is not 1 to 64 characters of `a-z 0-9 -`")]
    SetName(usize),
    /// A pattern's id is no code.
    #[error("set `{0}`: the id of pattern {1} is not 1 to 64 characters of `a-z 0-9 -`")]
    Id(Code, usize),
    /// Two sets have one name.
    #[error("two sets are named `{0}`")]
    SetTwice(Code),
    /// Two patterns of a set have one id.
    #[error("set `{0}`: two patterns are named `{1}`")]
    Twice(Code, Code),
    /// No patterns.
    #[error("set `{0}` is empty")]
    Empty(Code),
    /// A bad pattern: the set, the pattern, and what is wrong with it.
    #[error("set `{0}`, pattern `{1}`: {2}")]
    Pattern(Code, Code, String),
    /// Up to and with this set, over [`MAX_COMPILED`].
    #[error("set `{0}`: all patterns together take more than {limit} MiB compiled", limit = MAX_COMPILED >> 20)]
    TooLarge(Code),
}

/// The compiled sets of one plugin.
#[derive(Debug, Default)]
pub struct PatternSets(Vec<PatternSet>);

impl PatternSets {
    /// Checks and compiles a declaration.
    ///
    /// # Errors
    /// [`PatternsError`], the first that is found.
    pub fn compile(declared: &[DeclaredSet]) -> Result<Self, PatternsError> {
        if declared.len() > MAX_SETS {
            return Err(PatternsError::TooManySets);
        }
        if declared.iter().map(|set| set.patterns.len()).sum::<usize>() > MAX_PATTERNS {
            return Err(PatternsError::TooMany);
        }
        let mut sets: Vec<PatternSet> = Vec::with_capacity(declared.len());
        let mut left = MAX_COMPILED;
        for (position, set) in (1..).zip(declared) {
            let name = Code::parse(&set.name).map_err(|_| PatternsError::SetName(position))?;
            if sets.iter().any(|other| other.name == name) {
                return Err(PatternsError::SetTwice(name));
            }
            let set = PatternSet::compile(name, &set.patterns, left)?;
            left = left.saturating_sub(set.size);
            sets.push(set);
        }
        Ok(PatternSets(sets))
    }

    /// The set of this name, and its position.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<(usize, &PatternSet)> {
        (0..)
            .zip(&self.0)
            .find(|(_, set)| set.name.as_str() == name)
    }

    /// The set at this position.
    pub(crate) fn at(&self, position: usize) -> Option<&PatternSet> {
        self.0.get(position)
    }

    /// The sets, as they were declared.
    pub fn iter(&self) -> impl Iterator<Item = &PatternSet> {
        self.0.iter()
    }
}

/// One compiled set.
pub struct PatternSet {
    name: Code,
    ids: Vec<Code>,
    /// For each pattern, how to find its group, where it has one.
    pub(crate) groups: Vec<Option<Group>>,
    /// Where they may begin.
    pub(crate) beginnings: Beginnings,
    /// All patterns, each with a start of its own; states are made as texts call for them.
    pub(crate) dfa: hybrid::dfa::DFA,
    size: usize,
    /// Room for searches, to be used again: making it costs more than a search of a short text.
    idle: Rooms,
}

/// What a search needs to work in, and what it may leave to the next one.
///
/// Of the texts that were searched it holds nothing: the lazy automaton's states are sets of places
/// in the patterns, the PikeVM's slots and the candidates are positions, which each search clears before it reads
/// them. What one search leaves to the next is only which states exist, and so how fast it is.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) states: Option<hybrid::dfa::Cache>,
    pub(crate) groups: Option<pikevm::Cache>,
    /// Where a literal begins, and which one.
    pub(crate) candidates: Vec<(u32, u32)>,
}

impl PatternSet {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Code {
        &self.name
    }

    /// The ids of its patterns, as they were declared.
    #[must_use]
    pub fn ids(&self) -> &[Code] {
        &self.ids
    }

    /// Bytes that it takes when compiled.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn take_scratch(&self) -> Scratch {
        self.idle.take().unwrap_or_default()
    }

    pub(crate) fn keep_scratch(&self, scratch: Scratch) {
        self.idle.keep(scratch);
    }
}

impl fmt::Debug for PatternSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatternSet")
            .field("name", &self.name)
            .field("patterns", &self.ids.len())
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
