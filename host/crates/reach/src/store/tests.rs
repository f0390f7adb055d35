use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wardlet_call::{ENTRY_BYTES, Entry, MAX_VALUE_BYTES, Moment, PluginName, Store, StoreError};

use super::{Disk, MIN_QUOTA, READS, file};

mod broken;
mod processes;

const NOW: u64 = 1_700_000_000_000;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60);

fn at(now_ms: u64) -> Moment {
    Moment {
        now_ms,
        until: Instant::now() + LONG,
    }
}

fn soon() -> Moment {
    Moment {
        now_ms: NOW,
        until: Instant::now() + Duration::from_millis(50),
    }
}

fn plugin(name: &str) -> PluginName {
    PluginName::parse(name).unwrap()
}

/// A store over a file of its own; the folder lives as long.
fn store(quota: u64) -> (Arc<dyn Store>, TempDir) {
    let folder = TempDir::new().unwrap();
    let disk = Disk::open(&folder.path().join("store")).unwrap();
    (disk.of(&plugin("guard"), quota), folder)
}

fn entry(value: &str, lifetime_ms: Option<u64>) -> Entry {
    Entry {
        value: value.as_bytes().to_vec(),
        lifetime_ms,
        only_new: false,
    }
}

fn text(store: &dyn Store, key: &str, now: u64) -> Option<String> {
    let value = store.get(key, at(now)).unwrap();
    value.map(|value| String::from_utf8(value).unwrap())
}

#[test]
fn entries_are_written_read_and_taken_away() {
    let (store, _folder) = store(MIN_QUOTA);
    assert_eq!(text(&*store, "a", NOW), None);
    assert_eq!(store.set("a", entry("1", None), at(NOW)), Ok(true));
    assert_eq!(store.set("a", entry("2", None), at(NOW)), Ok(true));
    assert_eq!(text(&*store, "a", NOW).as_deref(), Some("2"));
    let new = |value| Entry {
        only_new: true,
        ..entry(value, None)
    };
    assert_eq!(store.set("a", new("3"), at(NOW)), Ok(false));
    assert_eq!(text(&*store, "a", NOW).as_deref(), Some("2"));
    assert_eq!(store.delete("a", at(NOW)), Ok(true));
    assert_eq!(store.delete("a", at(NOW)), Ok(false));
    assert_eq!(store.set("a", new("3"), at(NOW)), Ok(true));
    assert_eq!(text(&*store, "a", NOW).as_deref(), Some("3"));
    // Keys are told apart by their bytes, and what looks like SQL is text.
    for key in ["A", "a ", "'; DROP TABLE kept; --", "%", "é", "a\0b"] {
        assert_eq!(text(&*store, key, NOW), None, "{key:?}");
        assert_eq!(store.set(key, entry(key, None), at(NOW)), Ok(true));
        assert_eq!(text(&*store, key, NOW).as_deref(), Some(key));
    }
    assert_eq!(text(&*store, "a", NOW).as_deref(), Some("3"));
}

#[test]
fn an_entry_is_gone_from_the_millisecond_in_which_it_ends() {
    let (store, _folder) = store(MIN_QUOTA);
    store.set("a", entry("1", Some(10)), at(NOW)).unwrap();
    assert_eq!(text(&*store, "a", NOW + 9).as_deref(), Some("1"));
    assert_eq!(text(&*store, "a", NOW + 10), None);
    assert_eq!(store.delete("a", at(NOW + 10)), Ok(false));
    // One that has ended is no hindrance for a new one.
    store.set("b", entry("1", Some(10)), at(NOW)).unwrap();
    let new = Entry {
        only_new: true,
        ..entry("2", Some(10))
    };
    assert_eq!(store.set("b", new.clone(), at(NOW + 9)), Ok(false));
    assert_eq!(store.set("b", new, at(NOW + 10)), Ok(true));
    // What is written again has the new end, or none.
    store.set("b", entry("3", None), at(NOW + 11)).unwrap();
    assert_eq!(text(&*store, "b", u64::MAX).as_deref(), Some("3"));
}

