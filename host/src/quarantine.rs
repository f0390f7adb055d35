//! Who keeps making which plugin fault, and is refused what needs it.
//!
//! A fault is a denial each time, and costs the gateway a plugin's whole deadline. Whoever causes
//! fault upon fault in a plugin is refused what needs that plugin, without running it, until an
//! operator lifts that. It is never for everyone: else one agent could deny all others.
//!
//! The counts are kept in the state folder, since an agent whose gateway ends with its session would
//! begin anew with each connection. Gateways over one folder share them: each change is made to what the file
//! says, under a lock, and [`Quarantine::follow`] takes over what the others changed.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wardlet_audit::{self as audit, AuditError, Event, QuarantineChange};
use wardlet_call::{PluginName, ServerName};
use wardlet_keys::{KeyError, PrivateFolder};
use wardlet_sandbox::Fault;
use wardlet_vault::VaultError;

use crate::gate::Gate;

/// The file in the state folder.
pub const FILE: &str = "quarantine.json";

/// Faults of one plugin by one caller within [`WINDOW_S`] that lead to quarantine. A plugin that works
/// does not fault at all; an agent that meets a defect of one tries a handful of times.
pub const MAX_FAULTS: usize = 8;

/// Seconds in which they count: a defect met now and then over a day is no attack.
pub const WINDOW_S: u64 = 600;

/// How often a gateway looks what the others over its folder changed: whom one holds, all hold within this time.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// The file whose lock whoever changes [`FILE`] holds.
const LOCK: &str = "quarantine.lock";

/// Callers and plugins of which faults are kept at one time, so that the file stays small. Beyond, the
/// one whose last fault is the longest ago is forgotten; whoever is in quarantine never is.
const MAX_COUNTED: usize = 4096;

/// Bytes of the file that are read: far above what so many records have.
const MAX_FILE: usize = 16 << 20;

/// The version of the file's form.
const VERSION: u32 = 1;

/// A caller in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The plugin that it made fault.
    pub plugin: String,
    /// The pseudonym of the caller, as entries have it; or `upstream:` and the server's name, for what
    /// a server sends that belongs to no call.
    pub principal: String,
    /// The last fault: a word of the sandbox.
    pub fault: String,
    /// Since when, in seconds since 1970.
    pub since: u64,
}

impl Quarantined {
    /// The entry that says that it is in quarantine from here on; or no longer, where it is lifted by somebody.
    #[must_use]
    pub fn entry(&self, lifted_by: Option<&str>) -> Event {
        Event::Quarantine(audit::Quarantine {
            by: lifted_by.map(str::to_owned),
            change: match lifted_by {
                None => QuarantineChange::Held,
                Some(_) => QuarantineChange::Lifted,
            },
            fault: self.fault.clone(),
            plugin: self.plugin.clone(),
            principal: self.principal.clone(),
        })
    }
}

/// Why the quarantine cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// The folder or the file.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The file is not what this version writes.
    #[error("`{}` is not readable as the list of callers in quarantine", .0.display())]
    Damaged(PathBuf),
    /// Whoever lifts cannot be named in an entry.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A lifting cannot be recorded.
    #[error("the lifting cannot be recorded: {0}")]
    Audit(#[from] AuditError),
}

impl QuarantineError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            QuarantineError::Key(error) => error.hint(),
            QuarantineError::Damaged(path) => Some(format!(
                "remove `{}` if nobody is to stay in quarantine, or restore it",
                path.display()
            )),
            QuarantineError::Vault(error) => error.hint(),
            QuarantineError::Audit(error) => error.hint(),
        }
    }
}

/// What is known of one caller and one plugin.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    plugin: String,
    principal: String,
    /// When it made the plugin fault, in seconds since 1970; the oldest first.
    faults: Vec<u64>,
    /// The last fault.
    fault: String,
    /// Since when it is in quarantine.
    since: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    v: u32,
    records: Vec<Record>,
}

/// By plugin, then by caller.
type Records = BTreeMap<String, BTreeMap<String, Record>>;

/// The counts of faults, and who is in quarantine.
#[derive(Debug)]
pub struct Quarantine {
    folder: PrivateFolder,
    records: Mutex<Records>,
    /// Who is held here is not all in the file, since that could not be written.
    unkept: AtomicBool,
    /// The file as it was read last.
    seen: Mutex<Option<Mark>>,
}

/// Tells one writing of the file from the next: its inode, and when it was changed, in seconds and nanoseconds.
type Mark = (u64, i64, i64);

