//! The method of the ratios: rounds of both sides interleave, so that what disturbs the machine
//! disturbs both; the median of the rounds' ratios counts, and the spread is printed. Where the middle
//! half of the ratios lies too far apart, the rounds do not agree, and there is no result. A few rounds
//! that something held up say nothing about the others.

use std::process::ExitCode;

/// A middle half of the ratios that is wider than this part of their median says that the machine was
/// busy.
pub(crate) const STEADY: f64 = 0.15;

/// Rounds whose median counts. Odd, so that it is one of them.
pub(crate) const ROUNDS: usize = 21;

/// How often a run on a busy machine is tried before it is void.
const ATTEMPTS: usize = 5;

/// Of some figures the least, the middle, the greatest, and the ends of the middle half.
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) lower: f64,
    pub(crate) median: f64,
    pub(crate) upper: f64,
    pub(crate) greatest: f64,
}

impl Spread {
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |position: usize| figures.get(position).copied().unwrap_or(f64::NAN);
        let last = figures.len().saturating_sub(1);
        Spread {
            least: at(0),
            lower: at(last / 4),
            median: at(last / 2),
            upper: at(last - last / 4),
            greatest: at(last),
        }
    }

    /// How wide the middle half is, as a part of the median.
    pub(crate) fn moved(&self) -> f64 {
        (self.upper - self.lower) / self.median
    }
}

/// Runs the rounds until they agree, and prints what they gave. Each round gives the floor's
/// microseconds and ours. None where they never agreed.
pub(crate) fn ratio(name: &str, mut round: impl FnMut() -> (f64, f64)) -> Option<f64> {
    round();
    for attempt in 1..=ATTEMPTS {
        let figures: Vec<(f64, f64)> = (0..ROUNDS).map(|_| round()).collect();
        let ratios = Spread::of(figures.iter().map(|(floor, ours)| ours / floor).collect());
        let floors = Spread::of(figures.iter().map(|(floor, _)| *floor).collect());
        let ours = Spread::of(figures.iter().map(|(_, ours)| *ours).collect());
        println!(
            "{name}: floor {:.2} us, ours {:.2} us, ratio {:.3} (half of {ROUNDS} rounds from {:.3} to {:.3}, all from {:.3} to {:.3})",
            floors.median,
            ours.median,
            ratios.median,
            ratios.lower,
            ratios.upper,
            ratios.least,
            ratios.greatest,
        );
        if ratios.moved() <= STEADY {
            return Some(ratios.median);
        }
        println!(
            "{name}: void, the rounds differ by over {:.0}% (attempt {attempt} of {ATTEMPTS})",
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
