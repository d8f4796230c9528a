use serde_json::Value;

use super::contains_aadhaar;
use crate::fields::{Problem, ProblemCode};

/// The greatest number whose neighbours a double still tells apart; those beyond are written by
/// PostgreSQL with all their digits, which no reader takes back.
const MAX_NUMBER: f64 = 9_007_199_254_740_992.0;
/// The smallest number but 0: PostgreSQL writes all its places out, three hundred for 1e-300.
const MIN_NUMBER: f64 = 1e-20;
/// How deep lists and objects may stand in each other. Apps send one or two levels; at 128 no answer that holds it is
/// read any more (serde_json: "Deserializer::disable_recursion_limit"), and that would be after the commit.
const MAX_DEPTH: usize = 16;

/// Checks JSON of a shape of the app's own before it is stored: at most `max` characters, not too deep, nothing that
/// `jsonb` cannot hold or give back, and no text that holds an Aadhaar number. A number is none: one in ten
/// build numbers of twelve digits, such as 202611241530, has the check digit by chance.
pub fn check_json(value: &Value, max: usize) -> Result<(), Problem> {
    if depth(value) > MAX_DEPTH {
        let problem = format!("must not be nested more than {MAX_DEPTH} deep");
        return Err(Problem::new(ProblemCode::OutOfRange, problem));
    }
    let text = value.to_string();
    if text.chars().count() > max {
        return Err(Problem::new(ProblemCode::TooLong, format!("must have at most {max} characters")));
    }
    // PostgreSQL manual, "JSON Types": \u0000 is refused.
    if text.contains("\\u0000") {
        return Err(Problem::new(ProblemCode::WrongFormat, "must not contain control characters"));
    }
    if !numbers_fit(value) {
        let problem = format!("must not contain numbers beyond {MAX_NUMBER} or next to 0");
        return Err(Problem::new(ProblemCode::OutOfRange, problem));
    }
    if holds_aadhaar(value) {
        return Err(Problem::new(ProblemCode::AadhaarNotAccepted, "must not contain an Aadhaar number"));
    }
    Ok(())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or_default(),
        Value::Object(values) => 1 + values.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn holds_aadhaar(value: &Value) -> bool {
    match value {
        Value::String(text) => contains_aadhaar(text),
        Value::Array(values) => values.iter().any(holds_aadhaar),
        Value::Object(values) => {
            values.iter().any(|(name, value)| contains_aadhaar(name) || holds_aadhaar(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn numbers_fit(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            let size = number.as_f64().map(f64::abs);
            size.is_some_and(|size| size == 0.0 || (MIN_NUMBER..=MAX_NUMBER).contains(&size))
        }
        Value::Array(values) => values.iter().all(numbers_fit),
        Value::Object(values) => values.values().all(numbers_fit),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(1), |inner, _| json!([inner]))
    }

    #[test]
    fn what_jsonb_cannot_give_back_is_refused() {
        assert!(check_json(&json!({"a": [1, 2.5, -3, 1e15, 0.0, 1e-9, null, "x"]}), 100).is_ok());
        assert!(check_json(&nested(MAX_DEPTH), 100).is_ok());
        assert!(check_json(&json!({"build": 999_941_057_058_u64}), 100).is_ok(), "a number is no text");
        for wrong in [
            json!({"a": 1e308}),
            json!({"a": 1e-300}),
            nested(MAX_DEPTH + 1),
            json!([[-1e300]]),
            json!({"a\u{0}": 1}),
            json!("9999 4105 7058"),
            json!({"id": ["seen 999941057058"]}),
            json!({"9999-4105-7058": true}),
            json!("x".repeat(200)),
        ] {
            assert!(check_json(&wrong, 100).is_err(), "{wrong} was accepted");
        }
    }
}
