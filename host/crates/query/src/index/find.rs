//! Asking the index.
//!
//! Each word of a filter has its postings, in the order of their calls' times. Those of the word with the
//! fewest calls are gone through, and each is looked up among the postings of the others. This is our own
//! plan: it needs no statistics, and whatever the filter, a page costs what its rarest word does at most.

use std::fmt;
use std::str::FromStr;

use super::words::{Named, Texts};
use super::{Index, rows, words};
use crate::call::Call;
use crate::error::IndexError;
use crate::filter::Filter;

/// The most calls in one page: some megabytes.
pub const MAX_PAGE: u32 = 10_000;

/// The most postings that are merged, each by a statement of its own within SQLite's 500. More, which only
/// the beginning of very many digests means, are sorted.
const MAX_MERGED: usize = 64;

/// Which calls come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The latest.
    #[default]
    NewestFirst,
    /// The earliest.
    OldestFirst,
}

/// The place behind a call, from where the next page goes on. Its text is the call's time in milliseconds
/// since 1970, a `-` and the index of its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    time_ms: u64,
    entry: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.time_ms, self.entry)
    }
}

/// A text that is no [`Cursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a place to go on from is two numbers with a `-` between")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let parse = || {
            let (time, entry) = text.split_once('-')?;
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            if !digits(time) || !digits(entry) {
                return None;
            }
            // SQLite's integers are signed.
            let number = |text: &str| {
                text.parse()
                    .ok()
                    .filter(|n: &u64| i64::try_from(*n).is_ok())
            };
            Some(Cursor {
                time_ms: number(time)?,
                entry: number(entry)?,
            })
        };
        parse().ok_or(BadCursor)
    }
}

/// Some of the calls that a filter finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The calls.
    pub calls: Vec<Call>,
    /// Where the next page begins; none where there are no more.
    pub next: Option<Cursor>,
}

impl Index {
    /// The call that was decided by this entry; none where that is no decision.
    ///
    /// # Errors
    /// [`IndexError`]
    pub fn call(&self, entry: u64) -> Result<Option<Call>, IndexError> {
        let on = self.connection.unchecked_transaction()?;
        // SQLite's integers are signed.
        let Ok(entry) = i64::try_from(entry) else {
            return Ok(None);
        };
        let mut statement = on.prepare_cached("SELECT 1 FROM call WHERE entry = ?1")?;
        if !statement.exists([entry])? {
            return Ok(None);
        }
        Ok(Some(rows::call(&on, entry, &mut Texts::new(&on))?))
    }

    /// All calls that a filter finds, the earliest first. They are held in memory.
    pub(crate) fn find_all(&self, filter: &Filter) -> Result<Vec<Call>, IndexError> {
        let mut calls = Vec::new();
        let mut after = None;
        loop {
            let page = self.find(filter, Order::OldestFirst, after, MAX_PAGE)?;
            calls.extend(page.calls);
            after = page.next;
            if after.is_none() {
                return Ok(calls);
            }
        }
    }

    /// The calls that a filter finds, by the times of their decisions: so many at most, from behind
    /// `after` on. A limit over [`MAX_PAGE`] counts as that.
    ///
    /// # Errors
    /// [`IndexError`]
    pub fn find(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Page, IndexError> {
        // One transaction, so that a page is of one state of the index.
        let on = self.connection.unchecked_transaction()?;
        let mut terms = Vec::new();
        for (field, values) in filter.values() {
            let mut named = Vec::new();
            for value in values {
                named.extend(words::named(&on, field, value)?);
            }
            if named.is_empty() {
                return Ok(Page {
                    calls: Vec::new(),
                    next: None,
                });
            }
            terms.push(named);
        }
        terms.sort_by_key(|named| named.iter().map(|word| word.calls).sum::<u64>());
        let limit = limit.min(MAX_PAGE);
        let select = select(&terms, filter, order, after, limit);
        let mut statement = on.prepare(&select)?;
        let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut found: Vec<(u64, i64)> = found.collect::<Result<_, _>>()?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let mut texts = Texts::new(&on);
        let mut calls = Vec::with_capacity(found.len());
        for (_, entry) in &found {
            calls.push(rows::call(&on, *entry, &mut texts)?);
        }
        let last = calls.last().map(|call| Cursor {
            time_ms: call.time_ms,
            entry: call.entry,
        });
        Ok(Page {
            calls,
            next: last.filter(|_| more),
        })
    }
}

/// Numbers as SQL lists them.
fn list(words: &[Named]) -> String {
    let ids: Vec<String> = words.iter().map(|word| word.id.to_string()).collect();
    ids.join(", ")
}

/// The statement. All that stands in it are numbers of ours.
fn select(
    terms: &[Vec<Named>],
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: u32,
) -> String {
    let (compare, direction) = match order {
        Order::NewestFirst => ("<", "DESC"),
        Order::OldestFirst => (">", "ASC"),
    };
    let mut conditions = String::new();
    if let Some(since) = filter.since_ms() {
        conditions.push_str(&format!(" AND d.time >= {since}"));
    }
    if let Some(until) = filter.until_ms() {
        conditions.push_str(&format!(" AND d.time < {until}"));
    }
    if let Some(Cursor { time_ms, entry }) = after {
        conditions.push_str(&format!(
            " AND (d.time, d.call) {compare} ({time_ms}, {entry})"
        ));
    }
    for others in terms.iter().skip(1) {
        conditions.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM posting p
            WHERE p.word IN ({}) AND p.time = d.time AND p.call = d.call)",
            list(others)
        ));
    }
    let from = match terms.first() {
        // Two words of one field, such as two effects: SQLite merges their postings, and a call that has
        // both comes once.
        Some(driving) if driving.len() > MAX_MERGED => {
            let words = list(driving);
            format!(
                "SELECT DISTINCT d.time, d.call FROM posting d WHERE d.word IN ({words}){conditions}"
            )
        }
        Some(driving) => {
            let arm = |word: &Named| {
                let id = word.id;
                format!("SELECT d.time, d.call FROM posting d WHERE d.word = {id}{conditions}")
            };
            driving.iter().map(arm).collect::<Vec<_>>().join(" UNION ")
        }
        None => {
            let conditions = conditions.replace("d.call", "d.entry");
            format!("SELECT d.time, d.entry FROM call d WHERE TRUE{conditions}")
        }
    };
    // One more shows whether there are more.
    let most = limit + 1;
    format!("{from} ORDER BY 1 {direction}, 2 {direction} LIMIT {most}")
}
