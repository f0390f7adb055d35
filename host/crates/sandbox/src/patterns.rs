//! The pattern sets of a plugin: asked for once, when it loads, and compiled for all its checks.

use std::sync::Arc;

use wardlet_call::{DeclaredSet, MAX_PATTERNS, MAX_SETS, PatternSets};

use crate::bindings::searches::{self, exports::wardlet::plugin::patterns as contract};
use crate::capability::Capability;
use crate::check::Check;
use crate::load::LoadError;
use crate::plugin::Linked;

/// Asks a component for its pattern sets and compiles them, if it is one that has some.
pub(crate) fn compile(linked: &Linked, capabilities: &[Capability]) -> Result<(), LoadError> {
    let imports = capabilities.contains(&Capability::Scan);
    let indices = searches::SearchesIndices::new(&linked.pre).ok();
    let indices = match (imports, indices) {
        (false, None) => return Ok(()),
        (true, Some(indices)) => indices,
        (true, None) => return Err(LoadError::NoPatterns),
        (false, Some(_)) => return Err(LoadError::NoScan),
    };
    let (declared, _) = linked.run(&Check::default(), |store, instance| {
        indices
            .load(&mut *store, instance)?
            .wardlet_plugin_patterns()
            .call_declare(store)
    });
    let declared =
        declared.map_err(|fault| LoadError::Patterns(format!("in `declare`: {fault}")))?;
    let sets = PatternSets::compile(&lifted(declared))
        .map_err(|error| LoadError::Patterns(crate::description::shown(&error.to_string())))?;
    // Nothing else sets it: a component is asked once.
    let _ = linked.standing.patterns.set(Arc::new(sets));
    Ok(())
}

/// No more than is looked at: one set and one pattern over the limits show that there are too many.
fn lifted(declared: Vec<contract::PatternSet>) -> Vec<DeclaredSet> {
    let sets = declared.into_iter().take(MAX_SETS + 1);
    sets.map(|set| DeclaredSet {
        name: set.name,
        patterns: set
            .patterns
            .into_iter()
            .take(MAX_PATTERNS + 1)
            .map(|pattern| (pattern.id, pattern.regex))
            .collect(),
    })
    .collect()
}
