//! Numbers as their literals, and whether RFC 8785 can tell them apart.

/// The largest integer that every JSON reader keeps exact (RFC 7493, section 2.2).
pub const MAX_EXACT: u64 = (1 << 53) - 1;

/// The canonical form (RFC 8785, section 3.2.2.3) of a JSON number literal, where it has the same
/// decimal value; none where canonicalisation would merge it with another number or overflow.
pub(crate) fn canonical(literal: &str) -> Option<String> {
    let value: f64 = literal.parse().ok()?;
    if !value.is_finite() {
        return None;
    }
    let mut buffer = ryu_js::Buffer::new();
    let text = buffer.format_finite(value);
    (decimal(literal)? == decimal(text)?).then(|| text.to_owned())
}

/// A decimal value as (negative, significant digits without zeros at either end, exponent of the
/// last digit). Zero is the empty digits with exponent 0, whatever its sign.
fn decimal(literal: &str) -> Option<(bool, String, i64)> {
    let (negative, rest) = match literal.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, literal),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        // An exponent that i32 cannot hold is far outside of f64: such a literal is zero or infinite.
        Some((mantissa, exponent)) => (mantissa, i64::from(exponent.parse::<i32>().ok()?)),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    let mut exponent = exponent - i64::try_from(fraction.len()).ok()?;
    let kept = digits.trim_end_matches('0').len();
    exponent += i64::try_from(digits.len() - kept).ok()?;
    digits.truncate(kept);
    let digits = digits.trim_start_matches('0').to_owned();
    if digits.is_empty() {
        return Some((false, digits, 0));
    }
    Some((negative, digits, exponent))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn literals_and_their_canonical_forms() {
        let cases = [
            ("0", Some("0")),
            ("-0", Some("0")),
            ("1", Some("1")),
            ("1.0", Some("1")),
            ("1.10", Some("1.1")),
            ("1e2", Some("100")),
            ("1E-2", Some("0.01")),
            ("0.000", Some("0")),
            ("123456789012345680000", Some("123456789012345680000")),
            ("1e21", Some("1e+21")),
            ("9007199254740992", Some("9007199254740992")),
            ("9007199254740993", None),
            ("0.1234567890123456789", None),
            ("1e400", None),
            ("-1e400", None),
            ("1e-400", None),
            ("0e400", Some("0")),
            ("1e99999999999", None),
            ("4.50", Some("4.5")),
            ("2e-3", Some("0.002")),
            ("0.1", Some("0.1")),
        ];
        for (literal, expected) in cases {
            assert_eq!(canonical(literal).as_deref(), expected, "{literal}");
        }
    }
}
