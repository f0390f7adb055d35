//! What somebody may have meant.

/// Names longer than this are not compared: no key or name of the configuration is, and the work
/// grows with the square of the length.
const MAX_COMPARED: usize = 64;

/// The candidate that is nearest to `text`, if it is near enough to be a slip of the fingers: one
/// edit in three characters, and swapped neighbours count as one.
#[must_use]
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = text.chars().count().div_ceil(3);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(text, candidate)?, candidate)))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The optimal string alignment distance; none for texts that are too long to compare.
fn distance(a: &str, b: &str) -> Option<usize> {
    if a.len() > MAX_COMPARED || b.len() > MAX_COMPARED {
        return None;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let substituted = last.get(j)? + usize::from(x != y);
            let mut best = substituted.min(row.get(j)? + 1).min(last.get(j + 1)? + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(before.get(j - 1)? + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let keys = ["tools", "methods", "policies", "env", "path-guard"];
        let long = "t".repeat(5000);
        for (text, expected) in [
            ("tolls", Some("tools")),
            ("tool", Some("tools")),
            ("otols", Some("tools")),
            ("polcies", Some("policies")),
            ("enve", Some("env")),
            ("path_guard", Some("path-guard")),
            ("pathguard", Some("path-guard")),
            ("xyz", None),
            ("", None),
            ("é", None),
            (long.as_str(), None),
        ] {
            assert_eq!(nearest(text, keys), expected, "{text}");
        }
    }
}
