//! The table of connections and rooms, in DynamoDB.
//!
//! - A connection is known while its `META` item is there. Joining a room is a transaction that
//!   notes the room there, so a late join cannot bring back a connection that was closed, and a
//!   connection can be in no more than [`MAX_ROOMS`].
//! - Closing takes `META` away, and with it learns every room there is to leave.
//! - Time-to-live deletes late, so every read leaves out what has expired.
//! - Members are read strongly consistent: a client that was answered `room_joined` is found by the push
//!   of the next event.

mod close;
mod handshake;
mod hear;
mod items;
mod join;
mod pings;

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, Put, ReturnValue, TransactWriteItem, builders::UpdateBuilder},
};
use uuid::Uuid;

pub use handshake::{HELLO_TIMEOUT, Waiting};
pub use hear::{Heard, MAX_MESSAGES_PER_MINUTE};
use items::{Item, Key, Meta, Ticket, expiry, item, member_id, now_ms, room_key, rooms};
pub use join::{Joined, MAX_ROOMS};
pub use pings::{PingPlace, PingSlot, PingTurn, Pinged};

use super::{
    Protocol, Room,
    aws::{self, Clients},
};
use crate::{StoreError, config::RealtimeConfig};

/// How long opening the way to the table may hold up a start.
const WARM_TIMEOUT: Duration = Duration::from_secs(2);
/// Tries of a write that collides with another one on the same connection.
const MAX_ATTEMPTS: u32 = 8;

/// An open connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The gateway's id of it.
    pub id: String,
    /// When it was opened, in milliseconds since 1970.
    pub connected_at: i64,
    /// What it speaks.
    pub protocol: Protocol,
    /// Whose it is, as a token said; nobody's before one has come.
    pub user_id: Option<Uuid>,
    /// Whether the server has spoken first.
    pub greeted: bool,
    /// Whether it may say more than hello.
    pub admitted: bool,
    /// The rooms it is in.
    pub rooms: Vec<Room>,
    /// When it was last heard of, in milliseconds since 1970: opening it counts.
    pub heard_at: i64,
}

impl Connection {
    fn of(id: &str, meta: Meta) -> Self {
        Self {
            id: id.to_owned(),
            connected_at: meta.connected_at,
            protocol: meta.protocol,
            user_id: meta.user_id,
            greeted: meta.greeted,
            admitted: meta.admitted,
            rooms: rooms(&meta.rooms),
            heard_at: meta.heard_at.unwrap_or(meta.connected_at),
        }
    }
}

/// A connection in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The gateway's id of the connection.
    pub connection_id: String,
    /// Whose connection it is.
    pub user_id: Uuid,
    /// What it speaks.
    pub protocol: Protocol,
    /// When it was opened, in milliseconds since 1970.
    pub connected_at: i64,
}

impl Member {
    fn of(connection_id: String, ticket: Ticket) -> Self {
        let Ticket { user_id, protocol, connected_at, .. } = ticket;
        Self { connection_id, user_id, protocol, connected_at }
    }
}

/// The table of connections and rooms. Every call fails with [`StoreError::Unavailable`] alone.
#[derive(Clone)]
pub struct Connections {
    store: aws_sdk_dynamodb::Client,
    table: String,
}

impl Connections {
    /// The table that the configuration names. Nothing is opened yet.
    pub fn start(config: &RealtimeConfig) -> Self {
        Self::of(&Clients::new(config), config)
    }

    pub(super) fn of(clients: &Clients, config: &RealtimeConfig) -> Self {
        Self { store: clients.store.clone(), table: config.table.clone() }
    }

    /// Opens the way to the table ahead of the first event, since TLS costs a cold start most of its
    /// time; a failure is left to that event.
    pub async fn warm(&self) {
        let way = self.find("none");
        if tokio::time::timeout(WARM_TIMEOUT, way).await.is_ok_and(|found| found.is_ok()) {
            return;
        }
        tracing::warn!("the connections table is not reachable yet");
    }

    /// Notes a new connection, opened `connected_at` milliseconds after 1970. One whose protocol
    /// begins with a hello waits for it, and is pinged from now on.
    pub async fn open(
        &self,
        connection_id: &str,
        connected_at: i64,
        user_id: Option<Uuid>,
        protocol: Protocol,
    ) -> Result<(), StoreError> {
        let waits = protocol.has_handshake();
        let expires_at = expiry(connected_at);
        let meta = Meta {
            user_id,
            protocol,
            connected_at,
            expires_at,
            greeted: false,
            admitted: !waits,
            rooms: Vec::new(),
            messages: 0,
            heard_at: None,
        };
        let meta = item(&meta, Key::meta(connection_id)).map_err(unwritable)?;
        if !waits {
            let put = self.store.put_item().table_name(&self.table).set_item(Some(meta));
            return put.send().await.map(drop).map_err(unavailable);
        }
        let mut waiting = Key::waiting(connection_id, connected_at).item();
        waiting.insert("expires_at".to_owned(), number(expires_at));
        let mut ping = Key::ping(connection_id).item();
        ping.insert("connected_at".to_owned(), number(connected_at));
        ping.insert("expires_at".to_owned(), number(expires_at));
        let puts = [self.put(meta)?, self.put(waiting)?, self.put(ping)?];
        let call = self.store.transact_write_items().set_transact_items(Some(puts.into()));
        call.send().await.map(drop).map_err(unavailable)
    }

