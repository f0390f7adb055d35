//! Readers beside a gateway that writes and publishes.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::verify_range;
use super::tampering::published;
use crate::fixture::{allow, outcome};
use crate::record::Status;
use crate::show::{Select, show};

#[test]
fn a_gateway_that_writes_meanwhile_is_no_fault() {
    let (place, _) = published(200);
    let log = place.open_signed();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Across the ends of bundles, published often and by two threads.
            for number in 0..3_000 {
                let written = allow(&log).unwrap();
                log.outcome(written, &outcome(Status::Answered)).unwrap();
                if number % 50 == 0 {
                    log.publish().unwrap();
                }
            }
            done.store(true, Ordering::Release);
        });
        let mut rounds = 0;
        let mut last = 0;
        while !done.load(Ordering::Acquire) || rounds < 3 {
            let report = place.verify(None).unwrap_or_else(|error| panic!("{error}"));
            assert!(report.head.size >= last && report.checkpoint_signed);
            last = report.head.size;
            let shown: Vec<u64> = show(&place.folder(), Select::Last(300))
                .unwrap()
                .map(|entry| entry.unwrap().index)
                .collect();
            assert!(shown.len() <= 300 && shown.is_sorted_by(|a, b| a + 1 == *b));
            assert!(shown.last().is_some_and(|index| index + 1 >= last));
            let range = verify_range(
                &place.folder(),
                &place.public(),
                &[place.signer.public()],
                last - 100..last,
            );
            assert_eq!(range.unwrap().entries, 100);
            rounds += 1;
        }
    });
    drop(log);
    assert_eq!(place.verified().head.size, 6_200);
}
