//! The items of the table, so that "who is in this room" and "which rooms is this connection in"
//! are one request each.
//!
//! | pk | sk | attributes |
//! |---|---|---|
//! | `CONN#<connection>` | `META` | user_id, protocol, connected_at, expires_at, admitted, rooms, counted_minute, messages, heard_at, greeted, greeting_until |
//! | `ROOM#flat:<id>` | `CONN#<connection>` | user_id, protocol, connected_at, expires_at |
//! | `WAITING` | `<connected_at>#<connection>` | expires_at: a connection that has not said hello yet |
//! | `PING#<slot>` | `<connection>` | connected_at, expires_at: a connection that the server pings |
//! | `PINGS` | `TURN` | due_at, due_after, leased_until: how far pinging has come, and who is at it |

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    super::{Protocol, Room},
    pings::SLOTS,
};

/// Longest life of a connection in seconds (API Gateway quotas for WebSocket APIs: 2 hours).
const LIFETIME: i64 = 2 * 60 * 60;
/// Seconds that an item outlives its connection, for clocks that differ.
const SLACK: i64 = 10 * 60;

/// The partition of connections that have not said hello.
pub(super) const WAITING: &str = "WAITING";
const META: &str = "META";

pub(super) type Item = HashMap<String, AttributeValue>;

/// A connection as `META` keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    /// Nobody's, until a token says whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<Uuid>,
    pub(super) protocol: Protocol,
    /// Milliseconds since 1970, as the gateway says: with the connection's id it names one connection.
    pub(super) connected_at: i64,
    /// Seconds since 1970; the table's time-to-live attribute.
    pub(super) expires_at: i64,
    /// Whether the server has spoken first; absent where it has not.
    #[serde(default, skip_serializing)]
    pub(super) greeted: bool,
    /// Whether it may say more than hello.
    pub(super) admitted: bool,
    /// A string set; absent where it is empty.
    #[serde(default, skip_serializing)]
    pub(super) rooms: Vec<String>,
    /// Messages in the current minute.
    #[serde(default, skip_serializing)]
    pub(super) messages: u32,
    /// When its last message came, in milliseconds since 1970; absent before the first.
    #[serde(default, skip_serializing)]
    pub(super) heard_at: Option<i64>,
}

/// A connection as a room keeps it. It says whom a push goes to and in which protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    pub(super) user_id: Uuid,
    pub(super) protocol: Protocol,
    pub(super) connected_at: i64,
    pub(super) expires_at: i64,
}

/// When the items of a connection expire, in seconds since 1970.
pub(super) fn expiry(connected_at: i64) -> i64 {
    connected_at / 1000 + LIFETIME + SLACK
}

/// An item of these attributes.
pub(super) fn item(attributes: &impl Serialize, key: Key) -> Result<Item, serde_dynamo::Error> {
    let mut item: Item = serde_dynamo::to_item(attributes)?;
    item.extend(key.item());
    Ok(item)
}

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) pk: String,
    sk: String,
}

impl Key {
    pub(super) fn meta(connection: &str) -> Self {
        Self { pk: format!("CONN#{connection}"), sk: META.to_owned() }
    }

    pub(super) fn member(room: &str, connection: &str) -> Self {
        Self { pk: room_key(room), sk: format!("CONN#{connection}") }
    }

    /// Sorted by age.
    pub(super) fn waiting(connection: &str, connected_at: i64) -> Self {
        Self { pk: WAITING.to_owned(), sk: format!("{connected_at:015}#{connection}") }
    }

    /// Sorted by id, in the partition that the id says.
    pub(super) fn ping(connection: &str) -> Self {
        let mixed = connection.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
        Self { pk: ping_key(mixed % SLOTS), sk: connection.to_owned() }
    }

    pub(super) fn ping_turn() -> Self {
        Self { pk: "PINGS".to_owned(), sk: "TURN".to_owned() }
    }

    /// What it is sorted by.
    pub(super) fn sort(self) -> AttributeValue {
        AttributeValue::S(self.sk)
    }

    pub(super) fn item(self) -> Item {
        Item::from([
            ("pk".to_owned(), AttributeValue::S(self.pk)),
            ("sk".to_owned(), AttributeValue::S(self.sk)),
        ])
    }
}

pub(super) fn room_key(room: &str) -> String {
    format!("ROOM#{room}")
}

pub(super) fn ping_key(slot: u8) -> String {
    format!("PING#{slot}")
}

/// The connection that a `META` is of.
pub(super) fn connection_of(meta: &Item) -> Option<&str> {
    meta.get("pk")?.as_s().ok()?.strip_prefix("CONN#")
}

/// The connection of a room's item.
pub(super) fn member_id(item: &Item) -> Option<&str> {
    item.get("sk")?.as_s().ok()?.strip_prefix("CONN#")
}

/// The age and the connection of a waiting item.
pub(super) fn waiting_id(item: &Item) -> Option<(i64, &str)> {
    let (connected_at, connection) = item.get("sk")?.as_s().ok()?.split_once('#')?;
    Some((connected_at.parse().ok()?, connection))
}

/// Rooms of `META`; what is no room is left out.
pub(super) fn rooms(names: &[String]) -> Vec<Room> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
