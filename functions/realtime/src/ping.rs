//! `ping`: is the connection known, and how far have its rooms come? A client that has less of one has
//! missed something, and joins it again with `since`.
//!
//! Permissions: any connection; it is told of the rooms it is in.

use shared::{
    http::ApiError,
    realtime::{Connection, Room},
    statement,
};

use crate::{
    Realtime,
    answer::{Answer, Position},
};

impl Realtime {
    /// Tells how far the rooms of the connection have come.
    pub(crate) async fn ping(&self, connection: &Connection) -> Result<Answer, ApiError> {
        let names: Vec<_> = connection.rooms.iter().map(Room::to_string).collect();
        if names.is_empty() {
            return Ok(Answer::Pong { rooms: Vec::new() });
        }
        let rooms = self.app.db.read_first::<Vec<Position>>(statement!("ping.sql", rooms = names)).await?;
        Ok(Answer::Pong { rooms: rooms.unwrap_or_default() })
    }
}
