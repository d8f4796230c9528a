use serde_json::Value;
use time::{OffsetDateTime, PrimitiveDateTime};
use utoipa::openapi::schema::AnyOfBuilder;

use crate::{Timestamp, openapi};

/// A time as a caller sends it: an instant, or, where no offset stands in it, what the clock of the flat's society
/// shows then. The apps send the latter (Dart's `DateTime.now().toIso8601String()`).
///
/// The database makes an instant of both, by `society_time`, since it knows the society.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentTime {
    /// An instant: the text has an offset.
    Instant(Timestamp),
    /// What a clock shows: the text has none.
    Clock(PrimitiveDateTime),
}

impl SentTime {
    /// Reads RFC 3339, with or without the offset; `None` where it is not that or lies outside the years 2000 to 2199.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(instant) = Timestamp::parse(text) {
            return Some(Self::Instant(instant));
        }
        let Timestamp(at) = Timestamp::parse(&format!("{text}Z"))?;
        Some(Self::Clock(PrimitiveDateTime::new(at.date(), at.time())))
    }

    /// The instant, where it is one.
    pub fn instant(&self) -> Option<OffsetDateTime> {
        match self {
            Self::Instant(Timestamp(at)) => Some(*at),
            Self::Clock(_) => None,
        }
    }

    /// What the clock shows, where it is that.
    pub fn clock(&self) -> Option<PrimitiveDateTime> {
        match self {
            Self::Clock(clock) => Some(*clock),
            Self::Instant(_) => None,
        }
    }

    /// Whether it lies after another; unknown where only one of them has an offset.
    pub fn is_after(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Instant(this), Self::Instant(other)) => Some(this > other),
            (Self::Clock(this), Self::Clock(other)) => Some(this > other),
            (Self::Instant(_), Self::Clock(_)) | (Self::Clock(_), Self::Instant(_)) => None,
        }
    }
}

crate::schema!(
    SentTime,
    "SentTime",
    AnyOfBuilder::new()
        .item(Timestamp::schema())
        // Days that every month has, since no pattern knows the calendar; the 29th to 31st are taken as well.
        .item(openapi::text(
            r"^2[01][0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?$"
        ))
        .description(Some(
            "RFC 3339 from the years 2000 to 2199. With an offset it is that instant; without one it is what the clock \
             of the flat's society shows (`2026-11-24T21:30:00.123456`), of an hour that comes twice the first one."
        ))
        .examples([Value::from("2026-11-24T21:30:00")])
);

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_time_is_an_instant_with_an_offset_and_a_clock_without() {
        let instant = |at| Some(SentTime::Instant(Timestamp(at)));
        for (text, time) in [
            ("2026-11-24T21:30:00Z", instant(datetime!(2026-11-24 21:30 UTC))),
            ("2026-11-24T21:30:00.123456+05:30", instant(datetime!(2026-11-24 16:00:00.123456 UTC))),
            ("2026-11-24T21:30:00", Some(SentTime::Clock(datetime!(2026-11-24 21:30)))),
            ("2026-11-24T21:30:00.123456", Some(SentTime::Clock(datetime!(2026-11-24 21:30:00.123456)))),
            ("2026-11-24", None),
            ("2026-11-24T21:30", None),
            ("2026-02-30T21:30:00", None),
            ("1999-11-24T21:30:00", None),
            ("2026-11-24T21:30:00+05:30Z", None),
            ("2026-11-24T21:30:00 Asia/Kolkata", None),
            ("", None),
        ] {
            assert_eq!(SentTime::parse(text), time, "{text}");
        }
    }
}
