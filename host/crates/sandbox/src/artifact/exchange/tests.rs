//! Requests and answers, whole and not.

use super::{ANSWER_HEADER, Outcome, Request};

const ENGINE: [u8; 32] = [7; 32];

#[test]
fn a_request_comes_back() {
    let request = Request {
        cpu_seconds: 1,
        memory: u64::MAX,
        length: 1 << 40,
    };
    let header: [u8; super::REQUEST_HEADER] = request.encode().try_into().unwrap();
    assert_eq!(Request::decode(&header), Some(request));
}

fn answer(outcome: Outcome) -> Vec<u8> {
    let (mut answer, body) = outcome.encode(&ENGINE);
    answer.extend(body);
    answer
}

#[test]
fn an_answer_comes_back() {
    for outcome in [
        || Outcome::Compiled(vec![1, 2, 3]),
        || Outcome::Compiled(Vec::new()),
        || Outcome::Refused("why".to_owned()),
        || Outcome::OutOfMemory,
    ] {
        assert_eq!(Outcome::decode(answer(outcome()), &ENGINE), Ok(outcome()));
    }
}

#[test]
fn an_answer_that_is_not_exactly_right_is_none() {
    let good = answer(Outcome::Compiled(vec![5; 100]));
    for end in 0..good.len() {
        assert!(
            Outcome::decode(good[..end].to_vec(), &ENGINE).is_err(),
            "{end} bytes"
        );
    }
    let mut longer = good.clone();
    longer.push(0);
    assert!(Outcome::decode(longer, &ENGINE).is_err());
    // Each byte of the header counts: the outcome, the engine, the length.
    for at in 0..ANSWER_HEADER {
        let mut other = good.clone();
        other[at] ^= 0x80;
        assert!(Outcome::decode(other, &ENGINE).is_err(), "byte {at}");
    }
}
