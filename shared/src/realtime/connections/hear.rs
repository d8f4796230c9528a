//! Hearing a message: who says it, and whether he says too much. Both are one write.

use super::{Connection, Connections, now, now_ms, number};
use crate::http::ApiError;

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
    pub async fn hear(&self, connection_id: &str) -> Result<Heard, ApiError> {
        let values = [(":one", number(1)), (":minute", number(now_ms() / 60_000)), (":now", number(now()))];
        let one_more = "SET messages = messages + :one";
        let same_minute = "expires_at > :now AND counted_minute = :minute";
        let meta = match self.amend(connection_id, one_more, same_minute, &values).await? {
            Some(meta) => Some(meta),
            // The first message of a minute, or of nobody.
            None => {
                let first = "SET messages = :one, counted_minute = :minute";
                self.amend(connection_id, first, "expires_at > :now", &values).await?
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
