//! The capabilities `key-value` and `counter`, over stores that behave and stores that do not.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use wardlet_call::{Caller, Entry, MAX_VALUE_BYTES, Moment, Reach, Store, StoreError};
use wardlet_sandbox::{Check, Fault, Grant, Limit, Limits, LoadError, Plugin};

use crate::support::{Guest, RET, arguments, evaluate, everything, load, name};

/// What a store does when it is called.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Well,
    Fails(StoreError),
    /// Comes back when it has to, and did nothing.
    Slow,
}

/// A store that notes what it was asked.
#[derive(Debug)]
struct Fake {
    mood: Mood,
    asked: Mutex<Vec<String>>,
}

impl Fake {
    fn note<T>(&self, asked: String, moment: Moment, well: T) -> Result<T, StoreError> {
        assert_eq!(moment.now_ms, 1_700_000_000_000);
        self.asked.lock().unwrap().push(asked);
        match self.mood {
            Mood::Well => Ok(well),
            Mood::Fails(error) => Err(error),
            Mood::Slow => {
                while let Some(left) = moment.until.checked_duration_since(Instant::now())
                    && !left.is_zero()
                {
                    thread::park_timeout(left);
                }
                Err(StoreError::Unavailable)
            }
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Store for Fake {
    fn get(&self, key: &str, moment: Moment) -> Result<Option<Vec<u8>>, StoreError> {
        self.note(format!("get {key}"), moment, Some(b"value".to_vec()))
    }

    fn set(&self, key: &str, entry: Entry, moment: Moment) -> Result<bool, StoreError> {
        let Entry {
            value,
            lifetime_ms,
            only_new,
        } = entry;
        let text = format!("set {key} {} {lifetime_ms:?} {only_new}", value.len());
        self.note(text, moment, true)
    }

    fn delete(&self, key: &str, moment: Moment) -> Result<bool, StoreError> {
        self.note(format!("delete {key}"), moment, true)
    }

    fn count(&self, key: &str, moment: Moment) -> Result<i64, StoreError> {
        self.note(format!("count {key}"), moment, 7)
    }

    fn add(
        &self,
        key: &str,
        delta: i64,
        window_ms: Option<u64>,
        moment: Moment,
    ) -> Result<i64, StoreError> {
        self.note(format!("add {key} {delta} {window_ms:?}"), moment, delta)
    }
}

fn grant(mood: Mood) -> (Grant, Arc<Fake>) {
    let fake = Arc::new(Fake {
        mood,
        asked: Mutex::default(),
    });
    let grant = Grant {
        reach: Reach {
            store: Some(Arc::clone(&fake) as _),
            ..Reach::default()
        },
        limits: Limits {
            deadline: Duration::from_secs(5),
            ..Limits::default()
        },
        ..everything()
    };
    (grant, fake)
}

/// A call of somebody.
fn call() -> Check {
    Check {
        caller: Some(Arc::new(Caller::default())),
        ..arguments("{}")
    }
}

/// Allows where a call gave these bytes at these places, and abstains where it did not.
pub(crate) fn expecting(mut guest: Guest, call: &str, expected: &[(u32, u8)]) -> Guest {
    let allow = guest.evaluate.clone();
    let abstain = guest.verdict(0, "", &[]);
    let mut body = format!("({call} (i32.const {RET}))");
    for (offset, byte) in expected {
        body.push_str(&format!(
            "(if (i32.ne (i32.load8_u (i32.const {})) (i32.const {byte})) (then (return (i32.const {abstain}))))",
            RET + offset
        ));
    }
    guest.evaluating(body + &allow)
}

/// The words of a text in the static data, as two constants.
pub(crate) fn constants([at, length]: [u32; 2]) -> String {
    format!("(i32.const {at}) (i32.const {length})")
}

/// One call of each function with a key and a value of these lengths, and a lifetime or window; with the
/// places where its answer has its case and its error.
fn calls(key: usize, value: usize, time: Option<u64>) -> Vec<(&'static str, Guest, String, u32)> {
    let names = [
        ("key-value", "get", 4),
        ("key-value", "set", 1),
        ("key-value", "insert", 1),
        ("key-value", "delete", 1),
        ("counter", "add", 8),
        ("counter", "get", 8),
    ];
    let time = format!(
        "(i32.const {}) (i64.const {})",
        u8::from(time.is_some()),
        time.unwrap_or(0).cast_signed()
    );
    let one = |(interface, function, at): (&'static str, &'static str, u32)| {
        let mut guest = Guest::policy().importing(interface);
        let key = constants(guest.text("k".repeat(key)));
        let rest = match function {
            "set" | "insert" => format!("{} {time}", constants(guest.text("v".repeat(value)))),
            "add" => format!("(i64.const -3) {time}"),
            _ => String::new(),
        };
        let call = format!("call ${interface}_{function} {key} {rest}");
        (function, guest, call, at)
    };
    names.into_iter().map(one).collect()
}

fn loaded(guest: Guest, grant: Grant) -> Plugin {
    load(guest, grant).unwrap()
}

#[test]
fn what_the_plugin_gives_arrives_and_the_answer_comes_back() {
    let asked = [
        "get kk",
        "set kk 3 Some(9) false",
        "set kk 3 Some(9) true",
        "delete kk",
        "add kk -3 Some(9)",
        "count kk",
    ];
    // Case, and a byte of the value: a list of 5 bytes, true, true, -3, 7.
    let answers: [&[(u32, u8)]; 6] = [
        &[(0, 0), (4, 1), (12, 5)],
        &[(0, 0)],
        &[(0, 0), (1, 1)],
        &[(0, 0), (1, 1)],
        &[(0, 0), (8, 0xfd), (15, 0xff)],
        &[(0, 0), (8, 7), (15, 0)],
    ];
    let all = calls(2, 3, Some(9)).into_iter().zip(asked).zip(answers);
    for (((function, guest, call_text, _), asked), answer) in all {
        let (grant, fake) = grant(Mood::Well);
        let plugin = loaded(expecting(guest, &call_text, answer), grant);
        assert!(plugin.waits() && plugin.has_effects(), "{function}");
        let (answer, usage) = evaluate(&plugin, &call());
        assert_eq!(answer.as_deref(), Ok("allow"), "{function}");
        assert_eq!(fake.asked(), [asked]);
        assert!(usage.waited <= usage.time, "{function}");
    }
}

#[test]
fn what_is_out_of_bounds_never_reaches_the_store() {
    const TEN_YEARS: u64 = 10 * 366 * 24 * 60 * 60 * 1000;
    let bad_key = |_: &str| Some(0);
    let writes = |function: &str| matches!(function, "set" | "insert");
    let times = |function: &str| match function {
        "set" | "insert" => Some(2),
        "add" => Some(1),
        _ => None,
    };
    type Refused = Box<dyn Fn(&str) -> Option<u8>>;
    let cases: [(usize, usize, Option<u64>, Refused); 7] = [
        (0, 1, None, Box::new(bad_key)),
        (1025, 1, None, Box::new(bad_key)),
        (1024, MAX_VALUE_BYTES, Some(TEN_YEARS), Box::new(|_| None)),
        (
            1,
            MAX_VALUE_BYTES + 1,
            None,
            Box::new(move |f| writes(f).then_some(1)),
        ),
        (1, 1, Some(0), Box::new(times)),
        (1, 1, Some(TEN_YEARS + 1), Box::new(times)),
        (1, 1, Some(u64::MAX), Box::new(times)),
    ];
    for (key, value, time, refused) in cases {
        for (function, guest, call_text, at) in calls(key, value, time) {
            let (grant, fake) = grant(Mood::Well);
            let refused = refused(function);
            let expected = match refused {
                Some(error) => vec![(0, 1), (at, error)],
                None => vec![(0, 0)],
            };
            let plugin = loaded(expecting(guest, &call_text, &expected), grant);
            let case = format!("{function}: {key} {value} {time:?}");
            assert_eq!(
                evaluate(&plugin, &call()).0.as_deref(),
                Ok("allow"),
                "{case}"
            );
            assert_eq!(fake.asked().is_empty(), refused.is_some(), "{case}");
        }
    }
}

#[test]
fn a_store_that_fails_is_an_answer_to_the_plugin() {
    for (error, of_entries, of_counters) in [
        (StoreError::Unavailable, 4, 4),
        (StoreError::Quota, 3, 2),
        (StoreError::OutOfRange, 4, 3),
    ] {
        for (function, guest, call_text, at) in calls(1, 1, None) {
            let (grant, _) = grant(Mood::Fails(error));
            let code = if at == 8 { of_counters } else { of_entries };
            let guest = expecting(guest, &call_text, &[(0, 1), (at, code)]);
            let (answer, _) = evaluate(&loaded(guest, grant), &call());
            assert_eq!(answer.as_deref(), Ok("allow"), "{function} {error:?}");
        }
    }
}

#[test]
fn a_store_that_is_slow_is_left_at_the_deadline_and_its_time_is_the_hosts() {
    for (function, guest, call_text, at) in calls(1, 1, None) {
        let (mut grant, fake) = grant(Mood::Slow);
        grant.limits.deadline = Duration::from_millis(50);
        grant.limits.cpu = Duration::from_millis(50);
        let unavailable = expecting(guest, &call_text, &[(0, 1), (at, 4)]);
        let (answer, usage) = evaluate(&loaded(unavailable, grant), &call());
        // The plugin is told, and may still conclude something before the next tick stops it.
        assert!(
            matches!(answer.as_deref(), Ok("allow") | Err(Fault::Deadline)),
            "{function}: {answer:?}"
        );
        assert!(
            usage.waited >= Duration::from_millis(30),
            "{function}: {usage:?}"
        );
        assert!(
            usage.time < Duration::from_secs(30),
            "{function}: {usage:?}"
        );
        assert_eq!(fake.asked().len(), 1);
    }
}

#[test]
fn a_value_counts_against_what_may_cross() {
    for (payload, expected, struck) in [(5, [(0, 0)], false), (4, [(0, 1)], true)] {
        let (mut grant, _) = grant(Mood::Well);
        grant.limits.payload = payload;
        let (_, guest, call_text, _) = calls(1, 1, None).swap_remove(0);
        let plugin = loaded(expecting(guest, &call_text, &expected), grant);
        let (answer, usage) = evaluate(&plugin, &call());
        assert_eq!(answer.as_deref(), Ok("allow"), "{payload}");
        assert_eq!(usage.struck.contains(Limit::Payload), struck);
    }
}

#[test]
fn loading_reaches_no_store_and_neither_does_a_check_of_nobody() {
    for (function, mut guest, call_text, at) in calls(1, 1, None) {
        let (grant, fake) = grant(Mood::Well);
        let taken = guest.configure.clone();
        guest.configure = format!("({call_text} (i32.const {RET})) {taken}");
        let plugin = loaded(expecting(guest, &call_text, &[(0, 1), (at, 4)]), grant);
        let (answer, _) = evaluate(&plugin, &arguments("{}"));
        assert_eq!(answer.as_deref(), Ok("allow"), "{function}");
        assert_eq!(fake.asked(), [""; 0], "{function}");
    }
}

#[test]
fn what_a_check_wrote_before_it_faulted_stays_written() {
    let (_, guest, call_text, _) = calls(1, 1, None).swap_remove(4);
    let (grant, fake) = grant(Mood::Well);
    let guest = guest.evaluating(format!("({call_text} (i32.const {RET})) unreachable"));
    let (answer, _) = evaluate(&loaded(guest, grant), &call());
    assert_eq!(answer, Err(Fault::Trap));
    assert_eq!(fake.asked(), ["add k -3 None"]);
}

#[test]
fn granted_and_not_set_up_is_refused_when_it_loads() {
    for (function, guest, call_text, _) in calls(1, 1, None) {
        let guest = expecting(guest, &call_text, &[]);
        let error = load(guest, everything()).unwrap_err();
        assert!(
            matches!(error, LoadError::NotSetUp(_)),
            "{function}: {error}"
        );
        assert!(error.hint(&name()).unwrap().contains("[plugin.guest]"));
    }
}
