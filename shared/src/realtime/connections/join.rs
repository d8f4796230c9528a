//! Joining and leaving a room: the room's item and the connection's list of rooms change together.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, Delete, TransactWriteItem, Update},
};

use super::{
    Connection, Connections, Key, MAX_ATTEMPTS, Ticket, expiry, item, number, pause, text, unavailable,
    unbuildable, unwritable,
};
use crate::{StoreError, realtime::Room};

/// Rooms that one connection may be in.
pub const MAX_ROOMS: usize = 20;

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

impl Connections {
    /// Puts a connection into a room, unless it has been closed. Doing so twice changes nothing.
    pub async fn join(&self, connection: &Connection, room: Room) -> Result<Joined, StoreError> {
        let Some(user_id) = connection.user_id else { return Ok(Joined::ConnectionClosed) };
        let Connection { id, connected_at, protocol, .. } = connection;
        let name = room.to_string();
        let ticket = Ticket {
            user_id,
            protocol: *protocol,
            connected_at: *connected_at,
            expires_at: expiry(*connected_at),
        };
        let note = Update::builder()
            .set_key(Some(Key::meta(id).item()))
            .condition_expression(
                "connected_at = :connected_at AND \
                 (attribute_not_exists(rooms) OR size(rooms) < :max OR contains(rooms, :room))",
            )
            .update_expression("ADD rooms :rooms")
            .expression_attribute_values(":connected_at", number(*connected_at))
            .expression_attribute_values(":max", AttributeValue::N(MAX_ROOMS.to_string()))
            .expression_attribute_values(":room", text(&name))
            .expression_attribute_values(":rooms", AttributeValue::Ss(vec![name.clone()]));
        let member = item(&ticket, Key::member(&name, id)).map_err(unwritable)?;
        if self.change(vec![self.update(note)?, self.put(member)?]).await? {
            return Ok(Joined::Yes);
        }
        // The condition has two halves; which one failed is asked for only then.
        match self.find(id).await? {
            Some(found) if found.connected_at == *connected_at => Ok(Joined::TooManyRooms),
            _ => Ok(Joined::ConnectionClosed),
        }
    }

    /// Takes a connection out of a room. One that is not in it stays so.
    pub async fn leave(&self, connection_id: &str, room: Room) -> Result<(), StoreError> {
        let name = room.to_string();
        let note = Update::builder()
            .set_key(Some(Key::meta(connection_id).item()))
            .condition_expression("attribute_exists(pk)")
            .update_expression("DELETE rooms :rooms")
            .expression_attribute_values(":rooms", AttributeValue::Ss(vec![name.clone()]));
        let member = Key::member(&name, connection_id);
        let delete = Delete::builder().table_name(&self.table).set_key(Some(member.clone().item()));
        let delete = delete.build().map_err(unbuildable)?;
        let delete = TransactWriteItem::builder().delete(delete).build();
        if !self.change(vec![self.update(note)?, delete]).await? {
            // The connection has been closed, which may have missed this item.
            self.delete(vec![member]).await?;
        }
        Ok(())
    }

    /// Runs a transaction, again where it collides with another; false where a condition does not hold.
    async fn change(&self, items: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
        let mut attempt = 0;
        loop {
            let call = self.store.transact_write_items().set_transact_items(Some(items.clone()));
            let Err(error) = call.send().await else { return Ok(true) };
            attempt += 1;
            match refusal(&error) {
                Refusal::Condition => return Ok(false),
                Refusal::Collision if attempt < MAX_ATTEMPTS => pause(attempt).await,
                Refusal::Collision | Refusal::Failure => return Err(unavailable(error)),
            }
        }
    }
}

/// Why a transaction was refused.
enum Refusal {
    /// Its condition does not hold.
    Condition,
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
        Refusal::Condition
    } else if has("TransactionConflict") {
        Refusal::Collision
    } else {
        Refusal::Failure
    }
}
