//! Numbers and hashes of the audit's chain, as callers send them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use shared::{
    input::{FromField, Problem, ProblemCode},
    openapi,
};
use time::OffsetDateTime;
use utoipa::openapi::{Object, ObjectBuilder, Type};

/// A SHA-256.
pub(crate) type Hash = [u8; 32];

/// What 64 hexadecimal digits stand for.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut hash = Hash::default();
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(hash)
}

/// A row's number and its hash, as they were noted outside of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The number.
    pub seq: i64,
    /// The hash.
    pub hash: Hash,
}

impl Anchor {
    /// Reads `number:hash`.
    pub fn parse(text: &str) -> Option<Self> {
        let (seq, digits) = text.split_once(':')?;
        let seq = seq.parse().ok().filter(|seq| *seq > 0)?;
        Some(Self { seq, hash: hash(digits)? })
    }

    pub(crate) fn schema() -> Object {
        openapi::text("^[1-9][0-9]{0,17}:[0-9a-fA-F]{64}$")
            .description(Some("A row's number and hash, as they were noted earlier: `number:hash`."))
            .build()
    }
}

impl FromField for Anchor {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let wrong =
            || Problem::new(ProblemCode::WrongFormat, "must be a number, a colon and 64 hexadecimal digits");
        Self::parse(&String::from_field(value)?).ok_or_else(wrong)
    }
}

/// Where a page of a verification ended: the last row's number and hash, and the latest time so far. Opaque to callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The number.
    pub seq: i64,
    /// The hash.
    pub hash: Hash,
    /// Rows up to this time have been looked for.
    pub seen: OffsetDateTime,
}

impl Position {
    /// The text that callers hand back.
    pub fn encode(self) -> String {
        let micros = i64::try_from(self.seen.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX);
        URL_SAFE_NO_PAD.encode([&micros.to_be_bytes()[..], &self.seq.to_be_bytes(), &self.hash].concat())
    }

    /// Reads what was encoded.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (micros, rest) = bytes.split_first_chunk::<8>()?;
        let (seq, hash) = rest.split_first_chunk::<8>()?;
        let nanos = i128::from(i64::from_be_bytes(*micros)) * 1000;
        let seen = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
        // There is no negative number, so its sign says nothing.
        let seq = i64::from_be_bytes(*seq) & i64::MAX;
        (1970..=9999).contains(&seen.year()).then_some(Self { seq, hash: hash.try_into().ok()?, seen })
    }

    pub(crate) fn schema() -> Object {
        // As with other cursors the first six bits of the time are 0.
        openapi::text("^A[A-Za-z0-3][A-Za-z0-9_-]{62}$")
            .description(Some("The `next_cursor` of the answer before."))
            .build()
    }
}

impl FromField for Position {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let wrong = || Problem::new(ProblemCode::WrongFormat, "must be the next_cursor of an earlier answer");
        Self::decode(&String::from_field(value)?).ok_or_else(wrong)
    }
}

/// A whole number of a query, from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number<const MIN: i64, const MAX: i64>(pub(crate) i64);

impl<const MIN: i64, const MAX: i64> Number<MIN, MAX> {
    pub(crate) fn schema(default: i64) -> Object {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(MIN))
            .maximum(Some(MAX))
            .default(Some(default.into()))
            .build()
    }
}

impl<const MIN: i64, const MAX: i64> FromField for Number<MIN, MAX> {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let number: Option<i64> = String::from_field(value)?.parse().ok();
        number.filter(|number| (MIN..=MAX).contains(number)).map(Self).ok_or_else(|| {
            Problem::new(ProblemCode::OutOfRange, format!("must be a whole number from {MIN} to {MAX}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_anchor_is_a_number_and_a_hash() {
        let text = format!("12:{}", "0a".repeat(32));
        assert_eq!(Anchor::parse(&text), Some(Anchor { seq: 12, hash: [10; 32] }));
        for wrong in [
            "",
            "12",
            "12:",
            "0:aa",
            "x:00",
            &text[1..text.len() - 1],
            &format!("{text}0"),
            &format!("-{text}"),
        ] {
            assert_eq!(Anchor::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_position_survives_its_text() {
        let position = Position { seq: 7, hash: [9; 32], seen: datetime!(2026-11-23 3:04:05.678901 UTC) };
        assert_eq!(Position::decode(&position.encode()), Some(position));
        for wrong in ["", "AAAA", "!", &"_".repeat(64)] {
            assert_eq!(Position::decode(wrong), None, "{wrong}");
        }
    }
}
