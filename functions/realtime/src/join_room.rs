//! `join_room`: from now on the connection gets the room's events.
//!
//! Permissions: a flat's room is for its current residents, a society's room for its active guards
//! and society admins, and for super admins. It is asked of the database, for the identity that the
//! connection's token had; a `user_id` in the message means nothing.

use serde_json::Value;
use shared::{
    db::Type,
    http::ApiError,
    input::{Fields, FromField, FromFields, Problem, ProblemCode},
    realtime::{Connection, Joined, Room},
};
use uuid::Uuid;

use crate::{Realtime, answer::Answer};

/// The wish to join a room.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JoinRoom {
    /// The room.
    pub(crate) room: Room,
    /// The last event of it that the client has.
    pub(crate) since: Option<i64>,
}

impl FromFields for JoinRoom {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let room = Room::from_fields(fields);
        let since = fields.optional::<Position>("since");
        Some(Self { room: room?, since: since?.map(|Position(seq)| seq) })
    }
}

/// A place in a room's sequence; 0 is before its first event.
struct Position(i64);

impl FromField for Position {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        if !value.is_number() {
            return Err(Problem::new(ProblemCode::WrongType, "must be a number"));
        }
        let seq = value.as_i64().filter(|seq| *seq >= 0);
        seq.map(Self).ok_or_else(|| Problem::new(ProblemCode::OutOfRange, "must be a whole number from 0 on"))
    }
}

impl Realtime {
    /// Puts the connection into the room, if its user belongs there.
    ///
    /// The position is read after the connection is in the room: an event up to it was committed
    /// before, and every later one finds the connection there, so none can fall between.
    pub(crate) async fn join_room(
        &self,
        connection: &Connection,
        JoinRoom { room, since }: JoinRoom,
    ) -> Result<Answer, ApiError> {
        if !self.may_join(connection.user_id(), room).await? {
            return Ok(Answer::forbidden(room));
        }
        match self.connections.join(connection, room).await? {
            Joined::Yes => {
                let seq = self.position(room).await?;
                Ok(Answer::RoomJoined { room, seq, recovered: since == Some(seq) })
            }
            Joined::ConnectionClosed => Ok(Answer::connection_unknown()),
            Joined::TooManyRooms => Ok(Answer::too_many_rooms(room)),
        }
    }

    async fn may_join(&self, user_id: &Uuid, room: Room) -> Result<bool, ApiError> {
        let params =
            [(user_id as _, Type::UUID), (&room.kind.as_str() as _, Type::TEXT), (&room.id as _, Type::UUID)];
        let allowed = self.app.db.read_first(include_str!("join_room.sql"), &params).await?;
        Ok(allowed.unwrap_or(false))
    }

    async fn position(&self, room: Room) -> Result<i64, ApiError> {
        let seq =
            self.app.db.read_one(include_str!("position.sql"), &[(&room.to_string(), Type::TEXT)]).await?;
        Ok(seq.unwrap_or(0))
    }
}