    /// The open connection with this id; `None` where it was closed or has expired.
    pub async fn find(&self, connection_id: &str) -> Result<Option<Connection>, StoreError> {
        let meta = self.get(Key::meta(connection_id)).await?.and_then(read::<Meta>);
        Ok(meta.map(|meta| Connection::of(connection_id, meta)))
    }

    /// The connections that are in a room now.
    pub async fn members(&self, room: Room) -> Result<Vec<Member>, StoreError> {
        let items = self.items_of(&room_key(&room.to_string())).await?;
        Ok(items
            .into_iter()
            .filter_map(|item| {
                let connection_id = member_id(&item)?.to_owned();
                Some(Member::of(connection_id, read(item)?))
            })
            .collect())
    }

    /// A connection in a room; `None` where it is not in it.
    pub async fn member(&self, room: Room, connection_id: &str) -> Result<Option<Member>, StoreError> {
        let item = self.get(Key::member(&room.to_string(), connection_id)).await?;
        Ok(item.and_then(read).map(|ticket| Member::of(connection_id.to_owned(), ticket)))
    }

    /// One item that has not expired, strongly consistent.
    async fn get(&self, key: Key) -> Result<Option<Item>, StoreError> {
        let call = self.store.get_item().table_name(&self.table).set_key(Some(key.item()));
        let found = call.consistent_read(true).send().await.map_err(unavailable)?.item;
        Ok(found.filter(|item| expires_at(item) > now()))
    }

    /// All items of a partition that have not expired.
    async fn items_of(&self, pk: &str) -> Result<Vec<Item>, StoreError> {
        let mut pages = self.query(pk, None).into_paginator().send();
        let mut items = Vec::new();
        while let Some(page) = pages.next().await {
            items.extend(page.map_err(unavailable)?.items.unwrap_or_default());
        }
        Ok(items)
    }

    /// Asks for the items of a partition that have not expired, strongly consistent; with `until` for
    /// those whose sort key is below it. Expired ones stay readable for days (DynamoDB: "Using time to
    /// live").
    fn query(&self, pk: &str, until: Option<String>) -> QueryFluentBuilder {
        let condition = if until.is_some() { "pk = :pk AND sk < :until" } else { "pk = :pk" };
        let query = self
            .store
            .query()
            .table_name(&self.table)
            .key_condition_expression(condition)
            .filter_expression("expires_at > :now")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":now", number(now()))
            .consistent_read(true);
        match until {
            Some(until) => query.expression_attribute_values(":until", text(until)),
            None => query,
        }
    }

    /// Changes `META` where `condition` holds, and answers what it is then; nothing where it does not.
    async fn amend(
        &self,
        connection_id: &str,
        update: &str,
        condition: &str,
        values: &[(&str, AttributeValue)],
    ) -> Result<Option<Meta>, StoreError> {
        let values: HashMap<_, _> =
            values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let mut attempt = 0;
        loop {
            let result = self
                .store
                .update_item()
                .table_name(&self.table)
                .set_key(Some(Key::meta(connection_id).item()))
                .update_expression(update)
                .condition_expression(condition)
                .set_expression_attribute_values(Some(values.clone()))
                .return_values(ReturnValue::AllNew)
                .send()
                .await;
            attempt += 1;
            match result {
                Ok(amended) => return Ok(amended.attributes.and_then(read)),
                Err(error) if has_condition_failed(&error) => return Ok(None),
                // A join of the same connection is just being written.
                Err(error) if has_collided(&error) && attempt < MAX_ATTEMPTS => pause(attempt).await,
                Err(error) => return Err(unavailable(error)),
            }
        }
    }

    fn put(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build().map_err(unbuildable)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn update(&self, update: UpdateBuilder) -> Result<TransactWriteItem, StoreError> {
        let update = update.table_name(&self.table).build().map_err(unbuildable)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// Waits a little longer each time, and not all callers alike.
async fn pause(attempt: u32) {
    let jitter = u64::from(Uuid::new_v4().as_bytes()[0]) / 8;
    tokio::time::sleep(Duration::from_millis(10 * u64::from(attempt) + jitter)).await;
}

/// An item of another version of this code is left out, so that it cannot silence a whole room.
fn read<T: serde::de::DeserializeOwned>(item: Item) -> Option<T> {
    serde_dynamo::from_item(item)
        .inspect_err(|_| tracing::error!("an item of the connections table is unreadable"))
        .ok()
}

fn expires_at(item: &Item) -> i64 {
    let seconds = item.get("expires_at").and_then(|value| value.as_n().ok());
    seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(0)
}

/// Seconds since 1970.
fn now() -> i64 {
    now_ms() / 1000
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Whether a write was refused because its condition does not hold.
fn has_condition_failed<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}

/// Whether a write met a transaction on the same item (DynamoDB: "Transaction conflict handling").
fn has_collided<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("TransactionConflictException")
}

fn unavailable<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> StoreError {
    StoreError::Unavailable(format!("connections table: {}", aws::cause(&error)))
}

fn unwritable(_: serde_dynamo::Error) -> StoreError {
    StoreError::Defect("connections table: an item could not be written".into())
}

fn unbuildable(_: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Defect("connections table: a call could not be built".into())
}
