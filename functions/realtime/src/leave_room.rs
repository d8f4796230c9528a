//! `leave_room`: the connection gets the room's events no more.
//!
//! Permissions: any connection. Leaving a room that one is not in, or that does not exist, is
//! answered alike and reveals nothing.

use shared::{
    http::ApiError,
    realtime::{Connection, Room},
};

use crate::{Realtime, answer::Answer};

impl Realtime {
    /// Takes the connection out of the room.
    pub(crate) async fn leave_room(&self, connection: &Connection, room: Room) -> Result<Answer, ApiError> {
        self.connections().leave(&connection.id, room).await?;
        Ok(Answer::RoomLeft { room })
    }
}
