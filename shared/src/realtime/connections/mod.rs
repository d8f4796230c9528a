//! The table of connections and rooms, in DynamoDB.
//!
//! - A connection is known while its `META` item is there. Joining a room is a transaction with the
//!   condition that it is, so a late join cannot bring back a connection that was closed.
//! - Closing removes `META` first and then whatever rooms a strongly consistent read finds.
//! - Time-to-live deletes late, so every read leaves out what has expired.
//! - Members are read strongly consistent: whoever was answered `room_joined` is found by the push
//!   of the next event.

mod close;
mod items;

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, ConditionCheck, Put, TransactWriteItem},
};
use uuid::Uuid;

pub use items::Protocol;
use items::{Item, Key, META, Ticket, connection_key, name_in_sort_key, now, room_key};

use super::{
    Room,
    aws::{self, Clients},
};
use crate::{config::RealtimeConfig, http::ApiError};

/// Rooms that one connection may be in; joins at the same instant may pass it by their number.
pub const MAX_ROOMS: usize = 20;
/// How long opening the way to the table may hold up a start.
const WARM_TIMEOUT: Duration = Duration::from_secs(2);
/// Tries of a transaction that collides with another one on the same connection.
const MAX_ATTEMPTS: u32 = 5;

/// An open connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The gateway's id of it.
    pub id: String,
    /// The rooms it is in.
    pub rooms: Vec<Room>,
    ticket: Ticket,
}

impl Connection {
    /// Whose connection it is, as the token said when it was opened.
    pub fn user_id(&self) -> &Uuid {
        &self.ticket.user_id
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

/// What became of a wish to join a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The connection is in the room.
    Yes,
    /// The connection has been closed meanwhile.
    ConnectionClosed,
    /// The connection is in [`MAX_ROOMS`] others.
    TooManyRooms,
}

/// The table of connections and rooms. Every call fails with [`ApiError::Unavailable`] alone.
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

    /// Notes a new connection, opened `connected_at` milliseconds after 1970.
    pub async fn open(
        &self,
        connection_id: &str,
        connected_at: i64,
        user_id: Uuid,
        protocol: Protocol,
    ) -> Result<(), ApiError> {
        let ticket = Ticket::new(user_id, protocol, connected_at);
        let item = ticket.item(Key::meta(connection_id)).map_err(unwritable)?;
        let put = self.store.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(unavailable)?;
        Ok(())
    }

    /// The open connection with this id and its rooms; `None` where it was closed or has expired.
    pub async fn find(&self, connection_id: &str) -> Result<Option<Connection>, ApiError> {
        let (mut ticket, mut rooms) = (None, Vec::new());
        for item in self.items_of(&connection_key(connection_id)).await? {
            if let Some(room) = name_in_sort_key(&item, "ROOM#").and_then(|name| name.parse().ok()) {
                rooms.push(room);
            } else if name_in_sort_key(&item, META).is_some() {
                ticket = read_ticket(item);
            }
        }
        Ok(ticket.map(|ticket| Connection { id: connection_id.to_owned(), rooms, ticket }))
    }

    /// Puts a connection into a room, unless it has been closed. Doing so twice changes nothing.
    pub async fn join(&self, connection: &Connection, room: Room) -> Result<Joined, ApiError> {
        if connection.rooms.len() >= MAX_ROOMS && !connection.rooms.contains(&room) {
            return Ok(Joined::TooManyRooms);
        }
        let mut attempt = 0;
        loop {
            let Err(error) = self.try_join(connection, room).await? else {
                return Ok(Joined::Yes);
            };
            attempt += 1;
            match refusal(&error) {
                Refusal::Closed => return Ok(Joined::ConnectionClosed),
                Refusal::Collision if attempt < MAX_ATTEMPTS => pause(attempt).await,
                Refusal::Collision | Refusal::Failure => return Err(unavailable(error)),
            }
        }
    }

