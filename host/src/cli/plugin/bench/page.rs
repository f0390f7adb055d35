//! The report: one file of HTML that needs nothing else, no script and no network.

use std::fmt::Write as _;

use super::Benched;
use super::chart::{self, Series};
use super::show::{lines, notes, row};
use crate::cli::say::visible;
use crate::measure::{Sized, Times};

/// Colours by the reader's preference; both pairs differ in lightness too, for who sees no hues.
const STYLE: &str = "
:root { color-scheme: light dark; --page: #fff; --text: #1b1f24; --soft: #57606a; --rule: #d0d7de; --check: #0550ae; --floor: #9a6700; }
@media (prefers-color-scheme: dark) {
  :root { --page: #15181c; --text: #e6e9ed; --soft: #9ba5b0; --rule: #363d46; --check: #79b8ff; --floor: #e3b341; }
}
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.what { color: var(--soft); margin-top: .2rem; overflow-wrap: anywhere; }
figure { margin: 0; }
svg { width: 100%; height: auto; }
.grid { stroke: var(--rule); }
.tick { fill: var(--soft); font-size: 12px; }
.name { font-size: 13px; font-weight: 600; }
.line { fill: none; stroke-width: 2.5; }
.line.floor { stroke-dasharray: 7 5; }
.line.check { stroke: var(--check); } .line.floor { stroke: var(--floor); }
.dot.check, .name.check { fill: var(--check); } .dot.floor, .name.floor { fill: var(--floor); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.note { color: var(--soft); }
";

pub(super) fn of(benched: &Benched) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
    );
    let name = escaped(benched.name.as_str());
    put(
        &mut page,
        format_args!(
            "<title>What a check of {name} costs</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>"
        ),
    );
    put(
        &mut page,
        format_args!("<h1>What a check of {name} costs</h1>"),
    );
    put(
        &mut page,
        format_args!(
            "<p class=\"what\">{}, {} bytes, {}</p>",
            escaped(&benched.path),
            benched.bytes,
            escaped(&benched.digest)
        ),
    );
    put(
        &mut page,
        format_args!("<div class=\"wide\"><table>\n<caption hidden>Figures of one check</caption>"),
    );
    for (what, value, note) in lines(benched) {
        put(
            &mut page,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"note\">{}</td></tr>",
                escaped(what),
                escaped(&value),
                escaped(&note)
            ),
        );
    }
    page.push_str("</table></div>\n");
    sizes(&mut page, benched);
    page.push_str("<h2>How to read this</h2>\n<ul>\n");
    for note in notes(benched) {
        put(&mut page, format_args!("<li>{}</li>", escaped(&note)));
    }
    put(
        &mut page,
        format_args!(
            "</ul>\n<p class=\"what\">Measured by wardlet {}.</p>\n</main>\n</body>\n</html>",
            env!("CARGO_PKG_VERSION")
        ),
    );
    page
}

fn sizes(page: &mut String, benched: &Benched) {
    let sizes = &benched.measured.sizes;
    if sizes.is_empty() {
        return;
    }
    let points = |times: fn(&Sized) -> Option<Times>| {
        let points = sizes
            .iter()
            .filter_map(|one| Some((one.bytes as f64, times(one)?.p50)));
        points.collect()
    };
    let chart = chart::of(&[
        Series {
            name: "check",
            class: "check",
            points: points(|one| one.checks),
        },
        Series {
            name: "floor",
            class: "floor",
            points: points(|one| one.floor),
        },
    ]);
    page.push_str("<h2>By the size of the arguments</h2>\n");
    if let Some(chart) = chart {
        put(page, format_args!("<figure>\n{chart}</figure>"));
    }
    page.push_str("<div class=\"wide\"><table>\n<caption hidden>Median times by the size of the arguments</caption>\n<tr><th scope=\"col\" class=\"number\">arguments</th><th scope=\"col\" class=\"number\">check p50</th><th scope=\"col\" class=\"number\">floor p50</th><th scope=\"col\" class=\"number\">ratio</th><th scope=\"col\">outcome</th></tr>\n");
    for sized in sizes {
        let [bytes, check, floor, ratio, outcome] = row(sized).map(|text| escaped(&text));
        put(
            page,
            format_args!(
                "<tr><td class=\"number\">{bytes}</td><td class=\"number\">{check}</td><td class=\"number\">{floor}</td><td class=\"number\">{ratio}</td><td>{outcome}</td></tr>"
            ),
        );
    }
    page.push_str("</table></div>\n");
}

fn put(page: &mut String, element: std::fmt::Arguments<'_>) {
    // A string takes whatever is written to it.
    let _ = writeln!(page, "{element}");
}

/// Text that stays text within HTML, and shows what would steer a reader.
fn escaped(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_strangers_text_stays_text() {
        for (text, expected) in [
            ("a & b", "a &amp; b"),
            (
                "<script>\"x\"</script>",
                "&lt;script&gt;&quot;x&quot;&lt;/script&gt;",
            ),
            ("a\u{202e}b", "a\\u{202e}b"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
