//! The method of the ratios: rounds of both sides interleave, so that what disturbs the machine
//! disturbs both; the median of the rounds' ratios counts, and the spread is printed. Where the middle
//! half of the ratios lies too far apart, the rounds do not agree, and there is no result, unless all of
//! that half is far on one side of the target. A few rounds that something held up say nothing about the
//! others.

use std::process::ExitCode;

use wardlet::measure::Middle;
pub(crate) use wardlet::measure::Spread;

/// A middle half of the ratios that is wider than this part of their median says that the machine was
/// busy.
pub(crate) const STEADY: f64 = 0.15;

/// How far beyond the target, as a factor, the whole middle half has to be for rounds that do not agree to
/// count all the same: noise that is no wider than what is measured does not turn the answer.
const CLEAR: f64 = 2.0;

/// Rounds whose median counts. Odd, so that it is one of them.
pub(crate) const ROUNDS: usize = 21;

/// How often a run on a busy machine is tried before it is void.
const ATTEMPTS: usize = 5;

/// Runs the rounds until they agree, and prints what they gave. Each round gives the floor's
/// microseconds and ours. None where they never agreed and lie around the target.
pub(crate) fn ratio(name: &str, target: f64, mut round: impl FnMut() -> (f64, f64)) -> Option<f64> {
    round();
    for attempt in 1..=ATTEMPTS {
        let figures: Vec<(f64, f64)> = (0..ROUNDS).map(|_| round()).collect();
        let ratios: Vec<f64> = figures.iter().map(|(floor, ours)| ours / floor).collect();
        let half = Middle::of(ratios.clone())?;
        let ratios = Spread::of(ratios);
        let floors = Spread::of(figures.iter().map(|(floor, _)| *floor).collect());
        let ours = Spread::of(figures.iter().map(|(_, ours)| *ours).collect());
        println!(
            "{name}: floor {:.2} us, ours {:.2} us, ratio {:.3} (half of {ROUNDS} rounds from {:.3} to {:.3}, all from {:.3} to {:.3})",
            floors.median,
            ours.median,
            ratios.median,
            half.lower,
            half.upper,
            ratios.least,
            ratios.greatest,
        );
        if half.width() <= STEADY {
            return Some(ratios.median);
        }
        if half.upper <= target / CLEAR || half.lower >= target * CLEAR {
            println!("{name}: the rounds differ, and all of their middle half is far on one side");
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
