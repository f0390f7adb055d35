//! Tables of the file, read key by key. Every wrong type and unknown key becomes a fault.

use std::borrow::Cow;
use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Gathered, Span};
use super::kind::FaultKind;
use super::nearest::nearest;

/// A value with its place.
pub(super) type Node<'i> = Spanned<DeValue<'i>>;

/// A table with the keys it may have.
pub(super) struct Table<'t, 'i> {
    /// What it is called in messages, in backticks.
    pub(super) place: String,
    /// Where a fault of the table as a whole is shown.
    pub(super) span: Span,
    entries: &'t DeTable<'i>,
}

impl<'t, 'i> Table<'t, 'i> {
    /// Opens a table, and refuses the keys that are not `known`.
    pub(super) fn open(
        entries: &'t DeTable<'i>,
        (place, span): (&str, Span),
        known: &'static [&'static str],
        gathered: &mut Gathered<'_>,
    ) -> Self {
        for (key, _) in entries {
            if !known.contains(&key.get_ref().as_ref()) {
                gathered.at(
                    key.span(),
                    FaultKind::UnknownKey {
                        key: key.get_ref().to_string(),
                        place: place.to_owned(),
                        known,
                        near: nearest(key.get_ref(), known.iter().copied()),
                    },
                );
            }
        }
        Table {
            place: place.to_owned(),
            span,
            entries,
        }
    }

    /// The table at a key, under a name for messages.
    pub(super) fn table(
        &self,
        (key, place): (&str, &str),
        known: &'static [&'static str],
        gathered: &mut Gathered<'_>,
    ) -> Option<Table<'t, 'i>> {
        let entries = self.entries(key, gathered)?;
        let span = self.key_span(key);
        Some(Table::open(entries, (place, span), known, gathered))
    }

    /// The members of the table at a key, whose keys are the operator's own.
    pub(super) fn entries(
        &self,
        key: &str,
        gathered: &mut Gathered<'_>,
    ) -> Option<&'t DeTable<'i>> {
        let node = self.node(key)?;
        table_of(node, key, gathered)
    }

    pub(super) fn node(&self, key: &str) -> Option<&'t Node<'i>> {
        self.entries.get(key)
    }

    /// Where a key stands; the table's own place if it does not.
    pub(super) fn key_span(&self, key: &str) -> Span {
        self.entries
            .get_key_value(key)
            .map_or(self.span.clone(), |(key, _)| key.span())
    }

    /// A string.
    pub(super) fn text(&self, key: &str, gathered: &mut Gathered<'_>) -> Option<Spanned<String>> {
        text_of(self.node(key)?, key, gathered)
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self, key: &str, gathered: &mut Gathered<'_>) -> Option<Spanned<u64>> {
        let node = self.node(key)?;
        let DeValue::Integer(literal) = node.get_ref() else {
            wrong(node, key, "a whole number", gathered);
            return None;
        };
        match u64::from_str_radix(literal.as_str(), literal.radix()) {
            Ok(count) => Some(Spanned::new(node.span(), count)),
            Err(_) => {
                wrong(node, key, "a whole number of at least 0", gathered);
                None
            }
        }
    }

    /// A boolean.
    pub(super) fn boolean(&self, key: &str, gathered: &mut Gathered<'_>) -> Option<bool> {
        let node = self.node(key)?;
        let value = node.get_ref().as_bool();
        if value.is_none() {
            wrong(node, key, "a boolean", gathered);
        }
        value
    }

    /// A string that must be there.
    pub(super) fn required(
        &self,
        key: &'static str,
        gathered: &mut Gathered<'_>,
    ) -> Option<Spanned<String>> {
        if self.node(key).is_none() {
            let place = self.place.clone();
            gathered.at(self.span.clone(), FaultKind::Required { place, key });
        }
        self.text(key, gathered)
    }

    /// A list of strings; those of its items that are strings, where some are not.
    pub(super) fn texts(
        &self,
        key: &str,
        gathered: &mut Gathered<'_>,
    ) -> Option<Vec<Spanned<String>>> {
        texts_of(self.node(key)?, key, gathered)
    }

    /// Refuses a list without items.
    pub(super) fn refuse_empty(&self, key: &str, gathered: &mut Gathered<'_>) {
        if let Some(node) = self.node(key)
            && node
                .get_ref()
                .as_array()
                .is_some_and(|items| items.is_empty())
        {
            gathered.at(node.span(), FaultKind::Empty(key.to_owned()));
        }
    }

    /// As [`Table::texts`], refusing an empty list and items that stand twice.
    pub(super) fn set(
        &self,
        key: &str,
        gathered: &mut Gathered<'_>,
    ) -> Option<Vec<Spanned<String>>> {
        let texts = self.texts(key, gathered)?;
        self.refuse_empty(key, gathered);
        refuse_repeated(&texts, key, gathered);
        Some(texts)
    }
}

/// Refuses texts that stand twice in a list.
pub(super) fn refuse_repeated(texts: &[Spanned<String>], key: &str, gathered: &mut Gathered<'_>) {
    let mut seen = BTreeSet::new();
    for text in texts {
        if !seen.insert(text.get_ref()) {
            let kind = FaultKind::Repeated {
                key: key.to_owned(),
                text: text.get_ref().clone(),
            };
            gathered.at(text.span(), kind);
        }
    }
}

/// The members of a table in the order of the text; the parser sorts them by name.
pub(super) fn in_order<'t, 'i>(
    entries: &'t DeTable<'i>,
) -> Vec<(&'t Spanned<Cow<'i, str>>, &'t Node<'i>)> {
    let mut members: Vec<_> = entries.iter().collect();
    members.sort_by_key(|(key, _)| key.span().start);
    members
}

/// The members of a table.
pub(super) fn table_of<'t, 'i>(
    node: &'t Node<'i>,
    key: &str,
    gathered: &mut Gathered<'_>,
) -> Option<&'t DeTable<'i>> {
    let entries = node.get_ref().as_table();
    if entries.is_none() {
        wrong(node, key, "a table", gathered);
    }
    entries
}

/// A string.
pub(super) fn text_of(
    node: &Node<'_>,
    key: &str,
    gathered: &mut Gathered<'_>,
) -> Option<Spanned<String>> {
    let text = node.get_ref().as_str();
    if text.is_none() {
        wrong(node, key, "a string", gathered);
    }
    Some(Spanned::new(node.span(), text?.to_owned()))
}

/// A list of strings; those of its items that are strings, where some are not.
pub(super) fn texts_of(
    node: &Node<'_>,
    key: &str,
    gathered: &mut Gathered<'_>,
) -> Option<Vec<Spanned<String>>> {
    let Some(items) = node.get_ref().as_array() else {
        wrong(node, key, "a list of strings", gathered);
        return Some(Vec::new());
    };
    let item_key = format!("{key}[…]");
    let texts = items
        .iter()
        .filter_map(|item| text_of(item, &item_key, gathered));
    Some(texts.collect())
}

/// A value is not of the type it should be.
pub(super) fn wrong(node: &Node<'_>, key: &str, wanted: &'static str, gathered: &mut Gathered<'_>) {
    let given = match node.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let kind = FaultKind::WrongType {
        key: key.to_owned(),
        wanted,
        given,
    };
    gathered.at(node.span(), kind);
}
