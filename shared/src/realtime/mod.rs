//! Realtime: who is connected to which room, and pushing what happened to them.
//!
//! The database is the truth and the socket is the doorbell. An [`Event`] is a row of `outbox`,
//! written in the transaction of the change it tells of. After the commit, [`Publisher`] posts it to
//! the connections that [`Connections`] knows in its [`Room`], and marks it as pushed once every one
//! of them has it. What is not marked is left to the dispatcher, so a client may see an event twice
//! and never misses one.
//!
//! Nothing here writes an id of a visitor, a name, a phone number or a token to the log.

mod aws;
mod connections;
mod event;
mod publish;
mod room;

pub use connections::{Connection, Connections, Joined, MAX_ROOMS, Member, Protocol};
pub use event::Event;
pub use publish::Publisher;
pub use room::{NotARoom, Room, RoomKind};
