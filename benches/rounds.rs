//! The method of the ratios: rounds of both sides interleave, so that what disturbs the machine
//! disturbs both; the median of the rounds' ratios counts, and the spread is printed. Where the
//! floor itself moves too much there is no result.

use std::process::ExitCode;

/// A floor that moves by more than this part of itself says that the machine was busy.
pub(crate) const STEADY: f64 = 0.15;

/// Rounds whose median counts. Odd, so that it is one of them.
pub(crate) const ROUNDS: usize = 21;

/// How often a run on a busy machine is tried before it is void.
const ATTEMPTS: usize = 5;

/// Of some figures the least, the middle and the greatest.
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) greatest: f64,
}

impl Spread {
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |position: usize| figures.get(position).copied().unwrap_or(f64::NAN);
        let last = figures.len().saturating_sub(1);
        Spread {
            least: at(0),
            median: at(last / 2),
            greatest: at(last),
        }
    }

    pub(crate) fn moved(&self) -> f64 {
        (self.greatest - self.least) / self.median
    }
}

/// Runs the rounds until the floor stood still, and prints what they gave. Each round gives the
/// floor's microseconds and ours. None where the floor never stood still.
pub(crate) fn ratio(name: &str, mut round: impl FnMut() -> (f64, f64)) -> Option<f64> {
    round();
    for attempt in 1..=ATTEMPTS {
        let figures: Vec<(f64, f64)> = (0..ROUNDS).map(|_| round()).collect();
        let ratios = Spread::of(figures.iter().map(|(floor, ours)| ours / floor).collect());
        let floors = Spread::of(figures.iter().map(|(floor, _)| *floor).collect());
        let ours = Spread::of(figures.iter().map(|(_, ours)| *ours).collect());
        println!(
            "{name}: floor {:.2} us (moved {:.0}%), ours {:.2} us, ratio {:.3} (from {:.3} to {:.3}, {ROUNDS} rounds)",
            floors.median,
            floors.moved() * 100.0,
            ours.median,
            ratios.median,
            ratios.least,
            ratios.greatest,
        );
        if floors.moved() <= STEADY {
            return Some(ratios.median);
        }
        println!(
            "{name}: void, the floor moved over {:.0}% (attempt {attempt} of {ATTEMPTS})",
            STEADY * 100.0
        );
    }
    None
}

/// The exit code for some ratios: 0 where each is within the target, 1 where one is over it, 2 where
/// one has no result.
pub(crate) fn verdict(ratios: &[(&str, Option<f64>)], target: f64) -> ExitCode {
    let mut code = 0;
    for (name, ratio) in ratios {
        match ratio {
            None => code = 2,
            Some(ratio) if *ratio > target => {
                println!("{name}: over the target of {target}");
                code = code.max(1);
            }
            Some(_) => println!("{name}: within the target of {target}"),
        }
    }
    ExitCode::from(code)
}
