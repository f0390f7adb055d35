//! The names of calls: each stands in the index once, under a number.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _};

use crate::error::IndexError;
use crate::field::{Field, Vocabulary};

/// Words that are remembered while a log is read. Tools that no upstream lists, and principals, may be
/// many; what was forgotten is looked up again.
const REMEMBERED: usize = 65_536;

const FIND: &str = "SELECT id FROM word WHERE vocabulary = ?1 AND text = ?2";

const ADD: &str = "INSERT INTO word (vocabulary, text) VALUES (?1, ?2)";

const TEXT: &str = "SELECT text FROM word WHERE id = ?1";

/// Words by their texts, and how many more calls have each.
#[derive(Default)]
pub(super) struct Words {
    ids: HashMap<Vocabulary, HashMap<String, i64>>,
    remembered: usize,
}

impl Words {
    /// The number of a word, which is added where it is new.
    pub(super) fn id(
        &mut self,
        on: &Connection,
        vocabulary: Vocabulary,
        text: &str,
    ) -> Result<i64, IndexError> {
        if let Some(id) = self.ids.get(&vocabulary).and_then(|ids| ids.get(text)) {
            return Ok(*id);
        }
        if self.remembered >= REMEMBERED {
            self.forget();
        }
        let number = vocabulary.number();
        let found = on
            .prepare_cached(FIND)?
            .query_row((number, text), |row| row.get(0))
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => on.prepare_cached(ADD)?.insert((number, text))?,
        };
        self.ids
            .entry(vocabulary)
            .or_default()
            .insert(text.to_owned(), id);
        self.remembered += 1;
        Ok(id)
    }

    /// Forgets all.
    pub(super) fn forget(&mut self) {
        self.ids.clear();
        self.remembered = 0;
    }
}

/// The texts of words, remembered while a page is read.
pub(super) struct Texts<'a> {
    on: &'a Connection,
    found: HashMap<i64, String>,
}

impl<'a> Texts<'a> {
    pub(super) fn new(on: &'a Connection) -> Self {
        Texts {
            on,
            found: HashMap::new(),
        }
    }

    /// The text of a word.
    pub(super) fn of(&mut self, id: i64) -> Result<String, IndexError> {
        if let Some(text) = self.found.get(&id) {
            return Ok(text.clone());
        }
        let mut statement = self.on.prepare_cached(TEXT)?;
        // A row that names a word which is not there is damage.
        let text: String = statement.query_row([id], |row| row.get(0))?;
        self.found.insert(id, text.clone());
        Ok(text)
    }

    /// The text of a word, where there is one.
    pub(super) fn maybe(&mut self, id: Option<i64>) -> Result<Option<String>, IndexError> {
        id.map(|id| self.of(id)).transpose()
    }
}

/// A word that a filter names.
pub(super) struct Named {
    pub(super) id: i64,
    pub(super) calls: u64,
}

/// The words of a field that a filter's value means: the one with this text, or all digests that begin
/// with it.
pub(super) fn named(on: &Connection, field: Field, text: &str) -> Result<Vec<Named>, IndexError> {
    let condition = if field == Field::Digest {
        // No digit of a digest comes after `f`.
        "text >= ?2 AND text < ?2 || 'g'"
    } else {
        "text = ?2"
    };
    let find = format!("SELECT id, calls FROM word WHERE vocabulary = ?1 AND {condition}");
    let mut statement = on.prepare_cached(&find)?;
    let number = Vocabulary::Of(field).number();
    let rows = statement.query_map((number, text), |row| {
        Ok(Named {
            id: row.get(0)?,
            calls: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What calls have in a field, those with the most calls first.
pub(super) fn values(
    on: &Connection,
    field: Field,
    most: u32,
) -> Result<Vec<(String, u64)>, IndexError> {
    let mut statement = on.prepare_cached(
        "SELECT text, calls FROM word WHERE vocabulary = ?1 AND calls > 0
        ORDER BY calls DESC, text LIMIT ?2",
    )?;
    let number = Vocabulary::Of(field).number();
    let rows = statement.query_map((number, most), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
