//! A chart of times by size, as SVG: both axes logarithmic, without a script and without a font of its own.

use std::fmt::Write as _;

use super::show::{size, time};

/// The chart's size, and what its axes take of it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 128.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 44.0;

/// One line of the chart.
pub(super) struct Series {
    /// What it says at its end.
    pub(super) name: &'static str,
    /// The class that the page's style knows.
    pub(super) class: &'static str,
    /// Bytes and microseconds.
    pub(super) points: Vec<(f64, f64)>,
}

/// A logarithmic axis between two values.
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn at(&self, value: f64) -> f64 {
        let part = (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln());
        self.from + (self.to - self.from) * part
    }
}

/// The chart; none where there are not two sizes to connect.
pub(super) fn of(series: &[Series]) -> Option<String> {
    let points = || series.iter().flat_map(|one| &one.points);
    let mut sizes: Vec<f64> = points().map(|(size, _)| *size).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let (first, last) = (*sizes.first()?, *sizes.last()?);
    if first >= last || points().any(|(_, micros)| !micros.is_finite() || *micros <= 0.0) {
        return None;
    }
    let times = points().map(|(_, micros)| *micros);
    let (least, most) = times.fold((f64::MAX, f64::MIN), |(a, b), t| (a.min(t), b.max(t)));
    // Whole powers of ten enclose all times, so that the lines between them say how steep it is.
    let (low, high) = (least.log10().floor(), (most * 1.001).log10().ceil());
    let across = Axis {
        low: first,
        high: last,
        from: LEFT,
        to: WIDTH - RIGHT,
    };
    let up = Axis {
        low: 10_f64.powf(low),
        high: 10_f64.powf(high),
        from: HEIGHT - BOTTOM,
        to: TOP,
    };
    let mut svg = head(series);
    grid(&mut svg, (&across, &up), &sizes);
    let mut above = f64::MIN;
    let mut drawn: Vec<&Series> = series.iter().filter(|one| !one.points.is_empty()).collect();
    drawn.sort_by(|a, b| b.end().total_cmp(&a.end()));
    for one in drawn {
        // Names of lines that end at one place stand below one another.
        let place = up.at(one.end()).max(above + 18.0);
        above = place;
        line(&mut svg, one, (&across, &up), place);
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

impl Series {
    /// The time of its largest size.
    fn end(&self) -> f64 {
        self.points.last().map_or(f64::MIN, |(_, micros)| *micros)
    }
}

fn put(svg: &mut String, element: std::fmt::Arguments<'_>) {
    // A string takes whatever is written to it.
    let _ = writeln!(svg, "{element}");
}

fn head(series: &[Series]) -> String {
    let mut svg = String::new();
    let ends = series.iter().filter_map(|one| {
        let ((small, low), (large, high)) = (one.points.first()?, one.points.last()?);
        Some(format!(
            "{}: {} at {}, {} at {}.",
            one.name,
            time(*low),
            size(*small as u64),
            time(*high),
            size(*large as u64)
        ))
    });
    let ends: Vec<String> = ends.collect();
    put(
        &mut svg,
        format_args!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"chart-title chart-words\">"
        ),
    );
    put(
        &mut svg,
        format_args!(
            "<title id=\"chart-title\">Median time of a check by the size of its arguments</title>"
        ),
    );
    put(
        &mut svg,
        format_args!(
            "<desc id=\"chart-words\">Both axes are logarithmic. {} The table below has all values.</desc>",
            ends.join(" ")
        ),
    );
    svg
}

fn grid(svg: &mut String, (across, up): (&Axis, &Axis), sizes: &[f64]) {
    let (left, right, bottom) = (across.from, across.to, up.from);
    let powers = (up.high / up.low).log10().round();
    let mut power = 0.0;
    while power <= powers {
        let value = up.low * 10_f64.powf(power);
        let y = up.at(value);
        put(
            svg,
            format_args!(
                "<line class=\"grid\" x1=\"{left:.1}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\"/>"
            ),
        );
        let label = time(value).replace(".0 ", " ").replace(".00 ", " ");
        put(
            svg,
            format_args!(
                "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                left - 8.0,
                y + 4.0
            ),
        );
        power += 1.0;
    }
    for value in sizes {
        let x = across.at(*value);
        put(
            svg,
            format_args!(
                "<text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 20.0,
                size(*value as u64)
            ),
        );
    }
    put(
        svg,
        format_args!(
            "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">size of the arguments</text>",
            (left + right) / 2.0,
            bottom + 38.0
        ),
    );
}

fn line(svg: &mut String, one: &Series, (across, up): (&Axis, &Axis), label: f64) {
    let class = one.class;
    let at = one
        .points
        .iter()
        .map(|(size, micros)| (across.at(*size), up.at(*micros)));
    let at: Vec<(f64, f64)> = at.collect();
    let path: Vec<String> = at.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    put(
        svg,
        format_args!(
            "<polyline class=\"line {class}\" points=\"{}\"/>",
            path.join(" ")
        ),
    );
    for ((x, y), (bytes, micros)) in at.iter().zip(&one.points) {
        let words = format!("{}: {} at {}", one.name, time(*micros), size(*bytes as u64));
        put(
            svg,
            format_args!(
                "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{words}</title></circle>"
            ),
        );
    }
    put(
        svg,
        format_args!(
            "<text class=\"name {class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            across.to + 12.0,
            label + 4.0,
            one.name
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::{Series, of};

    fn series(points: &[(f64, f64)]) -> Series {
        Series {
            name: "check",
            class: "check",
            points: points.to_vec(),
        }
    }

    #[test]
    fn each_point_is_drawn_within_the_chart_and_named() {
        let svg = of(&[series(&[
            (64.0, 30.0),
            (1024.0, 45.5),
            (1_048_576.0, 9_000.0),
        ])])
        .unwrap();
        assert_eq!(svg.matches("<circle").count(), 3);
        for words in [
            "30.0 µs at 64 B",
            "45.5 µs at 1 KiB",
            "9.00 ms at 1 MiB",
            ">10 µs<",
            ">10 ms<",
        ] {
            assert!(svg.contains(words), "{words} is not in {svg}");
        }
        let places = svg.split(" cy=\"").skip(1);
        for place in places {
            let y: f64 = place.split('"').next().unwrap().parse().unwrap();
            assert!((0.0..360.0).contains(&y), "{y}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        for points in [
            &[][..],
            &[(64.0, 30.0)],
            &[(64.0, 30.0), (128.0, 0.0)],
            &[(64.0, f64::NAN), (128.0, 1.0)],
        ] {
            assert!(of(&[series(points)]).is_none(), "{points:?}");
        }
    }
}
