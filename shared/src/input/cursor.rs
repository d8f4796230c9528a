use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use time::{Date, OffsetDateTime, PrimitiveDateTime, macros::datetime, macros::format_description};
use utoipa::openapi::{KnownFormat, SchemaFormat, schema::AnyOfBuilder};
use uuid::Uuid;

use super::{FromField, Problem, ProblemCode};
use crate::{SentTime, openapi};

/// Where a page of a list ended, as callers hand it back.
pub trait Position {
    /// The text that callers hand back.
    fn encode(self) -> String;
}

/// Where a page of a list in the order of time ended: the time and the id of its last row. Opaque to
/// callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The row's time.
    pub at: OffsetDateTime,
    /// The row's id.
    pub id: Uuid,
}

impl Cursor {
    /// Before the newest row there can be.
    pub const START: Self = Self { at: datetime!(9999-12-31 0:00 UTC), id: Uuid::max() };

    /// Reads what was encoded.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (time, id) = bytes.split_first_chunk::<8>()?;
        let nanos = i128::from(i64::from_be_bytes(*time)) * 1000;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
        // PostgreSQL's times begin later than those of this type.
        (1970..=9999).contains(&at.year()).then_some(Self { at, id: Uuid::from_slice(id).ok()? })
    }
}

impl Position for Cursor {
    fn encode(self) -> String {
        // Rows have microseconds, so nothing of the time is lost.
        let micros = i64::try_from(self.at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX);
        let mut bytes = [0; 24];
        let (time, id) = bytes.split_at_mut(8);
        time.copy_from_slice(&micros.to_be_bytes());
        id.copy_from_slice(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

crate::schema!(
    Cursor,
    "Cursor",
    // Eight bytes of time, of which the first six bits are 0, and sixteen of the id.
    openapi::text("^A[A-Za-z0-3][A-Za-z0-9_-]{30}$")
        .description(Some("The `next_cursor` of an earlier answer to the same question."))
);

impl FromField for Cursor {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        Self::decode(&String::from_field(value)?).ok_or_else(no_cursor)
    }

    fn absent() -> Option<Self> {
        Some(Self::START)
    }
}

fn no_cursor() -> Problem {
    Problem::new(ProblemCode::WrongFormat, "must be the next_cursor of an earlier answer")
}

/// Where a page of a list of places ended: the texts that it is sorted by, and the id of its last row.
/// Opaque to callers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceCursor {
    /// What the list is sorted by first: a city, where places of several are listed.
    pub group: String,
    /// What it is sorted by then.
    pub name: String,
    /// The row's id, nil where the list has none.
    pub id: Uuid,
}

impl PlaceCursor {
    /// No name of a place is longer.
    const MAX_LENGTH: usize = 2000;

    /// Reads what was encoded.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = (text.len() <= Self::MAX_LENGTH).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
        let (id, texts) = bytes.split_first_chunk::<16>()?;
        let (group, name) = std::str::from_utf8(texts).ok()?.split_once(SEPARATOR)?;
        (!name.contains(SEPARATOR)).then(|| Self {
            group: group.to_owned(),
            name: name.to_owned(),
            id: Uuid::from_bytes(*id),
        })
    }
}

/// Between the texts of a [`PlaceCursor`]: what no text of PostgreSQL holds.
const SEPARATOR: char = '\0';

impl Position for PlaceCursor {
    fn encode(self) -> String {
        let texts = format!("{}{SEPARATOR}{}", self.group, self.name);
        URL_SAFE_NO_PAD.encode([self.id.as_bytes(), texts.as_bytes()].concat())
    }
}

crate::schema!(
    PlaceCursor,
    "PlaceCursor",
    openapi::text("^[A-Za-z0-9_-]{23,2000}$")
        .description(Some("The `next_cursor` of an earlier answer to the same question."))
);

