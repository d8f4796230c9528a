//! The items of the table: one `META` for each connection, and two for each room it is in, so that
//! both "who is in this room" and "which rooms is this connection in" are one query.
//!
//! | pk | sk | attributes |
//! |---|---|---|
//! | `CONN#<connection>` | `META` | user_id, protocol, connected_at, expires_at |
//! | `ROOM#flat:<id>` | `CONN#<connection>` | user_id, protocol, connected_at, expires_at |
//! | `CONN#<connection>` | `ROOM#flat:<id>` | the same |

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::Room;

/// Longest life of a connection in seconds (API Gateway quotas for WebSocket APIs: 2 hours).
const LIFETIME: i64 = 2 * 60 * 60;
/// Seconds that an item outlives its connection, for clocks that differ.
const SLACK: i64 = 10 * 60;

pub(super) const META: &str = "META";

pub(super) type Item = HashMap<String, AttributeValue>;

/// What a connection speaks. The publisher chooses the frame by it; nothing else knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// JSON text frames of our own.
    Native,
}

/// Whom a connection belongs to and since when. Every item of a connection repeats it, so that a
/// push knows each member's user and protocol from its one query of the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    pub(super) user_id: Uuid,
    pub(super) protocol: Protocol,
    /// Milliseconds since 1970, as the gateway says: with the connection's id it names one connection.
    pub(super) connected_at: i64,
    /// Seconds since 1970; the table's time-to-live attribute.
    pub(super) expires_at: i64,
}

impl Ticket {
    pub(super) fn new(user_id: Uuid, protocol: Protocol, connected_at: i64) -> Self {
        Self { user_id, protocol, connected_at, expires_at: connected_at / 1000 + LIFETIME + SLACK }
    }

    pub(super) fn item(&self, key: Key) -> Result<Item, serde_dynamo::Error> {
        let mut item: Item = serde_dynamo::to_item(self)?;
        item.extend(key.item());
        Ok(item)
    }
}

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pk: String,
    sk: String,
}

impl Key {
    pub(super) fn meta(connection: &str) -> Self {
        Self { pk: connection_key(connection), sk: META.to_owned() }
    }

    pub(super) fn member(room: Room, connection: &str) -> Self {
        Self { pk: room_key(room), sk: connection_key(connection) }
    }

    pub(super) fn membership(connection: &str, room: Room) -> Self {
        Self { pk: connection_key(connection), sk: room_key(room) }
    }

    pub(super) fn item(self) -> Item {
        Item::from([
            ("pk".to_owned(), AttributeValue::S(self.pk)),
            ("sk".to_owned(), AttributeValue::S(self.sk)),
        ])
    }
}

pub(super) fn connection_key(connection: &str) -> String {
    format!("CONN#{connection}")
}

pub(super) fn room_key(room: Room) -> String {
    format!("ROOM#{room}")
}

/// The part of an item's sort key after `CONN#` or `ROOM#`.
pub(super) fn name_in_sort_key<'a>(item: &'a Item, prefix: &str) -> Option<&'a str> {
    item.get("sk")?.as_s().ok()?.strip_prefix(prefix)
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}
