//! All patterns of a set together: one search for their literals, one automaton.

use regex_automata::MatchKind;
use regex_automata::hybrid::dfa;

use super::beginnings::Beginnings;
use super::pattern::{Pattern, compile};
use super::rooms::Rooms;
use super::{MAX_COMPILED, PatternSet, PatternsError};
use crate::name::Code;

/// Bytes of the states that a search keeps before it forgets them and begins anew: some thousand
/// states, and few texts call for more than some hundred. Only what was called for takes memory.
const STATES: usize = 2 << 20;

impl PatternSet {
    /// Checks and compiles a set into at most `left` bytes.
    pub(super) fn compile(
        name: Code,
        declared: &[(String, String)],
        left: usize,
    ) -> Result<Self, PatternsError> {
        if declared.is_empty() {
            return Err(PatternsError::Empty(name));
        }
        let mut ids: Vec<Code> = Vec::with_capacity(declared.len());
        let mut patterns = Vec::with_capacity(declared.len());
        for (position, (id, regex)) in (1..).zip(declared) {
            let id = Code::parse(id).map_err(|_| PatternsError::Id(name.clone(), position))?;
            if ids.contains(&id) {
                return Err(PatternsError::Twice(name, id));
            }
            let pattern = Pattern::read(regex)
                .map_err(|what| PatternsError::Pattern(name.clone(), id.clone(), what))?;
            ids.push(id);
            patterns.push(pattern);
        }
        let too_large = || PatternsError::TooLarge(name.clone());
        let mut size: usize = patterns.iter().map(|pattern| pattern.size).sum();
        let hirs: Vec<_> = patterns.iter().map(|pattern| &pattern.hir).collect();
        let nfa = compile(&hirs, MAX_COMPILED, false).map_err(|()| too_large())?;
        let beginnings = Beginnings::of(&patterns).ok_or_else(too_large)?;
        size += nfa.memory_usage() + beginnings.memory_usage();
        if size > left {
            return Err(too_large());
        }
        let config = dfa::Config::new()
            .match_kind(MatchKind::LeftmostFirst)
            .starts_for_each_pattern(true)
            .cache_capacity(STATES)
            // Where the patterns need more, as much as they need at least.
            .skip_cache_capacity_check(true);
        let dfa = dfa::Builder::new()
            .configure(config)
            .build_from_nfa(nfa)
            .map_err(|_| too_large())?;
        Ok(PatternSet {
            ids,
            groups: patterns.into_iter().map(|pattern| pattern.group).collect(),
            beginnings,
            dfa,
            size,
            idle: Rooms::default(),
            name,
        })
    }
}