impl FromField for PlaceCursor {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        Self::decode(&String::from_field(value)?).ok_or_else(no_cursor)
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

/// A time or a day, as the bound of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodBound {
    /// A time.
    Time(SentTime),
    /// A day of the society's calendar.
    Day(Date),
}

/// A bound as statements take it, by `society_time`: an instant, or what the society's clock shows; neither where
/// the period is open.
pub type Bound = (Option<OffsetDateTime>, Option<PrimitiveDateTime>);

impl PeriodBound {
    /// Where a period starts: a day at its first moment.
    pub fn start(bound: Option<Self>) -> Bound {
        Self::bound(bound, Some)
    }

    /// Where a period ends, not included: a day after its last moment.
    pub fn end(bound: Option<Self>) -> Bound {
        Self::bound(bound, Date::next_day)
    }

    fn bound(bound: Option<Self>, midnight: impl FnOnce(Date) -> Option<Date>) -> Bound {
        match bound {
            None => (None, None),
            Some(Self::Time(time)) => (time.instant(), time.clock()),
            Some(Self::Day(day)) => (None, midnight(day).map(Date::midnight)),
        }
    }
}

crate::schema!(
    PeriodBound,
    "PeriodBound",
    AnyOfBuilder::new()
        .item(Day::schema())
        .item(SentTime::schema())
        .description(Some("A day of the society's own calendar, or a time."))
);

impl FromField for PeriodBound {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let text = String::from_field(value)?;
        if let Some(time) = SentTime::parse(&text) {
            return Ok(Self::Time(time));
        }
        let day = Day::from_field(value).map_err(|_| {
            Problem::new(
                ProblemCode::WrongFormat,
                "must be a day such as 2026-01-31 or a time such as 2026-01-31T18:30:00+05:30",
            )
        })?;
        Ok(Self::Day(day.0))
    }
}

/// A calendar day, written `YYYY-MM-DD`, in the years 2000 to 2199.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub Date);

crate::schema!(
    Day,
    "Day",
    openapi::text("^2[01][0-9]{2}-")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .description(Some("A day from the years 2000 to 2199."))
);

impl FromField for Day {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let day = Date::parse(&String::from_field(value)?, format_description!("[year]-[month]-[day]"));
        day.ok()
            .filter(|day| (2000..2200).contains(&day.year()))
            .map(Self)
            .ok_or_else(|| Problem::new(ProblemCode::WrongFormat, "must be a day such as 2026-01-31"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let cursor = Cursor { at: datetime!(2026-11-23 3:04:05.678901 UTC), id: Uuid::now_v7() };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        assert_eq!(Cursor::decode(&Cursor::START.encode()), Some(Cursor::START));
        // As the pattern of the reference says it.
        for at in [datetime!(1970-01-01 0:00 UTC), datetime!(2200-01-01 0:00 UTC)] {
            let text = Cursor { at, ..cursor }.encode();
            assert_eq!((text.len(), text.starts_with('A')), (32, true));
            assert!(text.chars().nth(1).is_some_and(|c| c.is_ascii_alphabetic() || ('0'..='3').contains(&c)));
        }
    }

    #[test]
    fn a_place_cursor_holds_what_postgresql_can_hold() {
        let encode =
            |texts: &str| URL_SAFE_NO_PAD.encode([Uuid::nil().as_bytes(), texts.as_bytes()].concat());
        assert_eq!(PlaceCursor::decode(&encode("\0")), Some(PlaceCursor::default()));
        for texts in ["", "Pune", "Pune\0a\0", "a\0b\0c"] {
            assert_eq!(PlaceCursor::decode(&encode(texts)), None, "{texts:?}");
        }
        assert_eq!(PlaceCursor::decode(&encode(&("\0".to_owned() + &"x".repeat(3000)))), None);
    }

    #[test]
    fn other_text_is_no_cursor() {
        for text in
            ["", "abc", "!!!!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "_________________________________"]
        {
            assert_eq!(Cursor::decode(text), None, "{text}");
            assert_eq!(PlaceCursor::decode(text), None, "{text}");
        }
    }
}