/// Lets a gate follow what other gateways over its folder change, for as long as the process lives.
pub async fn follow(gate: Arc<Gate>) {
    let mut turns = tokio::time::interval(FOLLOW_EVERY);
    loop {
        turns.tick().await;
        let gate = Arc::clone(&gate);
        // It reads files, and may wait for another gateway's lock.
        let followed = tokio::task::spawn_blocking(move || {
            gate.quarantine().follow();
            gate.principals().follow();
        });
        if followed.await.is_err() {
            return;
        }
    }
}

/// The name under which the faults of a server's messages are counted that belong to no call. No
/// caller's pseudonym has a colon.
#[must_use]
pub fn upstream(server: &ServerName) -> String {
    format!("upstream:{server}")
}

impl Quarantine {
    /// Reads what an earlier run left in the state folder.
    ///
    /// # Errors
    /// [`QuarantineError`] where it cannot be read: a gateway that forgot would let go.
    pub fn open(folder: &Path) -> Result<Self, QuarantineError> {
        let folder = PrivateFolder::open(folder)?;
        let records = Mutex::new(read(&folder)?);
        Ok(Quarantine {
            folder,
            records,
            unkept: AtomicBool::new(false),
            seen: Mutex::default(),
        })
    }

    /// Takes over what other gateways over the folder changed. A file that cannot be read changes nothing, and is
    /// told in the log: whoever is held stays held.
    pub fn follow(&self) {
        let mut records = self.lock();
        let mark = std::fs::metadata(self.folder.path().join(FILE)).ok();
        let mark = mark.map(|file| (file.ino(), file.mtime(), file.mtime_nsec()));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let unkept = self.unkept.load(Ordering::Relaxed);
        if mark == *seen && !unkept {
            return;
        }
        let kept = self.latest(&records).and_then(|(_lock, kept)| {
            if unkept {
                self.keep(&kept)?;
            }
            Ok(kept)
        });
        match kept {
            Ok(kept) => (*records, *seen) = (kept, mark),
            // Whoever is held stays held. What was not kept was told when it was not.
            Err(error) if !unkept => {
                tracing::error!(%error, "the quarantine of other gateways is not known");
            }
            Err(_) => {}
        }
    }

    /// What the file says, with what `known` holds beyond what could be written, and the lock under which nobody
    /// else changes it. It ends with the file.
    fn latest(&self, known: &Records) -> Result<(std::fs::File, Records), QuarantineError> {
        let lock = self.folder.append(LOCK)?;
        lock.lock().map_err(|source| KeyError::Io {
            action: "lock",
            path: self.folder.path().join(LOCK),
            source,
        })?;
        let mut records = read(&self.folder)?;
        if self.unkept.load(Ordering::Relaxed) {
            for record in known.values().flat_map(BTreeMap::values) {
                let by_caller = records.entry(record.plugin.clone()).or_default();
                let kept = by_caller.get(&record.principal);
                let is_more = |kept: &Record| {
                    record.since.is_some() || record.faults.len() > kept.faults.len()
                };
                if kept.is_none_or(is_more) {
                    by_caller.insert(record.principal.clone(), record.clone());
                }
            }
        }
        Ok((lock, records))
    }

    /// Whether a caller is refused what needs a plugin.
    #[must_use]
    pub fn holds(&self, plugin: &PluginName, principal: &str) -> bool {
        let records = self.lock();
        let record = records
            .get(plugin.as_str())
            .and_then(|by| by.get(principal));
        record.is_some_and(|record| record.since.is_some())
    }

    /// Counts a fault that a caller made a plugin have at `now_s`, in seconds since 1970. Where that is
    /// one too many the operator is told, and whoever is in quarantine now is given back, once.
    ///
    /// What is not the caller's doing does not count: that no sandbox was free, or that the plugin does not
    /// have the role. Nor does it count that the plugin says that it failed. Most often something behind
    /// it is down, for every caller; and an agent that brings it about gains nothing: the check ended
    /// within its limits, cost no more than an allowance, and the call is denied each time.
    #[must_use]
    pub fn count(
        &self,
        plugin: &PluginName,
        principal: &str,
        fault: Fault,
        now_s: u64,
    ) -> Option<Quarantined> {
        if matches!(fault, Fault::Busy | Fault::NoRole | Fault::Failed) {
            return None;
        }
        let mut records = self.lock();
        // Where the file cannot be read what is known here counts on.
        let lock = self.latest(&records).map(|(lock, kept)| {
            *records = kept;
            lock
        });
        let by_caller = records.entry(plugin.to_string()).or_default();
        let record = by_caller
            .entry(principal.to_owned())
            .or_insert_with(|| Record {
                plugin: plugin.to_string(),
                principal: principal.to_owned(),
                faults: Vec::new(),
                fault: String::new(),
                since: None,
            });
        // It holds already, and another fault changes nothing that would have to be kept.
        if record.since.is_some() {
            return None;
        }
        record
            .faults
            .retain(|at| now_s.saturating_sub(*at) < WINDOW_S);
        record.faults.push(now_s);
        fault.word().clone_into(&mut record.fault);
        if record.faults.len() >= MAX_FAULTS {
            record.since = Some(now_s);
            tracing::warn!(
                %plugin, principal, fault = fault.word(),
                "{MAX_FAULTS} faults of a plugin by one caller: what needs the plugin is refused to it until `wardlet quarantine lift {plugin}`"
            );
        }
        record.faults.truncate(MAX_FAULTS);
        let held = record.quarantined();
        forget_beyond(&mut records, MAX_COUNTED);
        if let Err(error) = lock.and_then(|_lock| Ok(self.keep(&records)?)) {
            self.unkept.store(true, Ordering::Relaxed);
            tracing::error!(%error, "the quarantine cannot be kept; it holds until the gateway ends");
        }
        held
    }

