//! A time of day.

use serde_json::Value;

use crate::{
    fields::{FromField, Problem, ProblemCode},
    openapi, text_param,
};

/// A time of day, such as `22:00`.
#[derive(Debug)]
pub struct ClockTime(String);

impl ClockTime {
    /// The time as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_param!(ClockTime);

crate::schema!(
    ClockTime,
    "ClockTime",
    openapi::text("^([01][0-9]|2[0-3]):[0-5][0-9]$").description(Some("A time of day, such as `22:00`."))
);

impl FromField for ClockTime {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let text = String::from_field(value)?;
        let number = |text: &str| match text.as_bytes() {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + (ones - b'0')),
            _ => None,
        };
        let parts = text.split_once(':').and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)));
        match parts {
            Some((0..24, 0..60)) => Ok(Self(text)),
            _ => Err(Problem::new(ProblemCode::WrongFormat, "must be a time of day such as 22:00")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_read() {
        for good in ["00:00", "23:59"] {
            assert!(ClockTime::from_field(&good.into()).is_ok(), "{good}");
        }
        for wrong in ["24:00", "12:60", "7:00", "07:0", "0700", "", ":", "+1:00", "07:00:00", "٠٧:٠٠"] {
            assert!(ClockTime::from_field(&wrong.into()).is_err(), "{wrong}");
        }
    }
}
