//! The part of the documents that an operator shows to a plugin.

use std::borrow::Cow;
use std::fmt;

use crate::document::Part;
use crate::json::Json;
use crate::pointer::{Pointer, push_step};

/// Grants beyond this number are refused: each is compared at every read.
const MAX_GRANTS: usize = 64;

/// What a plugin may read: a list of grants, each a part and a pointer whose subtree it opens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    grants: Vec<Grant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Grant {
    part: Part,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// `*`: every item of an array, every member of an object.
    Any,
    Name(String),
}

/// Why a list of grants is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectionError {
    /// The first step names no part.
    #[error("`{0}` begins with no part of a call")]
    NoPart(String),
    /// No RFC 6901 pointer with `*` and `~2`.
    #[error("`{0}` is not a JSON pointer")]
    BadPointer(String),
    /// Over 64 grants.
    #[error("more than {MAX_GRANTS} grants")]
    TooMany,
}

impl ProjectionError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoPart(_) => "begin with `/arguments`, `/result` or `/definition`",
            Self::BadPointer(_) => {
                "write it as RFC 6901 has it, for example `/arguments/path` or `/arguments/files/*`"
            }
            Self::TooMany => "grant a whole part, for example `/arguments`",
        }
    }
}

impl Projection {
    /// Reads grants as the configuration writes them: `/arguments`, `/arguments/path`,
    /// `/result/content/*/text`. A step `*` stands for every child; `~2` is a literal `*`.
    ///
    /// # Errors
    /// [`ProjectionError`], with the offending text.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, ProjectionError> {
        if texts.len() > MAX_GRANTS {
            return Err(ProjectionError::TooMany);
        }
        let grants = texts.iter().map(|text| parse_grant(text.as_ref()));
        Ok(Projection {
            grants: grants.collect::<Result<_, _>>()?,
        })
    }

    /// As [`Projection::parse`], from a part and a pointer within it.
    ///
    /// # Errors
    /// [`ProjectionError::BadPointer`]
    pub fn of(part: Part, pointer: &str) -> Result<Self, ProjectionError> {
        let steps =
            parse_steps(pointer).ok_or_else(|| ProjectionError::BadPointer(pointer.to_owned()))?;
        Ok(Projection {
            grants: vec![Grant { part, steps }],
        })
    }

    /// Whether the subtree at `pointer` is shown.
    #[must_use]
    pub fn shows(&self, part: Part, pointer: Pointer<'_>) -> bool {
        part == Part::Settings
            || self
                .of_part(part)
                .any(|grant| covers(grant, pointer.steps()))
    }

    /// Whether the whole part is shown.
    #[must_use]
    pub fn shows_all(&self, part: Part) -> bool {
        part == Part::Settings || self.of_part(part).any(|grant| grant.steps.is_empty())
    }

    /// Whether anything at or below `pointer` is shown.
    #[must_use]
    pub fn reaches(&self, part: Part, pointer: Pointer<'_>) -> bool {
        part == Part::Settings
            || self.of_part(part).any(|grant| {
                let agrees = |(wanted, step): (&Step, Cow<'_, str>)| match wanted {
                    Step::Any => true,
                    Step::Name(name) => *name == step,
                };
                // As far as both go; the grant may end above the pointer or below it.
                grant.steps.iter().zip(pointer.steps()).all(agrees)
            })
    }

    /// Whether nothing at all of the part is shown.
    #[must_use]
    pub fn hides_all(&self, part: Part) -> bool {
        part != Part::Settings && self.of_part(part).next().is_none()
    }

    /// Whether the subtree under these steps is shown.
    pub(crate) fn shows_steps<'a>(
        &self,
        part: Part,
        steps: impl Iterator<Item = Cow<'a, str>> + Clone,
    ) -> bool {
        self.of_part(part).any(|grant| covers(grant, steps.clone()))
    }

    /// Whether everything that `needed` opens is open here too.
    #[must_use]
    pub fn includes(&self, needed: &Projection) -> bool {
        needed.grants.iter().all(|need| {
            need.part == Part::Settings || self.of_part(need.part).any(|grant| opens(grant, need))
        })
    }

    /// The grants as the configuration writes them.
    #[must_use]
    pub fn grants(&self) -> Vec<String> {
        self.grants.iter().map(written).collect()
    }

    /// What of a document is shown, for whoever keeps a copy of what a plugin could see: members that are
    /// not shown are left out, and items before one that is shown are `null`, so that every pointer that is
    /// shown leads to the same value as before. None where nothing of the part is granted at all.
    #[must_use]
    pub fn shown_of(&self, part: Part, root: &Json) -> Option<Json> {
        if self.hides_all(part) {
            return None;
        }
        let shown = self.shown_at(part, root, &mut String::new());
        Some(shown.unwrap_or(match root {
            Json::Object(_) => Json::Object(Vec::new()),
            Json::Array(_) => Json::Array(Vec::new()),
            _ => Json::Null,
        }))
    }

    fn shown_at(&self, part: Part, value: &Json, pointer: &mut String) -> Option<Json> {
        // A pointer that is too long is none, and no plugin could name what stands there.
        let at = Pointer::parse(pointer).ok()?;
        if self.shows(part, at) {
            return Some(value.clone());
        }
        if !self.reaches(part, at) {
            return None;
        }
        let length = pointer.len();
        let mut below = |step: &str, child: &Json| {
            push_step(pointer, step);
            let shown = self.shown_at(part, child, pointer);
            pointer.truncate(length);
            shown
        };
        match value {
            Json::Object(members) => {
                let shown = members.iter();
                let shown = shown.filter_map(|(name, child)| Some((name, below(name, child)?)));
                let shown: Vec<_> = shown.map(|(name, child)| (name.clone(), child)).collect();
                (!shown.is_empty()).then_some(Json::Object(shown))
            }
            Json::Array(items) => {
                let shown = items.iter().enumerate();
                let shown = shown.map(|(index, child)| below(&index.to_string(), child));
                let mut shown: Vec<_> = shown.collect();
                let last = shown.iter().rposition(Option::is_some)?;
                shown.truncate(last + 1);
                let shown = shown.into_iter().map(Option::unwrap_or_default);
                Some(Json::Array(shown.collect()))
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
        }
    }

    fn of_part(&self, part: Part) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.part == part)
    }
}

