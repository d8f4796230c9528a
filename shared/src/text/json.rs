use serde_json::Value;

use super::contains_aadhaar;
use crate::input::{Problem, ProblemCode};

/// The greatest number whose neighbours a double still tells apart; those beyond are written by
/// PostgreSQL with all their digits, which no reader takes back.
const MAX_NUMBER: f64 = 9_007_199_254_740_992.0;

/// Checks JSON of a shape of the app's own before it is stored: at most `max` characters, nothing that
/// `jsonb` cannot hold or give back, and no text that holds an Aadhaar number. A number is none: one in ten
/// build numbers of twelve digits, such as 202611241530, has the check digit by chance.
pub fn check_json(value: &Value, max: usize) -> Result<(), Problem> {
    let text = value.to_string();
    if text.chars().count() > max {
        return Err(Problem::new(ProblemCode::TooLong, format!("must have at most {max} characters")));
    }
    // PostgreSQL manual, "JSON Types": \u0000 is refused.
    if text.contains("\\u0000") {
        return Err(Problem::new(ProblemCode::WrongFormat, "must not contain control characters"));
    }
    if !numbers_fit(value) {
        let problem = format!("must not contain numbers beyond {MAX_NUMBER}");
        return Err(Problem::new(ProblemCode::OutOfRange, problem));
    }
    if holds_aadhaar(value) {
        return Err(Problem::new(ProblemCode::AadhaarNotAccepted, "must not contain an Aadhaar number"));
    }
    Ok(())
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
        Value::Number(number) => number.as_f64().is_some_and(|number| number.abs() <= MAX_NUMBER),
        Value::Array(values) => values.iter().all(numbers_fit),
        Value::Object(values) => values.values().all(numbers_fit),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_jsonb_cannot_give_back_is_refused() {
        assert!(check_json(&json!({"a": [1, 2.5, -3, 1e15, null, "x"]}), 100).is_ok());
        assert!(check_json(&json!({"build": 999_941_057_058_u64}), 100).is_ok(), "a number is no text");
        for wrong in [
            json!({"a": 1e308}),
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
