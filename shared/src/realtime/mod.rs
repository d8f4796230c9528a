//! Realtime: who is connected to which room, and pushing what happened to them.
//!
//! The database is the truth and the socket is the doorbell. An [`Event`] is a row of `outbox`,
//! written in the transaction of the change it tells of, with a `seq` that has no gaps in its [`Room`].
//! After the commit, [`Publisher`] posts it to the connections that [`Connections`] knows in the room.
//! One pusher at a time holds a room, so events go out in their order; a connection that does not take
//! one lags behind and is served by itself, so it neither loses its order nor holds up the others. What
//! a publisher leaves over, or dies over, is the dispatcher's: a client may see an event twice and
//! never misses one.
//!
//! Nothing here writes an id of a visitor, a name, a phone number or a token to the log.

pub(crate) mod aws;
mod connections;
mod event;
mod gateway;
mod invoke;
mod outbox;
mod protocol;
mod publish;
mod push;
mod room;

pub use connections::{
    Connection, Connections, HELLO_TIMEOUT, Heard, Joined, MAX_MESSAGES_PER_MINUTE, MAX_ROOMS, Member,
    PingPlace, PingSlot, PingTurn, Pinged, Waiting,
};
pub use event::Event;
pub use gateway::{Gateway, Posted};
pub use invoke::{DispatcherClient, Greeting, Task};
pub use outbox::{Answered, Backlog, Carried, Load, Outbox};
pub use protocol::{MAX_MESSAGE, Protocol, Said, Unspoken};
pub use publish::{Beside, Emitted, Publisher, Turn};
pub use push::{Batch, Lagging, Pushed, Pusher};
pub use room::{NotARoom, Room, RoomKind};
