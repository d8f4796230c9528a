//! Hearing a message: who says it, that they are there, and whether they say too much. All are one
//! write, two where it is not the first message of its minute: most are answers to a ping, and are.

use super::{Connection, Connections, now, now_ms, number};
use crate::StoreError;

/// Messages that a connection may send in a minute of the clock.
pub const MAX_MESSAGES_PER_MINUTE: u32 = 120;

/// Who said something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// This connection.
    From(Connection),
    /// A connection that has sent so many messages that it is not listened to in this minute.
    TooMuch {
        /// The connection.
        connection: Connection,
        /// Whether it goes on so that it should be closed.
        closes: bool,
    },
    /// Nobody: the connection was closed, or has expired.
    Nobody,
}

impl Connections {
    /// Counts a message and tells whose it is.
    pub async fn hear(&self, connection_id: &str) -> Result<Heard, StoreError> {
        let heard_at = now_ms();
        let minute = (":minute", number(heard_at / 60_000));
        let values = [(":one", number(1)), (":now", number(now())), (":heard_at", number(heard_at)), minute];
        let [one, now, at, _] = &values;
        let first = "SET messages = :one, counted_minute = :minute, heard_at = :heard_at";
        let new_minute = "expires_at > :now AND \
                          (attribute_not_exists(counted_minute) OR counted_minute < :minute)";
        let meta = match self.amend(connection_id, first, new_minute, &values).await? {
            Some(meta) => Some(meta),
            // One more of this minute, or of nobody.
            None => {
                let one_more = "SET heard_at = :heard_at ADD messages :one";
                let values = [one.clone(), now.clone(), at.clone()];
                self.amend(connection_id, one_more, "expires_at > :now", &values).await?
            }
        };
        let Some(meta) = meta else { return Ok(Heard::Nobody) };
        let messages = meta.messages;
        let connection = Connection::of(connection_id, meta);
        if messages <= MAX_MESSAGES_PER_MINUTE {
            return Ok(Heard::From(connection));
        }
        Ok(Heard::TooMuch { connection, closes: messages > 2 * MAX_MESSAGES_PER_MINUTE })
    }
}
