//! Connections whose protocol begins with a hello: they wait for the server to speak first, then
//! say who they are, and are closed where they do not.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::{
    Connection, Connections, Key,
    items::{WAITING, waiting_id},
    now_ms, number, text, unavailable,
};
use crate::StoreError;

/// How long a connection may take to say who it is.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(20);
/// How long one greeter has a connection for itself, in milliseconds.
const GREETING_LEASE: i64 = 8_000;
/// The id still means the same connection.
const SAME: &str = "connected_at = :connected_at";

/// A connection that has not said hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The gateway's id of it.
    pub connection_id: String,
    /// When it was opened, in milliseconds since 1970.
    pub connected_at: i64,
}

impl Connections {
    /// Lets a connection in as this user's. False where it has been closed meanwhile.
    pub async fn admit(&self, connection: &Connection, user_id: Uuid) -> Result<bool, StoreError> {
        let Connection { id, connected_at, .. } = connection;
        let values = [
            (":connected_at", number(*connected_at)),
            (":user_id", text(user_id.to_string())),
            (":admitted", AttributeValue::Bool(true)),
        ];
        let update = "SET user_id = :user_id, admitted = :admitted";
        if self.amend(id, update, SAME, &values).await?.is_none() {
            return Ok(false);
        }
        self.delete(vec![Key::waiting(id, *connected_at)]).await?;
        Ok(true)
    }

    /// Takes a connection that said goodbye out of all its rooms. It stays open and may say hello again.
    pub async fn dismiss(&self, connection: &Connection) -> Result<(), StoreError> {
        let values =
            [(":connected_at", number(connection.connected_at)), (":admitted", AttributeValue::Bool(false))];
        self.amend(&connection.id, "SET admitted = :admitted", SAME, &values).await?;
        for room in &connection.rooms {
            self.leave(&connection.id, *room).await?;
        }
        Ok(())
    }

    /// Makes the caller the one who greets a connection; false where it has been greeted, somebody
    /// else is at it, or it has been closed.
    pub async fn claim_greeting(&self, connection_id: &str, connected_at: i64) -> Result<bool, StoreError> {
        let now = now_ms();
        let values = [
            (":connected_at", number(connected_at)),
            (":now", number(now)),
            (":until", number(now + GREETING_LEASE)),
        ];
        let free = "connected_at = :connected_at AND attribute_not_exists(greeted) \
                    AND (attribute_not_exists(greeting_until) OR greeting_until < :now)";
        let claimed = self.amend(connection_id, "SET greeting_until = :until", free, &values).await?;
        Ok(claimed.is_some())
    }

    /// Leaves the greeting of a connection to the next attempt.
    pub async fn release_greeting(&self, connection_id: &str, connected_at: i64) -> Result<(), StoreError> {
        let values = [(":connected_at", number(connected_at))];
        self.amend(connection_id, "REMOVE greeting_until", SAME, &values).await.map(drop)
    }

    /// Notes that a connection has been greeted.
    pub async fn note_greeting(&self, connection_id: &str, connected_at: i64) -> Result<(), StoreError> {
        let values = [(":connected_at", number(connected_at)), (":greeted", AttributeValue::Bool(true))];
        self.amend(connection_id, "SET greeted = :greeted", SAME, &values).await.map(drop)
    }

    /// The oldest connections that have not said hello, opened before `before` milliseconds after 1970.
    /// At most `limit`: a client may open connections without end, and must not
    /// decide what reading them costs.
    pub async fn waiting(&self, before: i64, limit: u16) -> Result<Vec<Waiting>, StoreError> {
        let items = self.query(WAITING, Some(format!("{before:015}"))).limit(limit.into()).send().await;
        let items = items.map_err(unavailable)?.items.unwrap_or_default();
        let waiting = items.iter().filter_map(waiting_id);
        Ok(waiting.map(|(connected_at, id)| Waiting { connection_id: id.to_owned(), connected_at }).collect())
    }

    /// Ends the waiting of a connection that has been closed or let in.
    pub async fn stop_waiting(&self, waiting: &Waiting) -> Result<(), StoreError> {
        self.delete(vec![Key::waiting(&waiting.connection_id, waiting.connected_at)]).await
    }
}
