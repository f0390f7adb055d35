//! The file: ours, whole and of this version, or made anew.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior};
use rustix::fs::FlockOperation;
use wardlet_keys::{KeyError, PrivateFolder};

use super::{Mark, Rebuilt};
use crate::error::IndexError;

/// The name of the index in its folder.
pub const INDEX_FILE: &str = "index.db";

/// Held by whoever brings the index up to the log. Not the index itself: closing a file takes away the
/// locks that SQLite has on it.
const LOCK_FILE: &str = "index.lock";

/// Marks a file as ours for SQLite and `file`: "wdix".
const APPLICATION: i32 = 0x7764_6978;

/// The version of the tables. An index with any other is made anew.
const VERSION: i32 = 1;

/// Nobody writes but under the lock, so that a wait is for a reader's moment only.
const WAIT: Duration = Duration::from_secs(5);

/// The permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

/// What SQLite keeps of the file in memory, in KiB: the ends of all postings of a large log.
const CACHE_KIB: i64 = 64 * 1024;

/// What the write-ahead log is cut back to.
const WAL_BYTES: u32 = 4 << 20;

/// `word` holds each name once, with how many calls have it; `posting` says which, in the order of their
/// times. `held` and `ballot` wait for the decision that ends their request.
const TABLES: &str = "
    CREATE TABLE mark (
        only INTEGER PRIMARY KEY CHECK (only = 0),
        next INTEGER NOT NULL,
        origin TEXT NOT NULL,
        last BLOB NOT NULL
    ) STRICT;
    CREATE TABLE kind (name TEXT PRIMARY KEY, entries INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE word (
        id INTEGER PRIMARY KEY,
        vocabulary INTEGER NOT NULL,
        text TEXT NOT NULL,
        calls INTEGER NOT NULL DEFAULT 0,
        UNIQUE (vocabulary, text)
    ) STRICT;
    CREATE TABLE posting (
        word INTEGER NOT NULL,
        time INTEGER NOT NULL,
        call INTEGER NOT NULL,
        PRIMARY KEY (word, time, call)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE call (
        entry INTEGER PRIMARY KEY,
        time INTEGER NOT NULL,
        effect INTEGER NOT NULL,
        reason INTEGER NOT NULL,
        blame INTEGER,
        principal INTEGER NOT NULL,
        server INTEGER NOT NULL,
        method INTEGER NOT NULL,
        tool INTEGER,
        tool_known INTEGER NOT NULL,
        rules TEXT NOT NULL,
        plugins TEXT NOT NULL,
        policy_set INTEGER,
        protocol INTEGER,
        txn TEXT NOT NULL,
        argument_bytes INTEGER,
        count INTEGER,
        gateway INTEGER NOT NULL,
        build INTEGER NOT NULL,
        approved INTEGER NOT NULL,
        request INTEGER,
        votes TEXT NOT NULL,
        outcome INTEGER,
        outcome_time INTEGER,
        status INTEGER,
        outcome_reason INTEGER,
        outcome_blame INTEGER,
        is_error INTEGER,
        result_bytes INTEGER,
        upstream_us INTEGER
    ) STRICT;
    CREATE INDEX call_by_time ON call (time);
    CREATE TABLE held (statement TEXT PRIMARY KEY, request INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE ballot (
        request INTEGER NOT NULL,
        entry INTEGER NOT NULL,
        approver INTEGER NOT NULL,
        choice INTEGER NOT NULL,
        PRIMARY KEY (request, entry)
    ) STRICT, WITHOUT ROWID;";

const DROP: &str = "
    DROP TABLE IF EXISTS mark; DROP TABLE IF EXISTS kind; DROP TABLE IF EXISTS word;
    DROP TABLE IF EXISTS posting; DROP TABLE IF EXISTS call; DROP TABLE IF EXISTS held;
    DROP TABLE IF EXISTS ballot;";

/// Keeps others from bringing the index up to the log, until it is dropped. The system lets go of it when
/// a process ends, however it ends.
pub(super) fn lock(folder: &PrivateFolder) -> Result<File, IndexError> {
    let file = folder.append(LOCK_FILE)?;
    rustix::fs::flock(&file, FlockOperation::LockExclusive).map_err(|errno| {
        IndexError::Folder(KeyError::Io {
            action: "lock",
            path: folder.path().join(LOCK_FILE),
            source: errno.into(),
        })
    })?;
    Ok(file)
}

/// Takes away the index, with what SQLite keeps beside it. Under the lock.
pub(super) fn remove(folder: &PrivateFolder) -> Result<(), IndexError> {
    for beside in ["-wal", "-shm", "-journal", ""] {
        folder.remove(&format!("{INDEX_FILE}{beside}"))?;
    }
    Ok(())
}

/// Opens the file, or makes it; and says why it is empty, where it is.
pub(super) fn open(folder: &PrivateFolder) -> Result<(Connection, Option<Rebuilt>), IndexError> {
    make_private(folder)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let path = folder.path().join(INDEX_FILE);
    let mut connection = Connection::open_with_flags(&path, flags)?;
    connection.busy_timeout(WAIT)?;
    // Before anything is written: a file that is not ours stays as it is.
    let why = match [
        number(&connection, "application_id")?,
        number(&connection, "user_version")?,
    ] {
        [APPLICATION, VERSION] => None,
        [APPLICATION, _] => Some(Rebuilt::Version),
        [0, 0] if number(&connection, "schema_version")? == 0 => Some(Rebuilt::Missing),
        _ => return Err(IndexError::Foreign { path }),
    };
    set_up(&connection)?;
    if why.is_some() {
        clear(&mut connection)?;
    } else if shape(&connection)? != shape(&temporary()?)? {
        return Err(IndexError::Damaged);
    }
    Ok((connection, why))
}

/// An index in a temporary file, which nobody else sees.
pub(super) fn temporary() -> Result<Connection, IndexError> {
    // SQLite's name for one that it makes for itself and removes with the connection.
    let mut connection = Connection::open("")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "synchronous", "off")?;
    clear(&mut connection)?;
    Ok(connection)
}

/// Makes an empty file, its owner's alone; or takes away one that others could have changed.
fn make_private(folder: &PrivateFolder) -> Result<(), IndexError> {
    if folder.create_new(INDEX_FILE, b"")? {
        return Ok(());
    }
    let path = folder.path().join(INDEX_FILE);
    let found = std::fs::symlink_metadata(&path).map_err(|source| KeyError::Io {
        action: "open",
        path,
        source,
    })?;
    if found.is_file() && found.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    remove(folder)?;
    folder.create_new(INDEX_FILE, b"")?;
    Ok(())
}

fn number(connection: &Connection, pragma: &str) -> Result<i32, IndexError> {
    Ok(connection.pragma_query_value(None, pragma, |row| row.get(0))?)
}

fn set_up(connection: &Connection) -> Result<(), IndexError> {
    // What stands in the file's own schema may do no harm.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
    // So that others can ask while one brings the index up. A file system without shared memory keeps
    // the journal that it has, and they wait.
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    Ok(())
}

/// The definitions of all tables and indices, and of whatever else is there.
fn shape(connection: &Connection) -> Result<Vec<String>, IndexError> {
    let mut statement = connection
        .prepare("SELECT coalesce(sql, '') || name FROM sqlite_schema ORDER BY type, name")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes the tables anew, empty, in one transaction.
pub(super) fn clear(connection: &mut Connection) -> Result<(), IndexError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(DROP)?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// How far the log was read; none where it was not begun.
pub(super) fn mark(connection: &Connection) -> Result<Option<Mark>, IndexError> {
    let read = "SELECT next, origin, last FROM mark";
    let found = connection.query_row(read, [], |row| {
        Ok(Mark {
            next: row.get(0)?,
            origin: row.get(1)?,
            last: row.get(2)?,
        })
    });
    Ok(found.optional()?)
}
