//! Text that people type, as types that only hold what may be stored.

mod aadhaar;
mod json;
mod phone;

use serde::Serialize;
use serde_json::Value;

pub use aadhaar::contains_aadhaar;
pub use json::check_json;
pub use phone::Phone;

use crate::{
    input::{FromField, Problem, ProblemCode},
    openapi, text_param,
};

/// What people typed never reaches a log, not even through `{:?}`.
macro_rules! redacted_debug {
    ($name:ident $(<const $n:ident: usize>)?) => {
        impl $(<const $n: usize>)? std::fmt::Debug for $name $(<$n>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}
use redacted_debug;

/// A name, a vehicle number, a purpose: at most 120 characters.
pub type ShortText = Text<120>;
/// A note or a description: at most 1000 characters.
pub type LongText = Text<1000>;

/// Trimmed text of 1 to `MAX` characters without control characters and without an Aadhaar number.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads text, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Problem::new(ProblemCode::Required, "must not be empty"));
        }
        if text.chars().count() > MAX {
            return Err(Problem::new(ProblemCode::TooLong, format!("must have at most {MAX} characters")));
        }
        // PostgreSQL text cannot hold NUL, and the rest would only garble a guard's screen.
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(Problem::new(ProblemCode::WrongFormat, "must not contain control characters"));
        }
        if contains_aadhaar(text) {
            return Err(Problem::new(
                ProblemCode::AadhaarNotAccepted,
                "must not contain an Aadhaar number; it is enough to say that the ID was seen",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

text_param!(Text<const MAX: usize>);
redacted_debug!(Text<const MAX: usize>);

crate::schema!(
    Text<const MAX: usize>,
    format!("Text{MAX}"),
    // Something that is neither blank nor a control character, and none of the latter around it.
    openapi::text(r"^[^\u0000-\u0008\u000B-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u0008\u000B-\u001F\u007F-\u009F]*$")
        .max_length(Some(MAX))
        .description(Some("Text without control characters and without an Aadhaar number; it is trimmed."))
);

impl<const MAX: usize> FromField for Text<MAX> {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        Self::parse(&String::from_field(value)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_bounded() {
        assert_eq!(Text::<5>::parse("  Asha ").unwrap().as_str(), "Asha");
        assert_eq!(Text::<5>::parse("ａｂｃｄｅ").unwrap().as_str(), "ａｂｃｄｅ");
        for wrong in ["", "   ", "abcdef", "a\0b", "a\u{1b}b"] {
            assert!(Text::<5>::parse(wrong).is_err(), "{wrong:?} was accepted");
        }
    }
}