    async fn try_join(
        &self,
        Connection { id, ticket, .. }: &Connection,
        room: Room,
    ) -> Result<Result<(), SdkError<TransactWriteItemsError>>, ApiError> {
        let open = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(Key::meta(id).item()))
            .condition_expression("connected_at = :connected_at")
            .expression_attribute_values(":connected_at", number(ticket.connected_at))
            .build()
            .map_err(unbuildable)?;
        let mut call = self
            .store
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().condition_check(open).build());
        for key in [Key::member(room, id), Key::membership(id, room)] {
            let item = ticket.item(key).map_err(unwritable)?;
            let put =
                Put::builder().table_name(&self.table).set_item(Some(item)).build().map_err(unbuildable)?;
            call = call.transact_items(TransactWriteItem::builder().put(put).build());
        }
        Ok(call.send().await.map(drop))
    }

    /// Takes a connection out of a room. One that is not in it stays so.
    pub async fn leave(&self, connection_id: &str, room: Room) -> Result<(), ApiError> {
        self.delete(vec![Key::member(room, connection_id), Key::membership(connection_id, room)]).await
    }

    /// The connections that are in a room now.
    pub async fn members(&self, room: Room) -> Result<Vec<Member>, ApiError> {
        let items = self.items_of(&room_key(room)).await?;
        Ok(items.into_iter().filter_map(read_member).collect())
    }

    /// All items of a partition that have not expired, strongly consistent. Expired ones stay readable
    /// for days (DynamoDB: "Using time to live").
    async fn items_of(&self, pk: &str) -> Result<Vec<Item>, ApiError> {
        let mut pages = self
            .store
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .filter_expression("expires_at > :now")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .expression_attribute_values(":now", number(now()))
            .consistent_read(true)
            .into_paginator()
            .send();
        let mut items = Vec::new();
        while let Some(page) = pages.next().await {
            items.extend(page.map_err(unavailable)?.items.unwrap_or_default());
        }
        Ok(items)
    }
}

/// Why a transaction was refused.
enum Refusal {
    /// Its condition does not hold.
    Closed,
    /// Another transaction was at the same items (DynamoDB: "Transaction conflict handling").
    Collision,
    /// Anything else.
    Failure,
}

fn refusal(error: &SdkError<TransactWriteItemsError>) -> Refusal {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error()
    else {
        return Refusal::Failure;
    };
    let has = |code: &str| canceled.cancellation_reasons().iter().any(|reason| reason.code() == Some(code));
    if has("ConditionalCheckFailed") {
        Refusal::Closed
    } else if has("TransactionConflict") {
        Refusal::Collision
    } else {
        Refusal::Failure
    }
}

/// Waits a little longer each time, and not all callers alike.
async fn pause(attempt: u32) {
    let jitter = u64::from(Uuid::new_v4().as_bytes()[0]) / 8;
    tokio::time::sleep(Duration::from_millis(10 * u64::from(attempt) + jitter)).await;
}

fn read_member(item: Item) -> Option<Member> {
    let connection_id = name_in_sort_key(&item, "CONN#")?.to_owned();
    let Ticket { user_id, protocol, connected_at, .. } = read_ticket(item)?;
    Some(Member { connection_id, user_id, protocol, connected_at })
}

/// An item of another version of this code is left out, so that it cannot silence a whole room.
fn read_ticket(item: Item) -> Option<Ticket> {
    serde_dynamo::from_item(item)
        .inspect_err(|_| tracing::error!("an item of the connections table is unreadable"))
        .ok()
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn unavailable<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> ApiError {
    ApiError::Unavailable(format!("connections table: {}", aws::cause(&error)))
}

fn unwritable(_: serde_dynamo::Error) -> ApiError {
    ApiError::Internal("connections table: an item could not be written".into())
}

fn unbuildable(_: aws_sdk_dynamodb::error::BuildError) -> ApiError {
    ApiError::Internal("connections table: a call could not be built".into())
}