impl fmt::Display for Projection {
    /// The grants as the configuration writes them, separated by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, grant) in self.grants.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            write!(f, "\"{}\"", written(grant))?;
        }
        Ok(())
    }
}

fn written(grant: &Grant) -> String {
    let mut text = format!("/{}", grant.part.name());
    for step in &grant.steps {
        match step {
            Step::Any => text.push_str("/*"),
            Step::Name(name) if name == "*" => text.push_str("/~2"),
            Step::Name(name) => push_step(&mut text, name),
        }
    }
    text
}

fn parse_grant(text: &str) -> Result<Grant, ProjectionError> {
    let rest = text
        .strip_prefix('/')
        .ok_or_else(|| ProjectionError::BadPointer(text.to_owned()))?;
    let (part, pointer) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let part = Part::from_name(part)
        .filter(|part| *part != Part::Settings)
        .ok_or_else(|| ProjectionError::NoPart(text.to_owned()))?;
    let steps = parse_steps(pointer).ok_or_else(|| ProjectionError::BadPointer(text.to_owned()))?;
    Ok(Grant { part, steps })
}

fn parse_steps(pointer: &str) -> Option<Vec<Step>> {
    // `~2` is ours; whatever is left must be RFC 6901.
    Pointer::parse(&pointer.replace("~2", "~0")).ok()?;
    let steps = pointer.split('/').skip(1).map(|step| match step {
        "*" => Step::Any,
        _ => Step::Name(
            step.replace("~2", "*")
                .replace("~1", "/")
                .replace("~0", "~"),
        ),
    });
    Some(steps.collect())
}

fn covers<'a>(grant: &Grant, mut steps: impl Iterator<Item = Cow<'a, str>>) -> bool {
    grant
        .steps
        .iter()
        .all(|wanted| match (wanted, steps.next()) {
            (_, None) => false,
            (Step::Any, Some(_)) => true,
            (Step::Name(name), Some(step)) => *name == step,
        })
}

fn opens(grant: &Grant, need: &Grant) -> bool {
    grant.steps.len() <= need.steps.len()
        && grant
            .steps
            .iter()
            .zip(&need.steps)
            .all(|(granted, needed)| match granted {
                Step::Any => true,
                Step::Name(_) => granted == needed,
            })
}

