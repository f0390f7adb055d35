//! The capability `rate-limit`.

use std::sync::{Arc, Mutex};

use wardlet_call::{Buckets, Caller, Reach, TakeError, Taken};
use wardlet_sandbox::{Check, Fault, Grant};

use crate::store::{constants, expecting};
use crate::support::{Guest, RET, arguments, evaluate, everything, load, name};

type Answer = Result<Taken, TakeError>;

/// Buckets that note who took what.
#[derive(Debug)]
struct Fake {
    answer: Answer,
    asked: Mutex<Vec<(String, u32, Caller)>>,
}

impl Buckets for Fake {
    fn take(&self, bucket: &str, amount: u32, caller: &Caller) -> Answer {
        let asked = (bucket.to_owned(), amount, caller.clone());
        self.asked.lock().unwrap().push(asked);
        self.answer
    }
}

fn grant(answer: Answer) -> (Grant, Arc<Fake>) {
    let fake = Arc::new(Fake {
        answer,
        asked: Mutex::default(),
    });
    let reach = Reach {
        buckets: Some(Arc::clone(&fake) as _),
        ..Reach::default()
    };
    let grant = Grant {
        reach,
        ..everything()
    };
    (grant, fake)
}

fn caller() -> Caller {
    Caller {
        principal: "ann".into(),
        server: "files".into(),
        tool: "write".into(),
    }
}

fn taking() -> (Guest, String) {
    let mut guest = Guest::policy().importing("rate-limit");
    let bucket = constants(guest.text("writes"));
    let call = format!("call $rate-limit_take {bucket} (i32.const 3)");
    (guest, call)
}

#[test]
fn the_bucket_is_told_who_calls_and_its_answer_comes_back() {
    // The result's case, the outcome's case or the error, and the lowest byte of the number.
    let cases: [(Answer, &[(u32, u8)]); 5] = [
        (Ok(Taken::Taken(9)), &[(0, 0), (8, 0), (16, 9)]),
        (
            Ok(Taken::Refused(0x0107)),
            &[(0, 0), (8, 1), (16, 7), (17, 1)],
        ),
        (Err(TakeError::NotGranted), &[(0, 1), (8, 0)]),
        (Err(TakeError::TooMany), &[(0, 1), (8, 1)]),
        (Err(TakeError::NoRoom), &[(0, 1), (8, 2)]),
    ];
    for (answer, expected) in cases {
        let (grant, fake) = grant(answer);
        let (guest, call) = taking();
        let plugin = load(expecting(guest, &call, expected), grant).unwrap();
        assert!(!plugin.waits() && plugin.has_effects());
        let check = Check {
            caller: Some(Arc::new(caller())),
            ..arguments("{}")
        };
        let (verdict, _) = evaluate(&plugin, &check);
        assert_eq!(verdict.as_deref(), Ok("allow"), "{answer:?}");
        let asked = fake.asked.lock().unwrap();
        assert_eq!(*asked, [("writes".to_owned(), 3, caller())]);
    }
}

#[test]
fn nobody_takes_while_a_plugin_is_loaded_and_what_was_taken_before_a_fault_stays_taken() {
    let (nobody, fake) = grant(Ok(Taken::Taken(1)));
    let (mut guest, call) = taking();
    let taken = guest.configure.clone();
    guest.configure = format!("({call} (i32.const {RET})) {taken}");
    let plugin = load(expecting(guest, &call, &[(0, 1), (8, 2)]), nobody).unwrap();
    let (verdict, _) = evaluate(&plugin, &arguments("{}"));
    assert_eq!(verdict.as_deref(), Ok("allow"));
    assert!(fake.asked.lock().unwrap().is_empty());

    let (grant, fake) = grant(Ok(Taken::Taken(1)));
    let (guest, call) = taking();
    let guest = guest.evaluating(format!("({call} (i32.const {RET})) unreachable"));
    let plugin = load(guest, grant).unwrap();
    let check = Check {
        caller: Some(Arc::new(caller())),
        ..arguments("{}")
    };
    assert_eq!(evaluate(&plugin, &check).0, Err(Fault::Trap));
    assert_eq!(fake.asked.lock().unwrap().len(), 1);
}

#[test]
fn a_plugin_without_buckets_is_told_the_line_when_it_loads() {
    let (guest, call) = taking();
    let error = load(expecting(guest, &call, &[]), everything()).unwrap_err();
    let hint = error.hint(&name()).unwrap();
    assert!(hint.contains("`buckets = [\"…\"]`"), "{hint}");
    assert!(hint.contains("[plugin.guest]"), "{hint}");
}
