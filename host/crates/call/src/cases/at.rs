//! A value of a case file with its place, so that what is wrong with it is told with its line.

use crate::json::Json;
use crate::pointer::push_step;

/// What is wrong, and where.
pub(super) struct Wrong {
    /// The pointer of the value.
    pub(super) pointer: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Wrong {
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What reading something gives.
pub(super) type Read<T> = Result<T, Wrong>;

/// A value and its pointer.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) value: &'a Json,
    pub(super) pointer: String,
}

impl<'a> At<'a> {
    pub(super) fn wrong(&self, message: impl Into<String>) -> Wrong {
        Wrong {
            pointer: self.pointer.clone(),
            message: message.into(),
            hint: None,
        }
    }

    fn child(&self, step: &str, value: &'a Json) -> At<'a> {
        let mut pointer = self.pointer.clone();
        push_step(&mut pointer, step);
        At { value, pointer }
    }

    /// The member of an object, if it is there.
    pub(super) fn member(&self, name: &str) -> Option<At<'a>> {
        Some(self.child(name, self.value.member(name)?))
    }

    /// The member of an object that has to be there.
    pub(super) fn required(&self, name: &str) -> Read<At<'a>> {
        self.member(name)
            .ok_or_else(|| self.wrong(format!("`{name}` is missing")))
    }

    /// Its members; all of them have to be `known`.
    pub(super) fn only(&self, known: &[&str]) -> Read<()> {
        for (member, _) in self.members()? {
            if !known.contains(&member.as_str()) {
                let at = self.member(member).unwrap_or_else(|| self.clone());
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                return Err(at
                    .wrong(format!("`{member}` is unknown here"))
                    .hint(format!("the members here are {}", known.join(", "))));
            }
        }
        Ok(())
    }

    pub(super) fn members(&self) -> Read<&'a [(String, Json)]> {
        match self.value {
            Json::Object(members) => Ok(members),
            _ => Err(self.wrong(format!("an object stands here, not {}", kind(self.value)))),
        }
    }

    pub(super) fn items(&self) -> Read<Vec<At<'a>>> {
        let Json::Array(items) = self.value else {
            return Err(self.wrong(format!("a list stands here, not {}", kind(self.value))));
        };
        let items = items.iter().enumerate();
        Ok(items
            .map(|(index, item)| self.child(&index.to_string(), item))
            .collect())
    }

    pub(super) fn text(&self) -> Read<String> {
        let text = self.value.as_str().map(str::to_owned);
        text.ok_or_else(|| self.wrong(format!("a text stands here, not {}", kind(self.value))))
    }

    pub(super) fn texts(&self) -> Read<Vec<String>> {
        self.items()?.iter().map(At::text).collect()
    }

    pub(super) fn count(&self) -> Read<u64> {
        let Json::Number(literal) = self.value else {
            return Err(self.wrong(format!("a number stands here, not {}", kind(self.value))));
        };
        literal
            .parse()
            .map_err(|_| self.wrong(format!("`{literal}` is no whole number of at least 0")))
    }

    /// A list of texts, and of each what `parse` makes of it.
    pub(super) fn each<T>(&self, parse: impl Fn(&At<'a>) -> Read<T>) -> Read<Vec<T>> {
        self.items()?.iter().map(parse).collect()
    }
}

/// The words for a kind of value.
fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
