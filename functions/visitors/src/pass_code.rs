//! The ways to name a pass: a code short enough to be read out, and a QR id.

use serde_json::Value;
use shared::{
    input::{FromField, Problem, ProblemCode},
    openapi,
    text::{random_code, typed_code},
    text_param,
};

/// Characters of a code.
const LENGTH: usize = 6;

/// Six characters that open a pass, in upper case.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AccessCode(String);

impl AccessCode {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A code that nobody can foresee; `None` where the system has no randomness to give.
    pub(crate) fn random() -> Option<Self> {
        random_code(LENGTH).map(Self)
    }
}

/// A code opens a gate and never reaches a log.
impl std::fmt::Debug for AccessCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessCode(…)")
    }
}

text_param!(AccessCode);

shared::schema!(AccessCode, "AccessCode", openapi::text("^[A-HJ-NP-Za-hj-np-z2-9]{6}$"));

impl FromField for AccessCode {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let code = typed_code(&String::from_field(value)?, LENGTH);
        let problem =
            || Problem::new(ProblemCode::WrongFormat, "must be 6 letters and digits, without I, O, 0 and 1");
        code.map(Self).ok_or_else(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_code_is_a_code_in_any_case() {
        for _ in 0..1000 {
            let code = AccessCode::random().unwrap();
            let typed = Value::String(format!(" {} ", code.as_str().to_lowercase()));
            assert_eq!(AccessCode::from_field(&typed).unwrap(), code);
        }
    }

    proptest::proptest! {
        #[test]
        fn text_is_a_code_or_is_refused(text in "[A-Za-z0-9 ]{0,8}") {
            let upper = text.trim().to_uppercase();
            let fits = upper.len() == LENGTH && upper.bytes().all(|byte| b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789".contains(&byte));
            let read = AccessCode::from_field(&Value::String(text));
            proptest::prop_assert_eq!(read.ok().map(|code| code.0), fits.then_some(upper));
        }
    }

    #[test]
    fn other_text_is_no_code() {
        for text in ["", "ABCDE", "ABCDEFG", "ABCDE0", "ABCDEI", "ABCDE1", "ABCDEO", "ABC EF", "ÄBCDEF"] {
            assert!(AccessCode::from_field(&Value::String(text.into())).is_err(), "{text} was accepted");
        }
    }
}
