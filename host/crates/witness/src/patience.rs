//! Asking those that do not answer less and less often.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use wardlet_audit::witness::{Post, Posted};

/// How long a witness is left alone after it did not answer once; twice as long after each time
/// more.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause, so that a witness that is back is found within minutes.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// Posts through another, but for a pause not to an address that did not answer, so that each round
/// need not wait for it.
pub(crate) struct Patient<P> {
    inner: P,
    silent: Mutex<BTreeMap<String, Silence>>,
}

/// What is known of an address that did not answer.
struct Silence {
    times: u32,
    until: Instant,
    why: String,
}

impl<P> Patient<P> {
    pub(crate) fn new(inner: P) -> Self {
        Patient {
            inner,
            silent: Mutex::new(BTreeMap::new()),
        }
    }

    fn refused(&self, url: &str, now: Instant) -> Option<String> {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let silence = silent.get(url).filter(|silence| now < silence.until)?;
        let seconds = silence.until.duration_since(now).as_secs() + 1;
        let (times, why) = (silence.times, &silence.why);
        Some(format!(
            "{why} ({times} times; asked again in {seconds} s at the latest)"
        ))
    }

    fn note(&self, url: &str, outcome: &Result<Posted, String>, now: Instant) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let why = match outcome {
            Ok(posted) if !is_silence(posted.status) => {
                silent.remove(url);
                return;
            }
            Ok(posted) => format!("status {}", posted.status),
            Err(why) => why.clone(),
        };
        let times = silent
            .get(url)
            .map_or(0, |silence| silence.times)
            .saturating_add(1);
        let until = now + pause(times);
        silent.insert(url.to_owned(), Silence { times, until, why });
    }
}

/// Whether a status says that the witness cannot answer now.
fn is_silence(status: u16) -> bool {
    status == 429 || status >= 500
}

fn pause(times: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(times.saturating_sub(1));
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

impl<P: Post> Post for Patient<P> {
    fn post(&self, url: &str, body: &[u8]) -> Result<Posted, String> {
        if let Some(why) = self.refused(url, Instant::now()) {
            return Err(why);
        }
        let outcome = self.inner.post(url, body);
        self.note(url, &outcome, Instant::now());
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Post for Nobody {
        fn post(&self, _: &str, _: &[u8]) -> Result<Posted, String> {
            unreachable!("the test notes what would have been answered")
        }
    }

    #[test]
    fn who_does_not_answer_is_asked_less_often() {
        let start = Instant::now();
        let answered = |status| {
            let body = Vec::new();
            Ok(Posted { status, body })
        };
        let gone = || Err("gone".to_owned());
        // What was answered one after another, and the seconds that it is then left alone.
        for (outcomes, seconds) in [
            (vec![], 0),
            (vec![gone()], 5),
            (vec![gone(), gone()], 10),
            (vec![answered(503), answered(429), gone()], 20),
            (vec![gone(), gone(), answered(200)], 0),
            (vec![gone(), answered(422)], 0),
            (vec![gone(), answered(200), gone()], 5),
            (vec![gone(); 40], 300),
        ] {
            let patient = Patient::new(Nobody);
            for outcome in &outcomes {
                patient.note("a", outcome, start);
            }
            let refused = |millis| {
                let at = start + Duration::from_millis(millis);
                patient.refused("a", at).is_some()
            };
            assert!(!refused(seconds * 1000), "{outcomes:?}");
            assert_eq!(seconds > 0 && refused(seconds * 1000 - 1), seconds > 0);
            assert_eq!(patient.refused("b", start), None);
        }
    }
}
