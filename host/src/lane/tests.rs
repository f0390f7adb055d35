use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use wardlet_sandbox::{Fault, Usage};

use super::history::{History, QUICK, Took};
use super::threads::{Queue, StepBack, spare_processors};

const QUICKLY: Took = Took {
    time: Duration::from_micros(50),
    overran: false,
    greedy: false,
};
const SLOWLY: Took = Took {
    time: Duration::from_millis(2),
    overran: false,
    greedy: false,
};
const OVER: Took = Took {
    time: Duration::from_millis(8),
    overran: true,
    greedy: false,
};
const GREEDY: Took = Took {
    time: Duration::from_micros(50),
    overran: false,
    greedy: true,
};

/// A history after checks that each ran where the plugin's place was. A letter for each: quick,
/// slow, greedy, overran.
fn after(checks: &str) -> History {
    let mut history = History::default();
    for check in checks.chars() {
        let took = match check {
            'q' => QUICKLY,
            's' => SLOWLY,
            'g' => GREEDY,
            _ => OVER,
        };
        if history.is_clean() {
            history.inline(took);
        } else {
            history.on_lane(took);
        }
    }
    history
}

#[test]
fn where_a_plugin_is_after_its_checks() {
    assert!(SLOWLY.time > QUICK);
    let (inline, slow, overran) = (StepBack::No, StepBack::Some, StepBack::Far);
    let quick = |count: usize| "q".repeat(count);
    let cases = [
        (String::new(), inline),
        (quick(1000), inline),
        ("s".into(), inline),
        ("ss".into(), inline),
        ("sss".into(), slow),
        // Now and then a machine is busy.
        (format!("s{}", quick(20)).repeat(20), inline),
        (format!("s{}", quick(8)).repeat(20), slow),
        ("g".into(), slow),
        (format!("g{}", quick(63)), slow),
        (format!("g{}", quick(64)), inline),
        (format!("g{}g{}", quick(63), quick(63)), slow),
        ("og".into(), overran),
        ("go".into(), overran),
        ("o".into(), overran),
        ("ssso".into(), overran),
        (format!("o{}", quick(31)), overran),
        (format!("o{}", quick(63)), overran),
        (format!("o{}", quick(64)), inline),
        (format!("o{}s{}", quick(63), quick(63)), overran),
        // Each relapse takes twice as long.
        (format!("o{}o{}", quick(64), quick(127)), overran),
        (format!("o{}o{}", quick(64), quick(128)), inline),
    ];
    for (checks, expected) in cases {
        let history = after(&checks);
        assert_eq!(history.step_back(), expected, "{checks}");
    }
}

/// A loop is one also after a wait, and a wait is none however long it was.
#[test]
fn what_a_check_overran_by_itself() {
    let millis = Duration::from_millis;
    for (time, waited, overran) in [
        (millis(1), millis(0), true),
        (millis(100), millis(0), true),
        (millis(100), millis(100), false),
        (millis(100), millis(98), false),
        (millis(100), millis(1), true),
    ] {
        let usage = Usage {
            time,
            waited,
            ..Usage::default()
        };
        let took = Took::of::<()>(&(Err(Fault::Deadline), usage));
        assert_eq!(took.overran, overran, "{time:?} {waited:?}");
    }
}

#[test]
fn however_often_a_plugin_relapses_it_can_come_back() {
    let mut history = History::default();
    for _ in 0..40 {
        history.inline(OVER);
        let quick = (0..).take_while(|_| {
            history.on_lane(QUICKLY);
            !history.is_clean()
        });
        assert!(quick.count() < 4096);
    }
}

#[test]
fn a_large_document_on_the_lane_is_no_history() {
    let mut history = History::default();
    for _ in 0..100 {
        assert_eq!(history.on_lane(SLOWLY), StepBack::No);
    }
    assert!(history.is_clean());
}

#[test]
fn no_more_threads_than_the_plugin_may_have_and_no_fewer() {
    let queue = Arc::new(Queue::default());
    let barrier = Arc::new(Barrier::new(4));
    let (sender, done) = channel();
    for _ in 0..8 {
        let (barrier, sender) = (Arc::clone(&barrier), sender.clone());
        let job = move || {
            // Four meet here, or the test hangs; were there more threads, so would the last of eight.
            barrier.wait();
            let _ = sender.send(std::thread::current().id());
        };
        assert!(Queue::put(&queue, Box::new(job), (4, StepBack::No)).is_some());
    }
    let threads: std::collections::HashSet<_> = (0..8).map(|_| done.recv().unwrap()).collect();
    assert!(threads.len() <= 4);
    assert!(queue.threads() <= 4);
}

