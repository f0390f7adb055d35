//! A plugin's settings: any tree of TOML values but dates, as JSON.

use toml::de::{DeInteger, DeValue};
use wardlet_call::Json;

use super::fault::Gathered;
use super::kind::FaultKind;
use super::table::{Node, in_order};

/// The value as JSON, with the members of a table in the order of the text. Depth is bounded by
/// the TOML parser, which stops at 80 levels. A value without a JSON form becomes `null` and a
/// fault, so that all of them are found in one run.
pub(super) fn to_json(node: &Node<'_>, gathered: &mut Gathered<'_>) -> Json {
    match node.get_ref() {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Boolean(value) => Json::Bool(*value),
        DeValue::Integer(integer) => number(node, integer_literal(integer), gathered),
        DeValue::Float(float) => number(node, json_number(float.as_str()), gathered),
        DeValue::Datetime(_) => {
            gathered.at(node.span(), FaultKind::SettingDate);
            Json::Null
        }
        DeValue::Array(items) => {
            Json::Array(items.iter().map(|item| to_json(item, gathered)).collect())
        }
        DeValue::Table(entries) => Json::Object(
            in_order(entries)
                .into_iter()
                .map(|(key, value)| (key.get_ref().to_string(), to_json(value, gathered)))
                .collect(),
        ),
    }
}

fn number(node: &Node<'_>, value: Option<Json>, gathered: &mut Gathered<'_>) -> Json {
    value.unwrap_or_else(|| {
        gathered.at(node.span(), FaultKind::SettingNumber);
        Json::Null
    })
}

/// TOML integers are of 64 bits with a sign (TOML 1.1, section Integer), in four radixes.
fn integer_literal(integer: &DeInteger<'_>) -> Option<Json> {
    let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok()?;
    Some(Json::Number(value.to_string()))
}

/// A float's literal is one of JSON too, but for a leading `+`, `inf` and `nan`. Those beyond a
/// double's range are refused, since plugins would read them as infinite.
fn json_number(literal: &str) -> Option<Json> {
    let literal = literal.strip_prefix('+').unwrap_or(literal);
    literal.parse::<f64>().ok().filter(|f| f.is_finite())?;
    match Json::parse(literal) {
        Ok(number @ Json::Number(_)) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::to_json;
    use crate::config::fault::Gathered;

    fn check(text: &str, expected: Result<&str, usize>) {
        let text = format!("x = {text}");
        let document = DeTable::parse(&text).unwrap();
        let mut gathered = Gathered::new(&text);
        let json = to_json(document.get_ref().get("x").unwrap(), &mut gathered);
        let faults = gathered.into_faults("x".as_ref()).iter().len();
        let got = if faults == 0 {
            Ok(json.to_text())
        } else {
            Err(faults)
        };
        assert_eq!(got.as_deref().map_err(|n| *n), expected, "{text}");
    }

    #[test]
    fn settings_become_json() {
        check(
            r#"{ z = [1, -2, 0x1f, 1_000, +5], a = { b = true }, s = "é\n" }"#,
            Ok(r#"{"z":[1,-2,31,1000,5],"a":{"b":true},"s":"é\n"}"#),
        );
        check("1.50", Ok("1.50"));
        check("+1e3", Ok("1e+3"));
        check("-0.0", Ok("-0.0"));
        check("1_0.5", Ok("10.5"));
        check("9223372036854775807", Ok("9223372036854775807"));
        check("0xdeadbeef", Ok("3735928559"));
        check("[]", Ok("[]"));
        check("inf", Err(1));
        check("[nan, -inf, 1]", Err(2));
        check("1e999", Err(1));
        check("9223372036854775808", Err(1));
        check("[2026-11-23, { a = 10:00:00 }]", Err(2));
    }
}
