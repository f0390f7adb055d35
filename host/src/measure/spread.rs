//! Figures that were taken again and again.

use std::time::Duration;

use serde::Serialize;

/// Of some figures the least, the middle and the greatest.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// The least.
    pub least: f64,
    /// The middle one; of an even number the lower of two.
    pub median: f64,
    /// The greatest.
    pub greatest: f64,
}

impl Spread {
    /// Of these; not a number where there are none.
    #[must_use]
    pub fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |position: usize| figures.get(position).copied().unwrap_or(f64::NAN);
        let last = figures.len().saturating_sub(1);
        Spread {
            least: at(0),
            median: at(last / 2),
            greatest: at(last),
        }
    }
}

/// Of many figures the middle one and those between which the middle half lies.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Middle {
    /// A quarter is below.
    pub lower: f64,
    /// The median.
    pub median: f64,
    /// A quarter is above.
    pub upper: f64,
}

impl Middle {
    /// Of these; none where there are none.
    #[must_use]
    pub fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let last = figures.len().checked_sub(1)?;
        let at = |quarters: usize| figures.get(last * quarters / 4).copied();
        Some(Middle {
            lower: at(1)?,
            median: at(2)?,
            upper: at(3)?,
        })
    }

    /// How wide the middle half is, as a part of the median.
    #[must_use]
    pub fn width(&self) -> f64 {
        (self.upper - self.lower) / self.median
    }
}

/// The times of many checks, in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Times {
    /// How many there were.
    pub checks: usize,
    /// The median.
    pub p50: f64,
    /// One in a hundred takes longer; none where there were too few to tell.
    pub p99: Option<f64>,
    /// One in a thousand takes longer; none where there were too few to tell.
    pub p999: Option<f64>,
}

impl Times {
    /// Of these; none where there are none.
    #[must_use]
    pub fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let checks = times.len();
        // So many of a thousand are at most as long. With fewer than ten that are longer, chance says.
        let at = |thousandths: usize| {
            let beyond = checks * (1000 - thousandths) / 1000;
            let place = checks.saturating_sub(beyond + 1);
            let time = times.get(place).map(|time| time.as_secs_f64() * 1e6);
            time.filter(|_| beyond >= MIN_BEYOND)
        };
        let median = times.get(checks.saturating_sub(1) / 2)?;
        Some(Times {
            checks,
            p50: median.as_secs_f64() * 1e6,
            p99: at(990),
            p999: at(999),
        })
    }
}

/// Checks that have to be beyond a percentile for it to be told.
const MIN_BEYOND: usize = 10;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Middle, Spread, Times};

    #[test]
    fn the_middle_and_the_ends() {
        for (figures, expected) in [
            (vec![3.0, 1.0, 2.0], (1.0, 2.0, 3.0)),
            (vec![4.0, 1.0, 2.0, 3.0], (1.0, 2.0, 4.0)),
            (vec![7.0], (7.0, 7.0, 7.0)),
        ] {
            let spread = Spread::of(figures);
            assert_eq!((spread.least, spread.median, spread.greatest), expected);
        }
        assert!(Spread::of(Vec::new()).median.is_nan());
        let middle = Middle::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
        assert_eq!((middle.lower, middle.median, middle.upper), (2.0, 3.0, 4.0));
        assert!(Middle::of(Vec::new()).is_none());
    }

    #[test]
    fn a_percentile_is_told_where_enough_are_beyond_it() {
        for (checks, p50, p99, p999) in [
            (1, 1.0, None, None),
            (999, 500.0, None, None),
            (1_000, 500.0, Some(990.0), None),
            (10_000, 5_000.0, Some(9_900.0), Some(9_990.0)),
        ] {
            let times = (1..=checks).rev().map(Duration::from_micros).collect();
            let times = Times::of(times).unwrap();
            assert!((times.p50 - p50).abs() < 1e-6, "{times:?}");
            let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-6,
                (a, b) => a == b,
            };
            assert!(near(times.p99, p99) && near(times.p999, p999), "{times:?}");
        }
        assert!(Times::of(Vec::new()).is_none());
    }
}
