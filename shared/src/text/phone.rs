use serde::Serialize;
use serde_json::Value;

use super::redacted_debug;
use crate::{
    fields::{FromField, Problem, ProblemCode},
    openapi, text_param,
};

/// A phone number in E.164 (ITU-T E.164: `+`, then at most 15 digits). A number without a country
/// code is taken for an Indian one.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// The number, such as `+919876543210`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a number as people write it; `None` where it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (international, rest) = match text.strip_prefix('+').or_else(|| text.strip_prefix("00")) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut digits = String::with_capacity(15);
        for c in rest.chars() {
            match c {
                '0'..='9' => digits.push(c),
                ' ' | '-' | '.' | '(' | ')' | '\u{a0}' => {}
                _ => return None,
            }
        }
        if international {
            let fits = (8..=15).contains(&digits.len()) && !digits.starts_with('0');
            return fits.then(|| Self(format!("+{digits}")));
        }
        let national = match digits.len() {
            10 => digits.as_str(),
            11 => digits.strip_prefix('0')?,
            12 => digits.strip_prefix("91")?,
            _ => return None,
        };
        (!national.starts_with('0')).then(|| Self(format!("+91{national}")))
    }
}

text_param!(Phone);
redacted_debug!(Phone);

crate::schema!(
    Phone,
    "Phone",
    openapi::text(
        r"^\s*((\+|00)[ .()\u00A0-]*[1-9]([ .()\u00A0-]*[0-9]){7,14}|[ .()\u00A0-]*(0[ .()\u00A0-]*|9[ .()\u00A0-]*1[ .()\u00A0-]*)?[1-9]([ .()\u00A0-]*[0-9]){9})[ .()\u00A0-]*\s*$"
    )
    .description(Some(
        "A phone number as people write it, stored in E.164. Without a country code it is an Indian one."
    ))
);

impl FromField for Phone {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        Self::parse(&String::from_field(value)?).ok_or_else(|| {
            Problem::new(
                ProblemCode::WrongFormat,
                "must be a phone number such as +919876543210 or 9876543210",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_e164() {
        for (written, stored) in [
            ("9876543210", "+919876543210"),
            ("098765 43210", "+919876543210"),
            ("+91 98765-43210", "+919876543210"),
            ("0091 9876543210", "+919876543210"),
            ("919876543210", "+919876543210"),
            ("080 2345 6789", "+918023456789"),
            ("+1 (415) 555-2671", "+14155552671"),
        ] {
            assert_eq!(Phone::parse(written).as_ref().map(Phone::as_str), Some(stored), "{written}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for written in
            ["", "12345", "98765432101234", "98765x3210", "+0123456789", "+1234567890123456", "0000000000"]
        {
            assert!(Phone::parse(written).is_none(), "{written} was accepted");
        }
    }
}
