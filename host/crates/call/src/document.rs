//! The documents of one check, and what a plugin's projection lets it read of them.

use std::sync::{Arc, OnceLock};

use crate::json::Json;
use crate::leaves::{Leaf, LeafIndex};
use crate::pointer::Pointer;
use crate::projection::Projection;

/// Which document: `part` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// What the agent sends.
    Arguments,
    /// What the upstream answered.
    Result,
    /// The tool's definition.
    Definition,
    /// The plugin's settings.
    Settings,
}

impl Part {
    /// The word for it in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Arguments => "arguments",
            Part::Result => "result",
            Part::Definition => "definition",
            Part::Settings => "settings",
        }
    }

    /// The part with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Part::Arguments,
            Part::Result,
            Part::Definition,
            Part::Settings,
        ]
        .into_iter()
        .find(|part| part.name() == name)
    }
}

/// A parsed document with the index of its leaves, made when first asked for.
#[derive(Debug)]
pub struct Document {
    root: Json,
    size: usize,
    leaves: OnceLock<LeafIndex>,
}

impl Document {
    /// Takes a value that has no text of its own, such as settings.
    #[must_use]
    pub fn new(root: Json) -> Self {
        Document::parsed(root, 0)
    }

    /// Takes a value that was parsed from a text of `size` bytes.
    #[must_use]
    pub fn parsed(root: Json, size: usize) -> Self {
        Document {
            root,
            size,
            leaves: OnceLock::new(),
        }
    }

    /// Bytes of the text that it was parsed from; 0 where there was none.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The value.
    #[must_use]
    pub fn root(&self) -> &Json {
        &self.root
    }

    /// Its leaves.
    pub fn leaves(&self) -> &LeafIndex {
        self.leaves.get_or_init(|| LeafIndex::new(&self.root))
    }

    /// The leaf with this id, if the projection shows it.
    #[must_use]
    pub fn shown_leaf(&self, id: u32, part: Part, projection: &Projection) -> Option<Leaf<'_>> {
        let leaves = self.leaves();
        if !leaves.shown(&self.root, id, part, projection) {
            return None;
        }
        leaves.get(&self.root, id)
    }

    /// The ids of the leaves at and below a pointer: the first, and the one after the last. None
    /// where nothing stands there.
    #[must_use]
    pub fn leaves_below(&self, pointer: Pointer<'_>) -> Option<(u32, u32)> {
        Some(self.leaves().below(&pointer.positions(&self.root)?))
    }
}

/// The documents of one check.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// What the agent sends.
    pub arguments: Option<Arc<Document>>,
    /// What the upstream answered.
    pub result: Option<Arc<Document>>,
    /// The tool's definition.
    pub definition: Option<Arc<Document>>,
}

impl Documents {
    /// Bytes of the texts that they were parsed from.
    #[must_use]
    pub fn size(&self) -> usize {
        let all = [&self.arguments, &self.result, &self.definition];
        all.into_iter()
            .flatten()
            .map(|document| document.size())
            .sum()
    }
}
