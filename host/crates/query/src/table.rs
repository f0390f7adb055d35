//! Calls as a table for people.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};
use wardlet_audit::rfc3339;
use wardlet_call::visible;

use crate::call::Call;

/// The heads of the columns.
const HEADS: [&str; 8] = [
    "ENTRY", "TIME", "EFFECT", "STATUS", "REASON", "CALL", "CALLER", "RULES",
];

/// The columns that may be shortened, and to what width: names, which the JSON has whole. The others are
/// numbers, times and words of ours.
const SHRINKS: [(usize, usize); 4] = [(7, 8), (6, 8), (4, 12), (5, 16)];

/// Between two columns.
const GAP: usize = 2;

/// Stands for what was left out.
const CUT: char = '\u{2026}';

/// The lines of a table, its heads first. Within `width` columns of a terminal, where that is given: names
/// are shortened, which a `…` shows, rules first; a terminal that is too narrow even then wraps.
#[must_use]
pub fn table(calls: &[Call], width: Option<usize>) -> Vec<String> {
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(calls.iter().map(cells));
    let mut widths = [0; HEADS.len()];
    for row in &rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = cell.width().max(*widest);
        }
    }
    if let Some(width) = width {
        shrink(&mut widths, width);
    }
    let line = |row: [String; HEADS.len()]| {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let shown = cut(cell, width);
            let room = width.saturating_sub(shown.width());
            // The numbers stand to the right.
            if column == 0 {
                line.extend(std::iter::repeat_n(' ', room));
            }
            line.push_str(&shown);
            if column > 0 {
                line.extend(std::iter::repeat_n(' ', room));
            }
            line.extend(std::iter::repeat_n(' ', GAP));
        }
        line.truncate(line.trim_end().len());
        line
    };
    rows.into_iter().map(line).collect()
}

fn cells(call: &Call) -> [String; HEADS.len()] {
    [
        call.entry.to_string(),
        rfc3339(call.time_ms),
        call.effect.clone(),
        call.status().unwrap_or_default().to_owned(),
        call.last_reason().to_owned(),
        call.target(),
        call.principal.clone(),
        call.rules.join(", "),
    ]
    .map(|cell| visible(&cell).into_owned())
}

/// Takes from the columns that may be shortened until all fit.
fn shrink(widths: &mut [usize], most: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    for (column, least) in SHRINKS {
        let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(most);
        if let Some(width) = widths.get_mut(column) {
            let spare = width.saturating_sub(least);
            *width -= spare.min(excess);
        }
    }
}

/// A text within a width.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut taken = 1;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > width {
            break;
        }
        shown.push(c);
    }
    shown.push(CUT);
    shown
}

#[cfg(test)]
mod tests;
