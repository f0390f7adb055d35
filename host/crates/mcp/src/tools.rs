//! The answer to `tools/list` (MCP, server features, tools).

use std::collections::HashSet;

use serde_json::value::RawValue;
use wardlet_call::Json;

use crate::encode::Text;
use crate::flaw::Flaw;
use crate::members::{Members, as_string};
use crate::params::MAX_TOOL_NAME_BYTES;

const TOOLS: &str = "tools";
const NEXT_CURSOR: &str = "nextCursor";

/// What a server claims about a tool. Only hints: nothing holds it to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// `readOnlyHint`: the tool does not change its environment.
    pub read_only: Option<bool>,
    /// `destructiveHint`: it may destroy what was there.
    pub destructive: Option<bool>,
    /// `idempotentHint`: calling it again with the same arguments changes no more.
    pub idempotent: Option<bool>,
    /// `openWorldHint`: it meets things outside of a closed domain.
    pub open_world: Option<bool>,
}

/// One tool of the list.
#[derive(Clone, Debug)]
pub struct Tool<'a> {
    /// At most [`MAX_TOOL_NAME_BYTES`].
    pub name: String,
    /// All of its definition.
    pub definition: Json,
    /// As the server claims.
    pub annotations: Annotations,
    raw: &'a RawValue,
}

impl<'a> Tool<'a> {
    fn parse(raw: &'a RawValue) -> Option<Self> {
        let definition = Json::parse(raw.get()).ok()?;
        let name = definition.member("name")?.as_str()?.to_owned();
        if name.len() > MAX_TOOL_NAME_BYTES {
            return None;
        }
        let hint = |name| match definition.member("annotations")?.member(name)? {
            Json::Bool(hint) => Some(*hint),
            _ => None,
        };
        let annotations = Annotations {
            read_only: hint("readOnlyHint"),
            destructive: hint("destructiveHint"),
            idempotent: hint("idempotentHint"),
            open_world: hint("openWorldHint"),
        };
        Some(Tool {
            name,
            definition,
            annotations,
            raw,
        })
    }

    /// Its definition as the server wrote it.
    #[must_use]
    pub fn raw(&self) -> &'a RawValue {
        self.raw
    }
}

/// One page of the list.
#[derive(Clone, Debug)]
pub struct ToolPage<'a> {
    /// In the server's order.
    pub tools: Vec<Tool<'a>>,
    /// How many entries were left out: no object, no name of at most [`MAX_TOOL_NAME_BYTES`], a name that
    /// stood on this page before, or a definition in which readers may see different values.
    pub dropped: usize,
    /// With which the next page is asked for; none on the last one.
    pub next_cursor: Option<String>,
    members: Members<'a>,
}

impl<'a> ToolPage<'a> {
    /// Reads a result of `tools/list`.
    ///
    /// # Errors
    /// [`Flaw::NotObject`], [`Flaw::Duplicate`] and [`Flaw::CaseVariant`] for the result itself,
    /// [`Flaw::Missing`] and [`Flaw::BadMember`] for `tools` and `nextCursor`. A flaw inside of a
    /// tool only drops the tool.
    pub fn parse(result: &'a RawValue) -> Result<Self, Flaw> {
        let members = Members::shallow(result.get())?;
        if members.has_duplicate() {
            return Err(Flaw::Duplicate);
        }
        members.check_case(&[TOOLS, NEXT_CURSOR])?;
        for member in members.iter().filter(|member| member.name() != TOOLS) {
            crate::check_unique(member.value())?;
        }
        let list = members.get(TOOLS).ok_or(Flaw::Missing(TOOLS))?;
        let entries: Vec<&RawValue> =
            serde_json::from_str(list.get()).map_err(|_| Flaw::BadMember(TOOLS))?;
        let mut names = HashSet::new();
        let mut tools: Vec<Tool<'a>> = entries.iter().filter_map(|raw| Tool::parse(raw)).collect();
        tools.retain(|tool| names.insert(tool.name.clone()));
        let next_cursor = match members.get(NEXT_CURSOR) {
            // Null is taken for absent, as by serialisers that write every optional member.
            Some(cursor) if cursor.get() != "null" => Some(
                as_string(cursor)?
                    .ok_or(Flaw::BadMember(NEXT_CURSOR))?
                    .into_owned(),
            ),
            _ => None,
        };
        Ok(ToolPage {
            dropped: entries.len() - tools.len(),
            tools,
            next_cursor,
            members,
        })
    }

    /// The result with only those tools whose name passes, on one line. All else stays as it was
    /// written: the order, members that nobody knows, the definitions.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(&str) -> bool) -> String {
        let mut text = Text::new(
            self.members
                .iter()
                .map(|member| member.value.get().len())
                .sum(),
        );
        text.open(b'{');
        text.members(&self.members, |text, member| {
            if member.name() != TOOLS {
                return false;
            }
            text.name(TOOLS);
            text.open(b'[');
            for tool in self.tools.iter().filter(|tool| keep(&tool.name)) {
                text.item(tool.raw.get());
            }
            text.close(b']');
            true
        });
        text.close(b'}');
        text.into_string()
    }
}

#[cfg(test)]
mod tests;