    /// Who is in quarantine, in the order of the plugins.
    #[must_use]
    pub fn list(&self) -> Vec<Quarantined> {
        let records = self.lock();
        let all = records.values().flat_map(BTreeMap::values);
        all.filter_map(Record::quarantined).collect()
    }

    /// Lets a caller go, or everyone that was held for a plugin, and forgets the faults, once `record` has
    /// put the entry of each on disk: nobody is let go of whom no entry survives. What was lifted; nothing where nobody was held.
    ///
    /// # Errors
    /// [`QuarantineError::Audit`] of `record`, and [`QuarantineError::Key`] where it cannot be kept; then
    /// nobody is let go.
    pub fn lift(
        &self,
        plugin: &str,
        principal: Option<&str>,
        record: impl Fn(&Quarantined) -> Result<(), AuditError>,
    ) -> Result<Vec<Quarantined>, QuarantineError> {
        let mut records = self.lock();
        let (_lock, mut after) = self.latest(&records)?;
        let Some(by_caller) = after.get_mut(plugin) else {
            return Ok(Vec::new());
        };
        let meant = |record: &Record| {
            record.since.is_some() && principal.is_none_or(|meant| meant == record.principal)
        };
        let lifted: Vec<Quarantined> = by_caller
            .values()
            .filter(|record| meant(record))
            .filter_map(Record::quarantined)
            .collect();
        by_caller.retain(|_, record| !meant(record));
        lifted.iter().try_for_each(record)?;
        if !lifted.is_empty() {
            self.keep(&after)?;
        }
        *records = after;
        Ok(lifted)
    }

    /// Writes all of it in place of what was there.
    fn keep(&self, records: &Records) -> Result<(), KeyError> {
        let records = records
            .values()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect();
        let file = File {
            v: VERSION,
            records,
        };
        let text = serde_json::to_vec(&file).map_err(|error| KeyError::Io {
            action: "write",
            path: self.folder.path().join(FILE),
            source: error.into(),
        })?;
        let kept = self.folder.replace(FILE, &text);
        self.unkept.store(kept.is_err(), Ordering::Relaxed);
        kept
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the file of a folder says.
fn read(folder: &PrivateFolder) -> Result<Records, QuarantineError> {
    let damaged = || QuarantineError::Damaged(folder.path().join(FILE));
    let mut records = Records::new();
    if let Some(bytes) = folder.read(FILE, MAX_FILE)? {
        let file: File = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        if file.v != VERSION {
            return Err(damaged());
        }
        for record in file.records {
            let by_caller = records.entry(record.plugin.clone()).or_default();
            by_caller.insert(record.principal.clone(), record);
        }
    }
    Ok(records)
}

impl Record {
    fn quarantined(&self) -> Option<Quarantined> {
        Some(Quarantined {
            plugin: self.plugin.clone(),
            principal: self.principal.clone(),
            fault: self.fault.clone(),
            since: self.since?,
        })
    }
}

/// Forgets the records whose last fault is the longest ago, but for those in quarantine, where there
/// are more than `most`.
fn forget_beyond(records: &mut Records, most: usize) {
    let all = || records.values().flat_map(BTreeMap::values);
    if all().filter(|record| record.since.is_none()).count() <= most {
        return;
    }
    let oldest = all()
        .filter(|record| record.since.is_none())
        .min_by_key(|record| record.faults.last().copied())
        .map(|record| (record.plugin.clone(), record.principal.clone()));
    if let Some((plugin, principal)) = oldest
        && let Some(by_caller) = records.get_mut(&plugin)
    {
        by_caller.remove(&principal);
    }
}
