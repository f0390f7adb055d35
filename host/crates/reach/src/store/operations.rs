//! What is done with an entry or counter, each within one transaction.

use std::sync::Arc;

use rusqlite::types::{FromSql, ToSql, ToSqlOutput, Value};
use rusqlite::{OptionalExtension as _, Transaction, params};
use wardlet_call::{ENTRY_BYTES, Entry, MAX_KEY_BYTES, MAX_VALUE_BYTES, StoreError};

/// Ended entries that each write takes away: more than a write can add, so that they never pile up.
const SWEPT_BY_A_WRITE: i64 = 16;

/// Ended entries that a write takes away where it has no room: so many of the smallest make room for
/// the largest. Bounded, so that a write is over in a moment.
const SWEPT_FOR_ROOM: i64 = 2 + ((MAX_KEY_BYTES + MAX_VALUE_BYTES) as u64 / ENTRY_BYTES) as i64;

const FIND: &str = "SELECT value, expires FROM kept
    WHERE plugin = ?1 AND kind = ?2 AND key = ?3 AND (expires IS NULL OR expires > ?4)";

/// An entry that has ended and was not swept yet still has its row, and its size counts.
const SIZE: &str = "SELECT size FROM kept WHERE plugin = ?1 AND kind = ?2 AND key = ?3";

const WRITE: &str = "INSERT INTO kept (plugin, kind, key, value, size, expires)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (plugin, kind, key) DO UPDATE
    SET value = excluded.value, size = excluded.size, expires = excluded.expires";

const DELETE: &str = "DELETE FROM kept WHERE plugin = ?1 AND kind = ?2 AND key = ?3";

const SWEEP: &str = "DELETE FROM kept WHERE rowid IN (
    SELECT rowid FROM kept WHERE plugin = ?1 AND expires <= ?2 ORDER BY expires LIMIT ?3)";

const USED: &str = "SELECT bytes FROM used WHERE plugin = ?1";

/// Whose it is, and how much that may be.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) plugin: Arc<str>,
    pub(super) quota: i64,
}

/// The two things that have keys.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Entry = 0,
    Counter = 1,
}

impl ToSql for Kind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(*self as i64))
    }
}

/// One key of one plugin, at one time.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) scope: Scope,
    pub(super) kind: Kind,
    pub(super) key: Box<str>,
    pub(super) now: i64,
}

/// What an operation gives: an error of SQLite, or what the plugin is told.
type Done<T> = rusqlite::Result<Result<T, StoreError>>;

/// Milliseconds since 1970, or as many of them, as SQLite has them.
pub(super) fn milliseconds(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

impl Place {
    /// What stands there, with its end.
    fn find<T: FromSql>(&self, on: &Transaction<'_>) -> rusqlite::Result<Option<(T, Option<i64>)>> {
        let place = params![self.scope.plugin, self.kind, self.key, self.now];
        on.prepare_cached(FIND)?
            .query_row(place, |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }

    pub(super) fn value(&self, on: &Transaction<'_>) -> rusqlite::Result<Option<Vec<u8>>> {
        Ok(self.find(on)?.map(|(value, _)| value))
    }

    pub(super) fn count(&self, on: &Transaction<'_>) -> rusqlite::Result<i64> {
        Ok(self.find(on)?.map_or(0, |(count, _)| count))
    }

    pub(super) fn delete(&self, on: &Transaction<'_>) -> rusqlite::Result<bool> {
        let there = self.find::<Value>(on)?.is_some();
        on.prepare_cached(DELETE)?
            .execute(params![self.scope.plugin, self.kind, self.key])?;
        Ok(there)
    }

    pub(super) fn set(&self, on: &Transaction<'_>, entry: &Entry) -> Done<bool> {
        if entry.only_new && self.find::<Value>(on)?.is_some() {
            return Ok(Ok(false));
        }
        let expires = entry.lifetime_ms.map(|ms| self.after(ms));
        let written = self.write(on, &entry.value, entry.value.len(), expires)?;
        Ok(written.map(|()| true))
    }

    pub(super) fn add(&self, on: &Transaction<'_>, delta: i64, window: Option<u64>) -> Done<i64> {
        let begun = self.find(on)?;
        let begin = || (0, window.map(|ms| self.after(ms)));
        let (count, expires): (i64, Option<i64>) = begun.unwrap_or_else(begin);
        let Some(count) = count.checked_add(delta) else {
            return Ok(Err(StoreError::OutOfRange));
        };
        let written = self.write(on, &count, 0, expires)?;
        Ok(written.map(|()| count))
    }

    fn after(&self, ms: u64) -> i64 {
        self.now.saturating_add(milliseconds(ms))
    }

    /// Writes where the quota allows it.
    fn write(
        &self,
        on: &Transaction<'_>,
        value: &dyn ToSql,
        length: usize,
        expires: Option<i64>,
    ) -> Done<()> {
        let size = milliseconds((self.key.len() + length) as u64 + ENTRY_BYTES);
        self.sweep(on, SWEPT_BY_A_WRITE)?;
        if !self.has_room(on, size)? {
            self.sweep(on, SWEPT_FOR_ROOM)?;
            if !self.has_room(on, size)? {
                return Ok(Err(StoreError::Quota));
            }
        }
        let place = params![self.scope.plugin, self.kind, self.key, value, size, expires];
        on.prepare_cached(WRITE)?.execute(place)?;
        Ok(Ok(()))
    }

    fn has_room(&self, on: &Transaction<'_>, size: i64) -> rusqlite::Result<bool> {
        let used: Option<i64> = on
            .prepare_cached(USED)?
            .query_row(params![self.scope.plugin], |row| row.get(0))
            .optional()?;
        let old: Option<i64> = on
            .prepare_cached(SIZE)?
            .query_row(params![self.scope.plugin, self.kind, self.key], |row| {
                row.get(0)
            })
            .optional()?;
        let others = used.unwrap_or(0).saturating_sub(old.unwrap_or(0));
        Ok(others.saturating_add(size) <= self.scope.quota)
    }

    fn sweep(&self, on: &Transaction<'_>, most: i64) -> rusqlite::Result<usize> {
        on.prepare_cached(SWEEP)?
            .execute(params![self.scope.plugin, self.now, most])
    }
}
