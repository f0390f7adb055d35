//! The file: ours, of this version, and with our key.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use wardlet_keys::{KeyError, PrivateFolder, SealingKey};

use crate::error::VaultError;

/// The name of the vault in its folder.
pub const VAULT_FILE: &str = "vault.db";

/// Held by whoever opens it.
const LOCK_FILE: &str = "vault.lock";

/// Marks a file as ours for SQLite and `file`: "wdvt".
const APPLICATION: i32 = 0x7764_7674;

/// The version of the tables.
const VERSION: i32 = 1;

/// A writer holds the file for one transaction of some milliseconds. Tests have somebody who does not let go.
const WAIT: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 5 });

/// What the write-ahead file is cut back to.
const WAL_BYTES: u32 = 4 << 20;

/// What the check of the vault's key is sealed with.
const CHECK: &[u8] = b"wardlet-vault-check/v1";

/// `handle` finds a subject by its name, and does not tell it: it is a code under the vault's key.
const TABLES: &str = "
    CREATE TABLE check_of_key (only INTEGER PRIMARY KEY CHECK (only = 0), sealed BLOB NOT NULL) STRICT;
    CREATE TABLE subject (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        handle BLOB NOT NULL UNIQUE,
        pseudonym TEXT NOT NULL UNIQUE,
        key BLOB NOT NULL,
        name BLOB NOT NULL,
        made INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE disclosure (
        id INTEGER PRIMARY KEY,
        subject INTEGER NOT NULL,
        txn TEXT NOT NULL,
        digest TEXT NOT NULL UNIQUE,
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX disclosure_by_subject ON disclosure (subject);
    CREATE INDEX disclosure_by_txn ON disclosure (txn);";

/// Opens the file, or makes it.
pub(crate) fn open(folder: &Path, key: &SealingKey) -> Result<Connection, VaultError> {
    let private = PrivateFolder::open(folder)?;
    // Made by us, so that it is its owner's alone from the first byte on; and checked where it is there.
    drop(private.append(VAULT_FILE)?);
    let path = private.path().join(VAULT_FILE);
    // One at a time: SQLite does not wait for others while it changes the form of the journal. The lock ends with the
    // file, and is not the vault itself, of which closing a file would take away SQLite's own locks.
    let lock = private.append(LOCK_FILE)?;
    lock.lock().map_err(|source| KeyError::Io {
        action: "lock",
        path: private.path().join(LOCK_FILE),
        source,
    })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection = Connection::open_with_flags(&path, flags).map_err(VaultError::from)?;
    let prepared = prepare(&mut connection, key, &path).map_err(|error| error.at(folder));
    prepared.map(|()| connection)
}

fn prepare(connection: &mut Connection, key: &SealingKey, path: &Path) -> Result<(), VaultError> {
    connection.busy_timeout(WAIT)?;
    // Pages that are freed are written over, and moved within the file never: nothing of them is left.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES, |_| Ok(()))?;
    // A power cut may take the values of the last moments, as their entries' outcomes; never the file.
    connection.pragma_update(None, "synchronous", "normal")?;
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = |name| begun.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let foreign = || VaultError::Foreign {
        path: path.to_owned(),
    };
    let tables: u64 =
        begun.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (number("application_id")?, number("user_version")?, tables) {
        (APPLICATION, VERSION, _) => {
            let sealed: Vec<u8> =
                begun.query_row("SELECT sealed FROM check_of_key", [], |row| row.get(0))?;
            key.unseal(CHECK, &sealed)
                .ok_or_else(|| VaultError::OtherKey {
                    path: path.to_owned(),
                })?;
        }
        (0, 0, 0) => {
            begun.execute_batch(TABLES)?;
            let sealed = key.seal(CHECK, b"")?;
            begun.execute("INSERT INTO check_of_key VALUES (0, ?)", [sealed])?;
            begun.pragma_update(None, "application_id", APPLICATION)?;
            begun.pragma_update(None, "user_version", VERSION)?;
        }
        _ => return Err(foreign()),
    }
    begun.commit()?;
    // What an erasure that was killed left in the write-ahead file. Another process that has it in use does it itself.
    match forget_pages(connection) {
        Err(VaultError::Busy) => Ok(()),
        done => done,
    }
}

/// Writes the write-ahead file over into the vault and cuts it to nothing, so that no old page is left.
pub(crate) fn forget_pages(connection: &Connection) -> Result<(), VaultError> {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy { Err(VaultError::Busy) } else { Ok(()) }
}
