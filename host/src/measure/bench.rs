//! Checks of a loaded plugin and of the bare engine, in rounds that interleave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wardlet_call::{Caller, Document, Documents, Json, Part, Reach, Ruling, Subject};
use wardlet_sandbox::{Asked, Bare, Check, DEFAULT_MEMORY, Fault, Plugin, Sandbox, Usage};

use super::{
    MAIN_PART, MOST_CHECKS, MeasureError, Middle, Plan, ROUND, Sized, Spread, Times, WARM_UP,
    micros, payload,
};

/// A loaded plugin with all that a check of it needs.
pub(super) struct Bench {
    pub(super) plugin: Plugin,
    pub(super) subject: Subject,
    pub(super) caller: Arc<Caller>,
    pub(super) settings: String,
    pub(super) reach: Reach,
}

/// What checks of both sides took.
pub(super) struct Sides {
    pub(super) ours: Option<Times>,
    pub(super) faults: usize,
    pub(super) floor: Option<Times>,
    pub(super) ratio: Option<Middle>,
}

impl Bench {
    pub(super) fn asked<'a>(&'a self, arguments: &'a str) -> Asked<'a> {
        Asked {
            subject: &self.subject,
            part: Part::Arguments,
            payload: arguments,
            settings: &self.settings,
            reach: self.reach.clone(),
            caller: Some(Arc::clone(&self.caller)),
            memory: DEFAULT_MEMORY,
        }
    }

    pub(super) fn check(&self, arguments: &str) -> Result<Check, MeasureError> {
        // It was written by us a moment ago.
        let root = Json::parse(arguments).map_err(|_| MeasureError::Fault(Fault::BadAnswer))?;
        Ok(Check {
            documents: Documents {
                arguments: Some(Arc::new(Document::parsed(root, arguments.len()))),
                ..Documents::default()
            },
            caller: Some(Arc::clone(&self.caller)),
            ..Check::default()
        })
    }

    /// One check, in words.
    pub(super) fn run(&self, check: &Check) -> (Result<String, Fault>, Usage) {
        if self.plugin.is_policy() {
            let (answer, usage) = self.plugin.evaluate(&self.subject, check);
            let words = answer.map(|(verdict, _)| match &verdict.ruling {
                Ruling::Deny(code) | Ruling::RequireApproval(code) => {
                    format!("{} {code}", verdict.ruling.word())
                }
                ruling => ruling.word().to_owned(),
            });
            return (words, usage);
        }
        let (answer, usage) = self.plugin.find(&self.subject, Part::Arguments, check);
        (
            answer.map(|edits| format!("{} findings", edits.len())),
            usage,
        )
    }

    /// One check as the gateway waits for it: whether it gave an answer, and how long that took.
    fn timed(&self, check: &Check) -> (bool, Duration) {
        let begun = Instant::now();
        let judged = if self.plugin.is_policy() {
            self.plugin.evaluate(&self.subject, check).0.is_ok()
        } else {
            let part = Part::Arguments;
            self.plugin.find(&self.subject, part, check).0.is_ok()
        };
        (judged, begun.elapsed())
    }

    pub(super) fn instructions(&self, bytes: &[u8], arguments: &str) -> Option<u64> {
        let bare = Bare::counting(bytes, &self.asked(arguments)).ok()?;
        bare.instructions().ok().flatten()
    }

    pub(super) fn by_size(
        &self,
        sandbox: &Sandbox,
        plan: &Plan<'_>,
        step: &dyn Fn(&str),
    ) -> Result<Vec<Sized>, MeasureError> {
        let parts = u32::try_from(plan.sizes.len()).unwrap_or(u32::MAX).max(1);
        let slice = plan.time.mul_f64(1.0 - MAIN_PART) / parts;
        let empty = Json::Object(Vec::new());
        let mut sizes = Vec::new();
        for size in plan.sizes {
            step("checks by size");
            if let Some(text) = payload::filled(plan.arguments.unwrap_or(&empty), *size) {
                sizes.push(self.sized(sandbox, plan.bytes, &text, slice)?);
            }
        }
        Ok(sizes)
    }

    fn sized(
        &self,
        sandbox: &Sandbox,
        bytes: &[u8],
        arguments: &str,
        time: Duration,
    ) -> Result<Sized, MeasureError> {
        let check = self.check(arguments)?;
        let (outcome, _) = self.run(&check);
        let mut sized = Sized {
            bytes: arguments.len(),
            outcome: String::new(),
            checks: None,
            floor: None,
            ratio: None,
        };
        match outcome {
            // Nothing ends a loop on the bare engine.
            Err(fault) => sized.outcome = format!("no verdict: {fault}"),
            Ok(outcome) => {
                let bare = Bare::new(sandbox, bytes, &self.asked(arguments)).ok();
                let sides = self.sides(&check, bare.as_ref(), time);
                sized.outcome = outcome;
                sized.checks = sides.ours;
                sized.floor = sides.floor;
                sized.ratio = sides.ratio;
            }
        }
        Ok(sized)
    }

    /// Rounds of checks of both sides.
    pub(super) fn sides(&self, check: &Check, bare: Option<&Bare>, time: Duration) -> Sides {
        let begun = Instant::now();
        let until = begun + time;
        // A bare engine that does not run this component has no times, instead of those of its failures.
        let mut bare = bare.filter(|bare| bare.check().is_ok());
        let warm = begun + time / 10;
        for _ in 0..WARM_UP {
            if Instant::now() > warm {
                break;
            }
            self.timed(check);
            let _ = bare.map(Bare::check);
        }
        let (mut ours, mut floors, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        let mut faults = 0;
        while (ours.is_empty() || Instant::now() < until) && ours.len() < MOST_CHECKS {
            let mut round = Vec::with_capacity(ROUND);
            for _ in 0..ROUND {
                let (judged, time) = self.timed(check);
                faults += usize::from(!judged);
                round.push(time);
            }
            let floor = bare.and_then(|bare| floor_round(bare).ok());
            match &floor {
                Some(floor) => {
                    let median = |times: &[Duration]| {
                        Spread::of(times.iter().copied().map(micros).collect()).median
                    };
                    ratios.push(median(&round) / median(floor));
                    floors.extend(floor);
                }
                None => bare = None,
            }
            ours.extend(round);
        }
        Sides {
            ours: Times::of(ours),
            faults,
            floor: Times::of(floors).filter(|_| bare.is_some()),
            ratio: bare.and_then(|_| Middle::of(ratios)),
        }
    }
}

fn floor_round(bare: &Bare) -> Result<Vec<Duration>, ()> {
    let times = (0..ROUND).map(|_| {
        let begun = Instant::now();
        bare.check().map(|_| begun.elapsed()).map_err(drop)
    });
    times.collect()
}
