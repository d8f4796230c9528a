use std::fmt;

use crate::{
    db::{BytesMut, IsNull, ToSql, Type, to_sql_checked},
    openapi,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use utoipa::openapi::{KnownFormat, SchemaFormat};

/// An instant, read from any RFC 3339 text and written in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub OffsetDateTime);

impl Timestamp {
    /// This instant, to the microsecond, which is what the database keeps.
    pub fn now() -> Self {
        let now = OffsetDateTime::now_utc();
        Self(now.replace_microsecond(now.microsecond()).unwrap_or(now))
    }

    /// Reads RFC 3339, `None` where it is not that or lies outside the years 2000 to 2199.
    pub fn parse(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?.to_offset(UtcOffset::UTC);
        (2000..2200).contains(&at.year()).then_some(Self(at))
    }
}

crate::schema!(
    Timestamp,
    "Timestamp",
    openapi::text("^2[01][0-9]{2}-")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("RFC 3339, in answers always UTC; from the years 2000 to 2199."))
);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_offset(UtcOffset::UTC).format(&Rfc3339).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        OffsetDateTime::parse(&text, &Rfc3339).map(Self).map_err(serde::de::Error::custom)
    }
}

impl ToSql for Timestamp {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <OffsetDateTime as ToSql>::accepts(ty)
    }

    to_sql_checked!();
}
