//! Opening the file: ours, whole, and of this version, or not at all.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

/// Marks a file as ours for SQLite and `file`: "ward".
const APPLICATION: i32 = 0x7761_7264;

/// The version of the tables. A file with a later one is left to the gateway that wrote it.
const VERSION: i32 = 1;

/// Other gateways that start over the same file make its tables, and look it through, in less.
const OPEN_WAIT: Duration = Duration::from_secs(5);

/// The permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

/// What the write-ahead log is cut back to. It grows beyond only while somebody reads for long.
const WAL_BYTES: u32 = 4 << 20;

/// `kind` is 0 for an entry and 1 for a counter. The sum of a plugin's sizes is kept by triggers, so
/// that no writer can forget it, and read at each write without going through its rows.
const TABLES: &str = "
    CREATE TABLE kept (
        plugin TEXT NOT NULL,
        kind INTEGER NOT NULL,
        key TEXT NOT NULL,
        value ANY NOT NULL,
        size INTEGER NOT NULL,
        expires INTEGER,
        UNIQUE (plugin, kind, key)
    ) STRICT;
    CREATE INDEX expiring ON kept (plugin, expires) WHERE expires IS NOT NULL;
    CREATE TABLE used (plugin TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TRIGGER written AFTER INSERT ON kept BEGIN
        INSERT INTO used VALUES (new.plugin, new.size)
            ON CONFLICT (plugin) DO UPDATE SET bytes = bytes + new.size;
    END;
    CREATE TRIGGER rewritten AFTER UPDATE OF size ON kept BEGIN
        UPDATE used SET bytes = bytes - old.size + new.size WHERE plugin = new.plugin;
    END;
    CREATE TRIGGER taken AFTER DELETE ON kept BEGIN
        UPDATE used SET bytes = bytes - old.size WHERE plugin = old.plugin;
    END;";

/// Why a store is not opened. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be read or written.
    #[error("{0}")]
    Unreadable(#[source] io::Error),
    /// It is no store of ours.
    #[error("it is not a store of Wardlet")]
    Foreign,
    /// Others than its owner may read or write it.
    #[error("others than its owner may read or write it")]
    Exposed,
    /// It is damaged.
    #[error("it is damaged")]
    Damaged,
    /// A later version of Wardlet wrote it.
    #[error("a later version of Wardlet wrote it")]
    Later,
    /// SQLite refuses it.
    #[error("{0}")]
    Refused(#[source] rusqlite::Error),
}

impl OpenError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            OpenError::Unreadable(_) | OpenError::Refused(_) => {
                "check that you own it, that its folder can be written, and that the disk has room"
            }
            OpenError::Foreign => "move it away; a new one is made",
            OpenError::Exposed => {
                "if nobody else has read or changed it, close it to them with `chmod 600`"
            }
            OpenError::Damaged => {
                "put a copy back, or move it away: then plugins begin with nothing, and what they counted is lost"
            }
            OpenError::Later => "run the later version, or give this one another `state` folder",
        }
    }

    fn of(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::Foreign,
            Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged,
            _ => OpenError::Refused(error),
        }
    }
}

/// Opens the file, or makes it.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    match fs::symlink_metadata(path) {
        Ok(found) => check_private(&found)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path)?,
        Err(error) => return Err(OpenError::Unreadable(error)),
    }
    let connection = prepared(path)?;
    look_through(&connection)?;
    Ok(connection)
}

/// Makes the file under another name, whole, and then gives it its own, unless somebody else was quicker:
/// gateways that start at the same time never meet half of it. SQLite gives the files beside it the same
/// permissions, which are its owner's alone.
fn make(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let other = tempfile::Builder::new()
        .prefix(".store-")
        .tempfile_in(folder)
        .map_err(OpenError::Unreadable)?;
    // Its handle is closed before SQLite opens it: closing it later would take away SQLite's locks.
    let other = other.into_temp_path();
    let closed = prepared(&other)?.close();
    closed.map_err(|(_, error)| OpenError::of(error))?;
    match other.persist_noclobber(path) {
        Ok(()) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(OpenError::Unreadable(error.error)),
    }
}

/// Opens a file that is there, and makes the tables where nothing is in it.
fn prepared(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(OpenError::of)?;
    connection.busy_timeout(OPEN_WAIT).map_err(OpenError::of)?;
    // Before anything is written: a file that is not ours stays as it is. In one transaction, since another
    // gateway may write what is read here.
    let looking = connection.transaction().map_err(OpenError::of)?;
    let new = is_new(&looking)?;
    looking.finish().map_err(OpenError::of)?;
    prepare(&mut connection, new)?;
    Ok(connection)
}

/// A file that is there is not opened here: closing it would take away the locks of whoever else in this
/// process has it open.
fn check_private(found: &fs::Metadata) -> Result<(), OpenError> {
    if !found.is_file() {
        return Err(OpenError::Foreign);
    }
    if found.permissions().mode() & OTHERS != 0 {
        return Err(OpenError::Exposed);
    }
    Ok(())
}

fn number(connection: &Connection, pragma: &str) -> Result<i32, OpenError> {
    connection
        .pragma_query_value(None, pragma, |row| row.get(0))
        .map_err(OpenError::of)
}

/// Whether nothing is in the file yet; an error where something else is than our tables.
fn is_new(connection: &Connection) -> Result<bool, OpenError> {
    let of = [
        number(connection, "application_id")?,
        number(connection, "user_version")?,
    ];
    match of {
        [APPLICATION, VERSION] => Ok(false),
        [APPLICATION, _] => Err(OpenError::Later),
        [0, 0] if number(connection, "schema_version")? == 0 => Ok(true),
        _ => Err(OpenError::Foreign),
    }
}

fn prepare(connection: &mut Connection, new: bool) -> Result<(), OpenError> {
    let set_up = || {
        // What stands in the file's own schema may do no harm.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
        Ok(mode)
    };
    let mode = set_up().map_err(OpenError::of)?;
    if mode != "wal" {
        let text = "its file system has no shared memory, which several gateways need";
        return Err(OpenError::Unreadable(io::Error::other(text)));
    }
    if !new {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(OpenError::of)?;
    // Another gateway may have made the tables meanwhile.
    if is_new(&transaction)? {
        let make = || {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", VERSION)
        };
        make().map_err(OpenError::of)?;
    }
    transaction.commit().map_err(OpenError::of)?;
    // Into the file itself, so that it is known for ours whatever becomes of the log beside it. Another
    // gateway that reads meanwhile puts it off, and that does no harm.
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(OpenError::of)
}

/// Reads every page, so that damage shows now and not in the middle of a check.
fn look_through(connection: &Connection) -> Result<(), OpenError> {
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(OpenError::of)?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged)
    }
}
