//! Deadlines and the pool, with several threads.

use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use wardlet_sandbox::{Fault, Grant, Limits, MAX_DEADLINE, Plugin, Sandbox};

use crate::support::{Guest, arguments, evaluate, everything, name, sandbox};

fn with_deadline(deadline: Duration) -> Grant {
    Grant {
        limits: Limits {
            deadline,
            ..Limits::default()
        },
        ..everything()
    }
}

/// A policy that never comes to an end by itself.
fn looping(sandbox: &Sandbox, deadline: Duration) -> Plugin {
    let guest = Guest::policy().evaluating("(loop $forever (br $forever)) unreachable");
    let grant = with_deadline(deadline);
    sandbox.load(&name(), &guest.component(), grant).unwrap()
}

#[test]
fn a_loop_is_stopped_and_its_neighbour_is_not_harmed() {
    let sandbox = sandbox();
    let looping = looping(&sandbox, Duration::from_millis(30));
    let honest = sandbox
        .load(
            &name(),
            &Guest::policy().component(),
            with_deadline(MAX_DEADLINE),
        )
        .unwrap();
    let start = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            for _ in 0..10 {
                let (answer, usage) = evaluate(&looping, &arguments("{}"));
                assert_eq!(answer, Err(Fault::Deadline));
                assert!(
                    usage.time >= Duration::from_millis(30),
                    "stopped before its deadline"
                );
                assert!(usage.time < Duration::from_secs(30));
            }
        });
        scope.spawn(|| {
            start.wait();
            for _ in 0..5_000 {
                assert_eq!(
                    evaluate(&honest, &arguments("{}")).0.as_deref(),
                    Ok("allow")
                );
            }
        });
    });
}

#[test]
fn large_documents_may_take_longer() {
    let sandbox = sandbox();
    let looping = looping(&sandbox, Duration::from_millis(1));
    let large = arguments(&format!("\"{}\"", "x".repeat(2 << 20)));
    let (answer, usage) = evaluate(&looping, &large);
    assert_eq!(answer, Err(Fault::Deadline));
    assert!(
        usage.time >= Duration::from_millis(200),
        "2 MiB give 200 ms"
    );
}

/// Holds every check that writes to the log until it is opened.
#[derive(Default)]
struct Gate {
    waiting: Mutex<usize>,
    open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        *self.waiting.lock().unwrap() += 1;
        self.changed.notify_all();
        let open = self.open.lock().unwrap();
        drop(self.changed.wait_while(open, |open| !*open).unwrap());
    }
}

struct Holding(Arc<Gate>);

impl Subscriber for Holding {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "wardlet::plugin"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {
        self.0.pass();
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_full_pool_refuses_and_recovers() {
    let sandbox = sandbox();
    let mut writing = Guest::policy().importing("log");
    let [text, length] = writing.text("here");
    let allow = writing.evaluate.clone();
    let writing = writing.evaluating(format!(
        "(call $log_write (i32.const 1) (i32.const {text}) (i32.const {length}) (i32.const 0) (i32.const 0)) {allow}"
    ));
    let writing = sandbox
        .load(&name(), &writing.component(), with_deadline(MAX_DEADLINE))
        .unwrap();
    let honest = sandbox
        .load(&name(), &Guest::policy().component(), everything())
        .unwrap();
    let gate = Arc::new(Gate::default());
    thread::scope(|scope| {
        for _ in 0..128 {
            let (gate, writing) = (Arc::clone(&gate), &writing);
            scope.spawn(move || {
                let (answer, _) = tracing::subscriber::with_default(Holding(gate), || {
                    evaluate(writing, &arguments("{}"))
                });
                assert_eq!(answer.as_deref(), Ok("allow"));
            });
        }
        let waiting = gate.waiting.lock().unwrap();
        drop(
            gate.changed
                .wait_while(waiting, |waiting| *waiting < 128)
                .unwrap(),
        );
        assert_eq!(evaluate(&honest, &arguments("{}")).0, Err(Fault::Busy));
        *gate.open.lock().unwrap() = true;
        gate.changed.notify_all();
    });
    assert_eq!(
        evaluate(&honest, &arguments("{}")).0.as_deref(),
        Ok("allow")
    );
}
