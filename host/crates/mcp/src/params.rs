//! The parameters of `tools/call` (MCP, server features, tools).

use serde_json::value::RawValue;
use wardlet_call::Json;

use crate::flaw::Flaw;
use crate::members::{Member, Members, as_string, is_object, same_folded};
use crate::unique::check_unique;

/// Longest tool name, in bytes: MCP's limit since 2025-11-25. Older servers may use other characters,
/// so that only the length is held.
pub const MAX_TOOL_NAME_BYTES: usize = 128;

pub(crate) const NAME: &str = "name";
pub(crate) const ARGUMENTS: &str = "arguments";
pub(crate) const META: &str = "_meta";

/// What a tool call asks for.
#[derive(Clone, Debug)]
pub struct CallParams<'a> {
    /// The tool.
    pub name: String,
    /// What the tool is called with: an object, all of which was parsed.
    pub arguments: Option<Json>,
    /// `_meta`, an object.
    pub meta: Option<Members<'a>>,
    /// All members in the order of the text, those above among them.
    members: Members<'a>,
}

impl<'a> CallParams<'a> {
    /// Reads them.
    ///
    /// # Errors
    /// [`Flaw::Missing`] and [`Flaw::BadMember`] for `name`, `arguments` and `_meta`,
    /// [`Flaw::BadParams`], [`Flaw::CaseVariant`], and those of [`check_unique`].
    pub fn parse(params: &'a RawValue) -> Result<Self, Flaw> {
        if !is_object(params) {
            return Err(Flaw::BadParams);
        }
        let members = Members::shallow(params.get())?;
        if members.has_duplicate() {
            return Err(Flaw::Duplicate);
        }
        members.check_case(&[NAME, ARGUMENTS, META])?;
        let name = as_string(members.get(NAME).ok_or(Flaw::Missing(NAME))?)?;
        let name = name
            .filter(|n| n.len() <= MAX_TOOL_NAME_BYTES)
            .ok_or(Flaw::BadMember(NAME))?;
        let mut call = CallParams {
            name: name.into_owned(),
            arguments: None,
            meta: None,
            members,
        };
        for member in call.members.iter() {
            match member.name() {
                NAME => {}
                ARGUMENTS => {
                    if !is_object(member.value) {
                        return Err(Flaw::BadMember(ARGUMENTS));
                    }
                    let parsed = Json::parse(member.value.get());
                    // The parser does not tell depth from surrogates, the check does.
                    let flaw = |_| check_unique(member.value).err().unwrap_or(Flaw::NotJson);
                    call.arguments = Some(parsed.map_err(flaw)?);
                }
                META if !is_object(member.value) => return Err(Flaw::BadMember(META)),
                META => call.meta = Some(Members::parse(member.value)?),
                _ => check_unique(member.value)?,
            }
        }
        Ok(call)
    }

    /// Bytes of the arguments' text as it came; 0 where there are none.
    #[must_use]
    pub fn arguments_bytes(&self) -> usize {
        self.members
            .get(ARGUMENTS)
            .map_or(0, |arguments| arguments.get().len())
    }

    /// Whether `_meta` has a member of this name, or one that a reader which ignores case takes for it.
    #[must_use]
    pub fn meta_has(&self, name: &str) -> bool {
        self.meta
            .iter()
            .flat_map(Members::iter)
            .any(|member| same_folded(member.name(), name))
    }

    /// The members that are neither `name`, `arguments` nor `_meta`, in order.
    pub fn rest(&self) -> impl Iterator<Item = &Member<'a>> {
        self.members
            .iter()
            .filter(|member| !matches!(member.name(), NAME | ARGUMENTS | META))
    }

    pub(crate) fn members(&self) -> &Members<'a> {
        &self.members
    }
}

#[cfg(test)]
mod tests;
