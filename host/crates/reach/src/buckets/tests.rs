use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use wardlet_call::{Buckets as _, Caller, TakeError, Taken};

use super::{Bucket, Callers, Granted, MAX_CALLERS, MAX_TOKENS, Per, Terms};

const SECOND: u128 = 1_000_000_000;

fn terms(tokens: u32, period: u64, burst: u32, per: Per) -> Terms {
    Terms {
        tokens,
        period: Duration::from_secs(period),
        burst,
        per,
    }
}

fn caller(principal: &str, tool: &str) -> Caller {
    Caller {
        principal: principal.into(),
        server: "files".into(),
        tool: tool.into(),
    }
}

#[test]
fn tokens_run_in_evenly_and_a_burst_is_its_own_bound() {
    let three_a_minute = terms(3, 60, 3, Per::Gateway);
    let mut callers = Callers::default();
    for (at, amount, expected) in [
        (0, 0, Ok(Taken::Taken(3))),
        (0, 2, Ok(Taken::Taken(1))),
        (0, 2, Ok(Taken::Refused(20_000))),
        // A refusal took nothing.
        (0, 1, Ok(Taken::Taken(0))),
        (0, 0, Ok(Taken::Taken(0))),
        (0, 4, Err(TakeError::TooMany)),
        (SECOND, 1, Ok(Taken::Refused(19_000))),
        (20 * SECOND - 1, 1, Ok(Taken::Refused(1))),
        (20 * SECOND, 1, Ok(Taken::Taken(0))),
        (41 * SECOND, 1, Ok(Taken::Taken(0))),
        (59 * SECOND, 1, Ok(Taken::Refused(1000))),
        // It never holds more than its burst.
        (10_000 * SECOND, 3, Ok(Taken::Taken(0))),
        (10_000 * SECOND, 1, Ok(Taken::Refused(20_000))),
    ] {
        let got = callers.take(&three_a_minute, amount, &Caller::default(), at);
        assert_eq!(got, expected, "{amount} at {at}");
    }
}

#[test]
fn in_any_time_no_more_pass_than_the_rate_and_the_burst() {
    for terms in [
        terms(7, 60, 3, Per::Gateway),
        terms(MAX_TOKENS, 1, MAX_TOKENS, Per::Gateway),
        terms(1, 24 * 60 * 60, MAX_TOKENS, Per::Gateway),
        terms(3, 1, 1, Per::Gateway),
    ] {
        let mut callers = Callers::default();
        let length = 10 * terms.period.as_nanos();
        let mut passed = 0_u128;
        // Steps that share no divisor with the rates.
        for now in (0..length).step_by(usize::try_from(length / 99_991).unwrap()) {
            let amount = if terms.burst > 1 { 2 } else { 1 };
            if let Ok(Taken::Taken(_)) = callers.take(&terms, amount, &Caller::default(), now) {
                passed += u128::from(amount);
            }
        }
        let most = u128::from(terms.burst) + 10 * u128::from(terms.tokens);
        assert!(passed <= most, "{terms:?}: {passed} of {most}");
        assert!(
            passed > u128::from(terms.burst.min(60_000)),
            "{terms:?}: {passed}"
        );
    }
}

#[test]
fn who_has_a_bucket_of_their_own() {
    for (per, expected) in [
        (Per::Principal, [false, true, false, true]),
        (Per::Tool, [false, false, true, true]),
        (Per::PrincipalAndTool, [false, true, true, true]),
        (Per::Gateway, [false, false, false, false]),
    ] {
        let others = [
            ("ann", "write"),
            ("bob", "write"),
            ("ann", "move"),
            ("bob", "move"),
        ];
        for ((principal, tool), own) in others.into_iter().zip(expected) {
            let mut callers = Callers::default();
            let once = terms(1, 60, 1, per);
            let first = callers.take(&once, 1, &caller("ann", "write"), 0);
            assert_eq!(first, Ok(Taken::Taken(0)));
            let second = callers.take(&once, 1, &caller(principal, tool), 0);
            let expected = if own {
                Taken::Taken(0)
            } else {
                Taken::Refused(60_000)
            };
            assert_eq!(second, Ok(expected), "{per:?}: {principal} {tool}");
        }
    }
    // The server is a part of the tool.
    let mut callers = Callers::default();
    let once = terms(1, 60, 1, Per::Tool);
    for server in ["files", "mail"] {
        let caller = Caller {
            server: server.into(),
            ..caller("ann", "write")
        };
        assert_eq!(callers.take(&once, 1, &caller, 0), Ok(Taken::Taken(0)));
    }
}

#[test]
fn where_all_room_is_taken_a_new_caller_is_refused_until_an_old_one_is_full_again() {
    let terms = terms(1, 1, 2, Per::Principal);
    let mut callers = Callers::default();
    let many: Vec<Caller> = (0..MAX_CALLERS)
        .map(|n| caller(&n.to_string(), "write"))
        .collect();
    for (n, caller) in many.iter().enumerate() {
        assert_eq!(
            callers.take(&terms, 1, caller, n as u128),
            Ok(Taken::Taken(1))
        );
    }
    let new = caller("new", "write");
    let no_room = Err(TakeError::NoRoom);
    assert_eq!(callers.take(&terms, 1, &new, SECOND - 1), no_room);
    // Those who are known go on.
    let [first, ..] = many.as_slice() else {
        panic!()
    };
    assert_eq!(
        callers.take(&terms, 1, first, SECOND - 1),
        Ok(Taken::Taken(0))
    );
    // The second one's is full again by now, the first one's is not.
    assert_eq!(callers.take(&terms, 1, &new, SECOND), no_room);
    assert_eq!(
        callers.take(&terms, 1, &new, SECOND + 1),
        Ok(Taken::Taken(1))
    );
    assert_eq!(callers.full_at.len(), MAX_CALLERS);
    assert_eq!(
        callers.take(&terms, 2, first, SECOND + 1),
        Ok(Taken::Refused(1000))
    );
    // Much later all are forgotten but the one who calls.
    assert_eq!(
        callers.take(&terms, 1, &caller("last", "write"), 100 * SECOND),
        Ok(Taken::Taken(1))
    );
    assert_eq!(callers.full_at.len(), 1);
}

#[test]
fn only_what_was_granted_can_be_named_and_the_last_token_goes_to_one() {
    let bucket = Arc::new(Bucket::new(terms(100, 24 * 60 * 60, 100, Per::Gateway)));
    let granted = Granted(BTreeMap::from([("writes".to_owned(), bucket)]));
    for name in ["reads", "", "writes ", "Writes"] {
        let got = granted.take(name, 1, &Caller::default());
        assert_eq!(got, Err(TakeError::NotGranted), "{name}");
    }
    let start = Barrier::new(8);
    let taken: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let took = |_: &u32| {
                        let got = granted.take("writes", 1, &Caller::default());
                        matches!(got, Ok(Taken::Taken(_)))
                    };
                    (0..50).filter(took).count()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(taken, 100);
}
