//! Rooms: the places that events are sent to.
//!
//! A room has one spelling, `flat:<uuid>` or `society:<uuid>` in lower case, whatever case a client
//! used; so two spellings of one id can never be two rooms.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use uuid::{Uuid, fmt::Hyphenated};

use crate::input::{FromField, FromFields, Problem, ProblemCode};

/// Whose room it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoomKind {
    /// The residents of a flat.
    Flat,
    /// The guards and admins of a society.
    Society,
}

impl RoomKind {
    /// The name in front of the colon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Society => "society",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Flat, Self::Society].into_iter().find(|kind| text.eq_ignore_ascii_case(kind.as_str()))
    }
}

impl FromField for RoomKind {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let text = value.as_str().ok_or_else(|| Problem::new(ProblemCode::WrongType, "must be a text"))?;
        Self::parse(text).ok_or_else(|| Problem::new(ProblemCode::WrongFormat, "must be flat or society"))
    }
}

/// A place that events are sent to and connections join; clients send it as `room_type` and `room_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, FromFields)]
pub struct Room {
    /// Whose room it is.
    #[field(rename = "room_type")]
    pub kind: RoomKind,
    /// The flat or the society.
    #[field(rename = "room_id")]
    pub id: Uuid,
}

impl Room {
    /// The room of a flat.
    pub fn flat(id: Uuid) -> Self {
        Self { kind: RoomKind::Flat, id }
    }

    /// The room of a society.
    pub fn society(id: Uuid) -> Self {
        Self { kind: RoomKind::Society, id }
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.id)
    }
}

/// The text is not the name of a room.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a room is flat:<uuid> or society:<uuid>")]
pub struct NotARoom;

impl FromStr for Room {
    type Err = NotARoom;

    /// Reads a room's name in any case; an id in another form than the hyphenated one is refused.
    fn from_str(text: &str) -> Result<Self, NotARoom> {
        let (kind, id) = text.split_once(':').ok_or(NotARoom)?;
        let kind = RoomKind::parse(kind).ok_or(NotARoom)?;
        if id.len() != Hyphenated::LENGTH {
            return Err(NotARoom);
        }
        let id = Uuid::try_parse(id).map_err(|_| NotARoom)?;
        Ok(Self { kind, id })
    }
}

impl Serialize for Room {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Room {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::input::Fields;

    const ID: &str = "0198c0de-0000-7000-8000-00000000abcd";

    #[test]
    fn a_room_has_one_spelling() {
        let upper = ID.to_uppercase();
        for (sent, name) in [
            (json!({"room_type": "flat", "room_id": ID}), format!("flat:{ID}")),
            (json!({"room_type": "FLAT", "room_id": upper}), format!("flat:{ID}")),
            (json!({"room_type": "Society", "room_id": upper}), format!("society:{ID}")),
            (json!({"room_type": "society", "room_id": ID, "user_id": 7}), format!("society:{ID}")),
        ] {
            let room: Room = Fields::read(sent.as_object().unwrap()).unwrap();
            assert_eq!(room.to_string(), name);
            assert_eq!(name.parse(), Ok(room));
            assert_eq!(name.to_uppercase().parse(), Ok(room));
            assert_eq!(serde_json::from_value::<Room>(json!(room)).unwrap(), room);
        }
    }

    #[test]
    fn what_is_no_room_is_refused() {
        for text in [
            "".to_owned(),
            ":".to_owned(),
            "flat".to_owned(),
            "flat:".to_owned(),
            ID.to_owned(),
            format!("block:{ID}"),
            format!(" flat:{ID}"),
            format!("flat:{ID} "),
            format!("flat:{{{ID}}}"),
            format!("flat:urn:uuid:{ID}"),
            format!("flat:{}", ID.replace('-', "")),
            format!("flat:{ID}:{ID}"),
            format!("flat:{}\0", &ID[1..]),
            "flat:gggggggg-0000-7000-8000-000000000000".to_owned(),
        ] {
            assert_eq!(text.parse::<Room>(), Err(NotARoom), "{text}");
        }
    }

    #[test]
    fn all_problems_of_a_room_are_reported() {
        for (sent, fields) in [
            (json!({}), vec!["room_type", "room_id"]),
            (json!({"room_type": null, "room_id": " "}), vec!["room_type", "room_id"]),
            (json!({"room_type": 1, "room_id": []}), vec!["room_type", "room_id"]),
            (json!({"room_type": "tower", "room_id": "12"}), vec!["room_type", "room_id"]),
            (json!({"room_type": "flat", "room_id": "\u{0}"}), vec!["room_id"]),
            (json!({"room_type": {"flat": 1}, "room_id": ID}), vec!["room_type"]),
        ] {
            let problems = Fields::read::<Room>(sent.as_object().unwrap()).unwrap_err();
            assert_eq!(problems.iter().map(Problem::field).collect::<Vec<_>>(), fields, "{sent}");
        }
    }
}