#[test]
fn counters_have_a_window_from_their_first_addition_and_both_ends_are_errors() {
    let (store, _folder) = store(MIN_QUOTA);
    for (now, key, delta, window, expected) in [
        (NOW, "a", 1, Some(100), Ok(1)),
        // The window stays where it is.
        (NOW + 50, "a", 2, Some(1000), Ok(3)),
        (NOW + 99, "a", 0, None, Ok(3)),
        (NOW + 100, "a", 5, None, Ok(5)),
        (NOW + 100_000, "a", -7, Some(1), Ok(-2)),
        (NOW, "top", i64::MAX, None, Ok(i64::MAX)),
        (NOW, "top", 1, None, Err(StoreError::OutOfRange)),
        (NOW, "top", -1, None, Ok(i64::MAX - 1)),
        (NOW, "low", i64::MIN, None, Ok(i64::MIN)),
        (NOW, "low", -1, None, Err(StoreError::OutOfRange)),
        (NOW, "low", 1, None, Ok(i64::MIN + 1)),
    ] {
        assert_eq!(
            store.add(key, delta, window, at(now)),
            expected,
            "{key} {delta}"
        );
    }
    assert_eq!(store.count("a", at(NOW)), Ok(-2));
    assert_eq!(store.count("absent", at(NOW)), Ok(0));
    // An entry and a counter of one key are two things.
    assert_eq!(text(&*store, "a", NOW), None);
    store.set("a", entry("text", None), at(NOW)).unwrap();
    assert_eq!(store.count("a", at(NOW)), Ok(-2));
    assert_eq!(store.delete("a", at(NOW)), Ok(true));
    assert_eq!(store.count("a", at(NOW)), Ok(-2));
}

#[test]
fn no_plugin_sees_anothers_and_each_has_its_own_quota() {
    let folder = TempDir::new().unwrap();
    let disk = Disk::open(&folder.path().join("store")).unwrap();
    let [a, b] = ["a", "b"].map(|name| disk.of(&plugin(name), 1000));
    a.set("key", entry(&"x".repeat(900), None), at(NOW))
        .unwrap();
    a.add("count", 5, None, at(NOW)).unwrap_err();
    assert_eq!(text(&*b, "key", NOW), None);
    assert_eq!(b.delete("key", at(NOW)), Ok(false));
    assert_eq!(b.add("count", 1, None, at(NOW)), Ok(1));
    assert_eq!(a.count("count", at(NOW)), Ok(0));
    assert_eq!(b.set("key", entry("b", None), at(NOW)), Ok(true));
    assert_eq!(text(&*a, "key", NOW).map(|value| value.len()), Some(900));
    // The same name finds the same again.
    let again = disk.of(&plugin("b"), 1000);
    assert_eq!(text(&*again, "key", NOW).as_deref(), Some("b"));
}

#[test]
fn the_quota_counts_keys_values_and_a_little_for_each() {
    let each = ENTRY_BYTES;
    let (store, _folder) = store(3 * each + 12);
    let set = |key: &str, length: usize| store.set(key, entry(&"x".repeat(length), None), at(NOW));
    // 1 + 5, and 1 + 5 make 12.
    assert_eq!(set("a", 5), Ok(true));
    assert_eq!(set("b", 6), Ok(true));
    assert_eq!(set("c", 0), Err(StoreError::Quota));
    assert_eq!(set("b", 4), Ok(true));
    assert_eq!(store.add("c", 1, None, at(NOW)), Ok(1));
    // Full to the byte: what is there can change, and not grow.
    assert_eq!(set("b", 5), Err(StoreError::Quota));
    assert_eq!(text(&*store, "b", NOW).as_deref(), Some("xxxx"));
    assert_eq!(store.add("c", 1, None, at(NOW)), Ok(2));
    assert_eq!(store.add("d", 1, None, at(NOW)), Err(StoreError::Quota));
    assert_eq!(set("a", 4), Ok(true));
    assert_eq!(set("b", 5), Ok(true));
    assert_eq!(store.delete("a", at(NOW)), Ok(true));
    assert_eq!(store.add("d", 1, None, at(NOW)), Ok(1));
}