#[test]
fn what_is_taken_back_never_runs_and_what_does_not_fit_is_not_taken() {
    let queue = Arc::new(Queue::default());
    let (open, opened) = channel::<()>();
    let (begun, has_begun) = channel();
    let job = move || {
        begun.send(()).unwrap();
        opened.recv().unwrap();
    };
    let first = Queue::put(&queue, Box::new(job), (1, StepBack::No)).unwrap();
    has_begun.recv().unwrap();
    assert!(!queue.take_back(&first), "it has begun");
    let (ran, has_run) = channel();
    let note = |number: usize| {
        let ran = ran.clone();
        Box::new(move || ran.send(number).unwrap())
    };
    let mut tickets = Vec::new();
    for number in 0..1024 {
        tickets.push(Queue::put(&queue, note(number), (1, StepBack::No)).unwrap());
    }
    assert!(Queue::put(&queue, note(9999), (1, StepBack::No)).is_none());
    for ticket in &tickets[2..] {
        assert!(queue.take_back(ticket));
        assert!(!queue.take_back(ticket));
    }
    open.send(()).unwrap();
    drop(ran);
    assert_eq!(has_run.iter().take(2).collect::<Vec<_>>(), [0, 1]);
}

/// The system lets no thread come forward again that has stepped back, so another one has to take its place,
/// also where there is always something to do.
#[test]
fn a_forgiven_plugin_gets_a_thread_that_has_not_stepped_back() {
    let queue = Arc::new(Queue::default());
    let (open, opened) = channel::<()>();
    let (forgive, forgiven) = channel::<()>();
    let (sender, done) = channel();
    let priority = || rustix::process::getpriority_process(None).unwrap();
    let (own, first) = (Arc::clone(&queue), sender.clone());
    let job = move || {
        own.step_back(StepBack::No);
        forgive.send(()).unwrap();
        opened.recv().unwrap();
        first.send(priority()).unwrap();
    };
    let far = (1, StepBack::Far);
    assert!(Queue::put(&queue, Box::new(job), far).is_some());
    forgiven.recv().unwrap();
    for _ in 0..2 {
        let sender = sender.clone();
        let later = move || sender.send(priority()).unwrap();
        assert!(Queue::put(&queue, Box::new(later), (1, StepBack::No)).is_some());
    }
    let before = priority();
    // It may still run alone: the other two wait for it.
    assert!(done.try_recv().is_err());
    open.send(()).unwrap();
    drop(sender);
    assert_eq!(
        done.iter().take(3).collect::<Vec<_>>(),
        [19, before, before]
    );
}

#[test]
fn threads_above_a_lowered_limit_end_at_their_next_turn() {
    let few = spare_processors().clamp(2, 4);
    for (lowered, left) in [((1, StepBack::No), 1), ((4, StepBack::Far), few)] {
        let queue = Arc::new(Queue::default());
        let all = Arc::new(Barrier::new(5));
        for _ in 0..4 {
            let (own, all) = (Arc::clone(&queue), Arc::clone(&all));
            let job = move || {
                all.wait();
                all.wait();
                own.step_back(lowered.1);
            };
            assert!(Queue::put(&queue, Box::new(job), (4, StepBack::No)).is_some());
        }
        all.wait();
        assert_eq!(queue.threads(), 4);
        // Each thread that takes one of these keeps it until the others are gone.
        let (sender, done) = channel();
        for _ in 0..8 {
            let (own, sender) = (Arc::clone(&queue), sender.clone());
            let job = move || {
                let until = Instant::now() + Duration::from_secs(20);
                while own.threads() > left && Instant::now() < until {
                    std::thread::yield_now();
                }
                sender.send(own.threads()).unwrap();
            };
            assert!(Queue::put(&queue, Box::new(job), lowered).is_some());
        }
        all.wait();
        let counts: Vec<u32> = (0..8).map(|_| done.recv().unwrap()).collect();
        assert!(counts.iter().all(|count| *count <= left), "{counts:?}");
    }
}
