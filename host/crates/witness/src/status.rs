//! How the witnessing of a log stands.

use std::fmt;
use std::time::Duration;

use wardlet_audit::witness::{WitnessReport, WitnessStatus};

use crate::witnessed::Witnessed;

/// How the witnessing of a log stands. Times are in milliseconds since 1970, by the gateway's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WitnessingStatus {
    /// The last checkpoint that enough witnesses cosigned; none where there is none.
    pub witnessed: Option<Witnessed>,
    /// The entries of the newest published checkpoint that was seen.
    pub published: u64,
    /// Since when there are published entries that are not witnessed; none where all are.
    pub waiting_since: Option<u64>,
    /// When the log was looked at last, whatever came of it.
    pub looked: u64,
    /// Each witness of the policy as it stood after the last round; empty before the first.
    pub witnesses: Vec<WitnessReport>,
    /// Whether a witness, or the last witnessed checkpoint, says that the log has another history
    /// than it once had. It stays until the policy is met.
    pub is_conflict: bool,
    /// What somebody should look at, in words for a terminal.
    pub alarms: Vec<String>,
}

/// How far the witnessed checkpoint may be behind the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long published entries may go unwitnessed. Less than some times the cadence makes no
    /// sense.
    pub age: Duration,
    /// How many published entries may be unwitnessed.
    pub entries: u64,
}

/// In which way the witnessing is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// The log has another history than the one that was witnessed. No limit allows that.
    Conflict,
    /// Too many entries are not witnessed.
    Entries {
        /// How many.
        lag: u64,
    },
    /// Entries have not been witnessed for too long.
    Age {
        /// For how many seconds.
        seconds: u64,
    },
    /// The log has not been looked at for too long: witnessing hangs or has ended.
    Hangs {
        /// For how many seconds.
        seconds: u64,
    },
}

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Behind::Conflict => {
                f.write_str("the log has another history than the one that was witnessed")
            }
            Behind::Entries { lag } => write!(f, "{lag} entries of the log are not witnessed"),
            Behind::Age { seconds } => {
                write!(f, "entries of the log are not witnessed since {seconds} s")
            }
            Behind::Hangs { seconds } => {
                write!(f, "witnessing has not looked at the log for {seconds} s")
            }
        }
    }
}

impl WitnessingStatus {
    /// How many published entries are not witnessed.
    #[must_use]
    pub fn lag(&self) -> u64 {
        let witnessed = self.witnessed.as_ref();
        let witnessed = witnessed.map_or(0, |witnessed| witnessed.checkpoint.size);
        self.published.saturating_sub(witnessed)
    }

    /// How old the last witnessed checkpoint is, in seconds; none where there is none.
    #[must_use]
    pub fn age(&self, now_ms: u64) -> Option<u64> {
        let witnessed = self.witnessed.as_ref()?;
        Some((now_ms / 1000).saturating_sub(witnessed.time))
    }

    /// Whether the witnessed checkpoint is further behind than `limits` allow; none where it is not.
    /// Where no entry waits, the age of the last one does not count.
    #[must_use]
    pub fn behind(&self, limits: &Limits, now_ms: u64) -> Option<Behind> {
        // Where enough others cosigned all the same, one witness alone stops nothing.
        if self.is_conflict && self.waiting_since.is_some() {
            return Some(Behind::Conflict);
        }
        let over = |since: u64| {
            let waited = Duration::from_millis(now_ms.saturating_sub(since));
            (waited > limits.age).then_some(waited.as_secs())
        };
        if let Some(seconds) = over(self.looked) {
            return Some(Behind::Hangs { seconds });
        }
        let lag = self.lag();
        if lag > limits.entries {
            return Some(Behind::Entries { lag });
        }
        let seconds = self.waiting_since.and_then(over)?;
        Some(Behind::Age { seconds })
    }
}

/// What the answer of a witness means for the operator; none where all is well.
pub(crate) fn alarm(report: &WitnessReport, published: u64) -> Option<String> {
    let name = report.name.escape_debug();
    match &report.status {
        WitnessStatus::Cosigned { .. } => None,
        WitnessStatus::Unreachable { why } => {
            Some(format!("witness `{name}` does not answer: {why}"))
        }
        WitnessStatus::Ahead { size } => Some(format!(
            "witness `{name}` cosigned {size} entries, and the log has {published}: it was rolled \
             back, or somebody else writes it"
        )),
        WitnessStatus::Refused { status: 422, why } => Some(format!(
            "witness `{name}` cosigned another history of this log: {why}"
        )),
        WitnessStatus::Refused { status, why } => {
            Some(format!("witness `{name}` refuses (status {status}): {why}"))
        }
        WitnessStatus::Nonsense { why } => Some(format!(
            "witness `{name}` answers what the protocol does not know: {why}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use wardlet_audit::checkpoint::Checkpoint;

    use super::*;

    const NOW: u64 = 1_000_000;

    /// 50 entries, all of them witnessed long ago.
    fn well() -> WitnessingStatus {
        WitnessingStatus {
            witnessed: Some(Witnessed {
                checkpoint: Checkpoint::new("a.example/log", 50, [0; 32]),
                time: 100,
            }),
            published: 50,
            looked: NOW,
            ..WitnessingStatus::default()
        }
    }

    #[test]
    fn behind_is_told_by_its_reason() {
        let limits = Limits {
            age: Duration::from_secs(60),
            entries: 100,
        };
        let entries = |lag| Some(Behind::Entries { lag });
        let (late, hangs) = (
            Some(Behind::Age { seconds: 61 }),
            Some(Behind::Hangs { seconds: 999 }),
        );
        // Entries, since when some wait, when it was looked, whether there is a conflict.
        for (case, published, waiting_since, looked, is_conflict, expected) in [
            ("all is witnessed", 50, None, NOW, false, None),
            ("just enough", 150, None, NOW, false, None),
            ("one too many", 151, None, NOW, false, entries(101)),
            ("may wait so long", 50, Some(940_000), NOW, false, None),
            ("waits too long", 50, Some(939_000), NOW, false, late),
            ("the clock went back", 50, Some(2_000_000), NOW, false, None),
            ("nobody looks", 50, None, 1_000, false, hangs),
            (
                "a conflict",
                151,
                Some(1),
                1_000,
                true,
                Some(Behind::Conflict),
            ),
            ("one that others do not see", 50, None, NOW, true, None),
        ] {
            let status = WitnessingStatus {
                published,
                waiting_since,
                looked,
                is_conflict,
                ..well()
            };
            assert_eq!(status.behind(&limits, NOW), expected, "{case}");
        }
        let never = WitnessingStatus {
            witnessed: None,
            published: 101,
            ..well()
        };
        assert_eq!(never.behind(&limits, NOW), entries(101));
        assert_eq!(well().age(NOW), Some(900));
        assert_eq!(well().age(0), Some(0));
        assert_eq!(never.age(NOW), None);
    }
}
