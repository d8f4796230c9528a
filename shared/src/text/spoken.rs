//! Codes that people read out and type.

use aws_lc_rs::rand;
use serde_json::Value;

use crate::{
    fields::{FromField, Problem, ProblemCode},
    openapi, text_param,
};

/// Letters and digits that nobody confuses; 32 of them, so five random bits choose one without bias.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Characters of a code that registers a gate's phone: of so many nobody finds one in its quarter of an hour.
pub const DEVICE_CODE_LENGTH: usize = 10;

/// A code of so many characters that nobody can foresee; `None` where the system has no randomness to give.
pub fn random_code(length: usize) -> Option<String> {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes).ok()?;
    let code = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
    Some(code.map(|letter| char::from(*letter)).collect())
}

/// A code of so many characters as it was typed, in upper case; `None` where it is none.
pub fn typed_code(text: &str, length: usize) -> Option<String> {
    let code = text.trim().to_ascii_uppercase();
    (code.len() == length && code.bytes().all(|byte| ALPHABET.contains(&byte))).then_some(code)
}

/// By what a guard is known at sign-in: six characters, in upper case. It is no secret.
#[derive(Clone, Debug)]
pub struct GuardCode(String);

impl GuardCode {
    /// Characters of a code.
    const LENGTH: usize = 6;

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A new one; `None` where the system has no randomness to give.
    pub fn random() -> Option<Self> {
        random_code(Self::LENGTH).map(Self)
    }
}

text_param!(GuardCode);

crate::schema!(
    GuardCode,
    "GuardCode",
    openapi::text(r"^\s*[A-HJ-NP-Za-hj-np-z2-9]{6}\s*$").description(Some(
        "By what a guard is known at sign-in: six letters and digits, without I, O, 0 and 1."
    ))
);

impl FromField for GuardCode {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let problem =
            || Problem::new(ProblemCode::WrongFormat, "must be 6 letters and digits, without I, O, 0 and 1");
        typed_code(&String::from_field(value)?, Self::LENGTH).map(Self).ok_or_else(problem)
    }
}