#[cfg(test)]
mod tests {
    use super::Projection;
    use crate::document::Part;
    use crate::json::Json;
    use crate::pointer::Pointer;

    #[test]
    fn what_a_grant_shows() {
        for (grants, pointer, shown) in [
            (&["/arguments"][..], "", true),
            (&["/arguments"], "/a/b", true),
            (&["/arguments/a"], "", false),
            (&["/arguments/a"], "/a", true),
            (&["/arguments/a"], "/a/b/c", true),
            (&["/arguments/a"], "/ab", false),
            (&["/arguments/*/b"], "/0/b", true),
            (&["/arguments/*/b"], "/0", false),
            (&["/arguments/*/b"], "/0/c", false),
            (&["/arguments/~2"], "/x", false),
            (&["/arguments/~2"], "/*", true),
            (&["/result"], "", false),
            (&["/result", "/arguments/x"], "/x", true),
            (&[], "", false),
        ] {
            let projection = Projection::parse(grants).unwrap();
            let pointer = Pointer::parse(pointer).unwrap();
            assert_eq!(
                projection.shows(Part::Arguments, pointer),
                shown,
                "{grants:?} {pointer:?}"
            );
        }
    }

    #[test]
    fn what_a_grant_reaches() {
        for (grant, pointer, reached) in [
            ("/arguments", "/a", true),
            ("/arguments/a", "", true),
            ("/arguments/a/b", "/a", true),
            ("/arguments/a/b", "/a/b/c", true),
            ("/arguments/a/b", "/a/c", false),
            ("/arguments/b", "/a", false),
            ("/arguments/*/b", "/a", true),
            ("/result", "", false),
        ] {
            let projection = Projection::parse(&[grant]).unwrap();
            let pointer = Pointer::parse(pointer).unwrap();
            let got = projection.reaches(Part::Arguments, pointer);
            assert_eq!(got, reached, "{grant} {pointer:?}");
        }
    }

    #[test]
    fn what_is_left_of_a_document() {
        let text =
            r#"{"path":"p","key":{"id":1,"hidden":2},"list":[{"a":1,"b":2},3,{"a":4}],"no":{}}"#;
        let root = Json::parse(text).unwrap();
        for (grants, expected) in [
            (&["/arguments"][..], Some(text)),
            (&["/result"], None),
            (&["/arguments/path"], Some(r#"{"path":"p"}"#)),
            (&["/arguments/key/id"], Some(r#"{"key":{"id":1}}"#)),
            (&["/arguments/*/id"], Some(r#"{"key":{"id":1}}"#)),
            (
                &["/arguments/list/2/a"],
                Some(r#"{"list":[null,null,{"a":4}]}"#),
            ),
            (&["/arguments/list/0"], Some(r#"{"list":[{"a":1,"b":2}]}"#)),
            (
                &["/arguments/list/*/b", "/arguments/path"],
                Some(r#"{"path":"p","list":[{"b":2}]}"#),
            ),
            (&["/arguments/none"], Some("{}")),
        ] {
            let projection = Projection::parse(grants).unwrap();
            let shown = projection.shown_of(Part::Arguments, &root);
            assert_eq!(
                shown.map(|shown| shown.to_text()).as_deref(),
                expected,
                "{grants:?}"
            );
        }
    }

    #[test]
    fn what_is_no_grant() {
        for text in [
            "",
            "arguments",
            "/settings",
            "/argument",
            "/arguments/~",
            "/arguments/~3",
        ] {
            assert!(Projection::parse(&[text]).is_err(), "{text}");
        }
    }

    #[test]
    fn grants_are_shown_as_they_are_written() {
        let texts = ["/arguments/a~1b/*/~2", "/result"];
        let projection = Projection::parse(&texts).unwrap();
        assert_eq!(
            projection.to_string(),
            "\"/arguments/a~1b/*/~2\", \"/result\""
        );
    }

    #[test]
    fn a_grant_satisfies_a_need() {
        for (grant, need, enough) in [
            ("/arguments", "/arguments/a", true),
            ("/arguments/a", "/arguments", false),
            ("/arguments/*", "/arguments/a", true),
            ("/arguments/a", "/arguments/*", false),
            ("/result", "/arguments", false),
        ] {
            let (grant, need) = (Projection::parse(&[grant]), Projection::parse(&[need]));
            assert_eq!(grant.unwrap().includes(&need.unwrap()), enough);
        }
    }
}
