//! The upstream's tools, as it lists them. A tool that is not in the list is not called.

use std::collections::HashMap;

use wardlet_mcp::ToolPage;

use crate::gate::Tool;

/// Tools of one upstream. Real servers have up to some hundred.
const MAX_TOOLS: usize = 10_000;

/// Pages of one list: a server that always names a next page must not be asked for ever.
const MAX_PAGES: usize = 100;

/// What is known of the upstream's tools.
#[derive(Debug, Default)]
pub(crate) enum Catalogue {
    /// Nothing.
    #[default]
    Unknown,
    /// The gateway is asking.
    Loading {
        tools: HashMap<String, Tool>,
        pages: usize,
        /// The upstream has said meanwhile that the list changed.
        stale: bool,
    },
    /// All of them.
    Known(HashMap<String, Tool>),
}

/// What a page of the list leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask for the next page with this cursor.
    Next(String),
    /// The list is complete.
    Done,
    /// It changed while it was read: ask from the beginning.
    Again,
    /// There is more than a gateway can keep.
    TooMuch,
}

impl Catalogue {
    /// Takes a page that the gateway asked for.
    pub(crate) fn add(&mut self, page: &ToolPage<'_>) -> Step {
        let Catalogue::Loading {
            tools,
            pages,
            stale,
        } = self
        else {
            return Step::Done;
        };
        insert(tools, page);
        *pages += 1;
        if tools.len() >= MAX_TOOLS || *pages >= MAX_PAGES {
            *self = Catalogue::Unknown;
            return Step::TooMuch;
        }
        if let Some(cursor) = &page.next_cursor {
            return Step::Next(cursor.clone());
        }
        if *stale {
            *self = Catalogue::Unknown;
            return Step::Again;
        }
        let tools = std::mem::take(tools);
        *self = Catalogue::Known(tools);
        Step::Done
    }

    /// Takes note that the list is another one now.
    pub(crate) fn changed(&mut self) {
        match self {
            Catalogue::Unknown => {}
            Catalogue::Loading { stale, .. } => *stale = true,
            Catalogue::Known(_) => *self = Catalogue::Unknown,
        }
    }

    /// Takes a page that the agent asked for: what the agent is shown is what entries refer to.
    pub(crate) fn observe(&mut self, page: &ToolPage<'_>, is_first: bool) {
        match self {
            Catalogue::Known(tools) => insert(tools, page),
            Catalogue::Unknown if is_first && page.next_cursor.is_none() => {
                let mut tools = HashMap::new();
                insert(&mut tools, page);
                *self = Catalogue::Known(tools);
            }
            Catalogue::Unknown | Catalogue::Loading { .. } => {}
        }
    }

    /// The tools, if they are known.
    pub(crate) fn known(&self) -> Option<&HashMap<String, Tool>> {
        match self {
            Catalogue::Known(tools) => Some(tools),
            Catalogue::Unknown | Catalogue::Loading { .. } => None,
        }
    }
}

fn insert(tools: &mut HashMap<String, Tool>, page: &ToolPage<'_>) {
    for tool in &page.tools {
        if tools.len() >= MAX_TOOLS && !tools.contains_key(&tool.name) {
            continue;
        }
        tools.insert(tool.name.clone(), Tool::new(tool.definition.clone()));
    }
}