#[test]
fn what_has_ended_makes_room() {
    let (store, _folder) = store(MIN_QUOTA);
    let small = |n: u64| store.add(&format!("{n:04}"), 1, Some(1000), at(NOW));
    let fit = (0..).take_while(|n| small(*n).is_ok()).count() as u64;
    assert_eq!(fit, MIN_QUOTA / (ENTRY_BYTES + 4));
    let largest = || entry(&"x".repeat(MAX_VALUE_BYTES), None);
    assert_eq!(
        store.set("large", largest(), at(NOW + 999)),
        Err(StoreError::Quota)
    );
    // All of them end, and one write makes room for the largest value.
    assert_eq!(store.set("large", largest(), at(NOW + 1000)), Ok(true));
    // What is left of them goes with the writes that follow.
    for n in 0..fit / 16 + 1 {
        store.add("again", 1, None, at(NOW + 1000 + n)).unwrap();
    }
    let rest = MIN_QUOTA - (MAX_VALUE_BYTES as u64 + 5 + ENTRY_BYTES) - (5 + ENTRY_BYTES);
    let value = "y".repeat((rest - 4 - ENTRY_BYTES) as usize);
    // Nothing has ended at this time, so that nothing is swept.
    assert_eq!(store.set("rest", entry(&value, None), at(NOW)), Ok(true));
    assert_eq!(
        store.set("rest", entry(&format!("{value}y"), None), at(NOW)),
        Err(StoreError::Quota)
    );
}

#[test]
fn of_many_threads_over_two_connections_each_gets_a_count_of_its_own() {
    const THREADS: u64 = 8;
    const TIMES: u64 = 100;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let disks = [Disk::open(&path).unwrap(), Disk::open(&path).unwrap()];
    let start = Barrier::new(THREADS as usize);
    let counts: Vec<i64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|n| {
                let store = disks[n as usize % 2].of(&plugin("guard"), MIN_QUOTA);
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    let add = |_| store.add("calls", 1, None, at(NOW)).unwrap();
                    (0..TIMES).map(add).collect::<Vec<_>>()
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.flatten().collect()
    });
    let all: BTreeSet<i64> = counts.into_iter().collect();
    let expected: BTreeSet<i64> = (1..=(THREADS * TIMES) as i64).collect();
    assert_eq!(all, expected);
}

#[test]
fn of_many_that_insert_one_wins() {
    let (store, _folder) = store(MIN_QUOTA);
    let start = Barrier::new(8);
    let wins: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let once = Entry {
                        only_new: true,
                        ..entry("mine", Some(10))
                    };
                    usize::from(store.set("once", once, at(NOW)).unwrap())
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(wins, 1);
}

#[test]
fn a_disk_that_hangs_holds_nobody_beyond_the_deadline() {
    let folder = TempDir::new().unwrap();
    let disk = Disk::open(&folder.path().join("store")).unwrap();
    let store = disk.of(&plugin("guard"), MIN_QUOTA);
    let (release, released) = channel::<()>();
    let (hangs, hanging) = channel();
    let held = disk.clone();
    let holder = thread::spawn(move || {
        held.run((READS, Instant::now() + LONG), move |_| {
            hangs.send(()).unwrap();
            released.recv().unwrap();
            Ok(Ok(()))
        })
    });
    hanging.recv().unwrap();
    for _ in 0..3 {
        let moment = soon();
        assert_eq!(
            store.add("a", 1, None, moment),
            Err(StoreError::Unavailable)
        );
        assert!(
            Instant::now() >= moment.until,
            "gave up before the deadline"
        );
        assert!(moment.until.elapsed() < LONG, "came back");
    }
    release.send(()).unwrap();
    assert_eq!(holder.join().unwrap(), Ok(()));
    // Those that nobody waited for any more were not done.
    assert_eq!(store.add("a", 1, None, at(NOW)), Ok(1));
}

#[test]
fn a_writer_elsewhere_is_waited_for_until_the_deadline_and_readers_are_not_held() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let store = Disk::open(&path).unwrap().of(&plugin("guard"), MIN_QUOTA);
    store.add("a", 1, None, at(NOW)).unwrap();
    let other = file::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let moment = soon();
    assert_eq!(
        store.add("a", 1, None, moment),
        Err(StoreError::Unavailable)
    );
    assert_eq!(store.count("a", at(NOW)), Ok(1));
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(store.add("a", 1, None, at(NOW)), Ok(2));
}
