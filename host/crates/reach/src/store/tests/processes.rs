//! Several processes over one file: this test binary again, as a child.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{MIN_QUOTA, NOW, at, plugin};
use crate::store::Disk;

/// Names the file to a child.
const FILE: &str = "WARDLET_TEST_STORE";

/// How often a child counts at most.
const TIMES: i64 = 2_000;

/// What a child does: it counts, and says each count when it has it.
#[test]
fn counts_as_a_child() {
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    let store = Disk::open(Path::new(&path))
        .unwrap()
        .of(&plugin("guard"), MIN_QUOTA);
    for _ in 0..TIMES {
        eprintln!("count {}", store.add("calls", 1, None, at(NOW)).unwrap());
    }
}

fn child(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "store::tests::processes::counts_as_a_child",
            "--exact",
            "--nocapture",
        ])
        .env(FILE, path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn counts(child: &mut Child) -> impl Iterator<Item = i64> + use<> {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.map_while(Result::ok).filter_map(|line| {
        let (_, count) = line.split_once("count ")?;
        count.parse().ok()
    })
}

/// Gateways that start together over a folder without a store: each of them gets the one that is made.
#[test]
fn many_open_it_at_the_same_time() {
    for _ in 0..50 {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store");
        let opened = std::thread::scope(|scope| {
            let opening = [(); 4].map(|()| scope.spawn(|| Disk::open(&path)));
            opening.map(|thread| thread.join().unwrap())
        });
        let stores = opened.map(|disk| disk.unwrap().of(&plugin("guard"), MIN_QUOTA));
        for (store, count) in stores.iter().zip(1..) {
            assert_eq!(store.add("calls", 1, None, at(NOW)), Ok(count));
        }
        drop(stores);
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert!(left.len() <= 3, "{left:?}");
    }
}

#[test]
fn two_processes_count_together() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let mut children = [child(&path), child(&path)];
    let [mut a, mut b] = children.each_mut().map(counts);
    let mut all: Vec<i64> = a.by_ref().chain(b.by_ref()).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    all.sort_unstable();
    assert_eq!(all, (1..=2 * TIMES).collect::<Vec<_>>());
}

#[test]
fn nothing_that_was_counted_is_lost_when_the_process_is_killed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let mut last = 0;
    for round in 0..3 {
        let mut child = child(&path);
        let seen = counts(&mut child).take(50).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let store = Disk::open(&path).unwrap().of(&plugin("guard"), MIN_QUOTA);
        let kept = store.count("calls", at(NOW)).unwrap();
        assert!(seen >= last + 50, "round {round}");
        assert!(kept >= seen, "round {round}: {kept} kept, {seen} seen");
        last = kept;
    }
}
