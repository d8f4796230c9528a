//! `join_room`: from now on the connection gets the room's events.
//!
//! Permissions: a flat's room is for its current residents, a society's room for its active guards
//! and society admins, and for super admins. It is asked of the database, for the identity that the
//! connection's token had; a `user_id` in the message means nothing.

use serde::Deserialize;
use serde_json::Value;
use shared::{
    http::ApiError,
    input::{FromField, FromFields, Problem, ProblemCode},
    realtime::{Connection, Event, Joined, Posted, Room},
    statement,
};
use uuid::Uuid;

use crate::{Realtime, answer::Answer};

/// Events that are sent again at most; clients that missed more read the lists instead.
const MAX_REPLAY: i64 = 200;

/// The wish to join a room.
#[derive(Debug, PartialEq, Eq, FromFields)]
pub(crate) struct JoinRoom {
    /// The room.
    #[field(flatten)]
    pub(crate) room: Room,
    /// The last event of it that the client has.
    pub(crate) since: Option<Position>,
    /// The epoch of that.
    pub(crate) epoch: Option<Epoch>,
}

/// A place in a room's sequence; 0 is before its first event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Position(pub(crate) i64);

impl FromField for Position {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        if !value.is_number() {
            return Err(Problem::new(ProblemCode::WrongType, "must be a number"));
        }
        let seq = value.as_i64().filter(|seq| *seq >= 0);
        seq.map(Self).ok_or_else(|| Problem::new(ProblemCode::OutOfRange, "must be a whole number from 0 on"))
    }
}

/// The epoch of a position. Clients give back what they were given, and any other text is none of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Epoch(pub(crate) Uuid);

impl FromField for Epoch {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        String::from_field(value).map(|text| Self(Uuid::try_parse(&text).unwrap_or_default()))
    }
}

/// Where a connection comes into a room.
#[derive(Deserialize)]
struct Arrival {
    /// The room's epoch.
    epoch: Uuid,
    /// The last event of the room.
    seq: i64,
    /// Whether `events` are all that came after the client's `since`.
    recovered: bool,
    /// What the client is to be sent: all that it missed, or else what is still open.
    events: Vec<Event>,
}

impl Realtime {
    /// Puts the connection into the room, if its user belongs there, and sends it what it missed.
    ///
    /// The position is read after the connection is in the room: an event up to it was committed
    /// before, and every later one finds the connection there, so none can fall between. It is told
    /// last: a client that has heard it has everything up to it.
    pub(crate) async fn join_room(
        &self,
        connection: &Connection,
        JoinRoom { room, since, epoch }: JoinRoom,
    ) -> Result<Answer, ApiError> {
        let (since, epoch) = (since.map(|Position(seq)| seq), epoch.map(|Epoch(epoch)| epoch));
        let Some(user_id) = connection.user_id else { return Ok(Answer::forbidden(room)) };
        if !self.may_join(&user_id, room).await? {
            return Ok(Answer::forbidden(room));
        }
        match self.connections().join(connection, room).await? {
            Joined::Yes => {}
            Joined::ConnectionClosed => return Ok(Answer::connection_unknown()),
            Joined::TooManyRooms => return Ok(Answer::too_many_rooms(room)),
        }
        let Arrival { epoch, seq, recovered, events } = self.arrive(&user_id, room, since, epoch).await?;
        for event in events {
            if !self.send(connection, &event).await? {
                return Ok(Answer::connection_unknown());
            }
        }
        Ok(Answer::RoomJoined { room, epoch, seq, recovered })
    }

    /// Sends an event to one connection; false where it is gone.
    async fn send(&self, connection: &Connection, event: &Event) -> Result<bool, ApiError> {
        let frame = connection.protocol.event(event);
        let frame = frame.map_err(|_| ApiError::Internal("an event could not be serialised".into()))?;
        match self.gateway().post(&connection.id, &frame).await {
            Posted::Accepted => Ok(true),
            Posted::Gone => Ok(false),
            Posted::Failed => Err(ApiError::Unavailable("an event could not be sent again".into())),
        }
    }

    async fn may_join(&self, user_id: &Uuid, room: Room) -> Result<bool, ApiError> {
        let allowed = self
            .app
            .db
            .read_first(statement!("join_room.sql", user = user_id, kind = room.kind.as_str(), id = room.id))
            .await?;
        Ok(allowed.unwrap_or(false))
    }

    async fn arrive(
        &self,
        user_id: &Uuid,
        room: Room,
        since: Option<i64>,
        epoch: Option<Uuid>,
    ) -> Result<Arrival, ApiError> {
        let arrival = self
            .app
            .db
            .read_one(statement!(
                "arrive.sql",
                room = room.to_string(),
                place = room.id,
                since,
                epoch,
                most = MAX_REPLAY,
                user = user_id
            ))
            .await?;
        arrival.ok_or_else(|| ApiError::Internal("the arrival's statement answered no row".into()))
    }
}
