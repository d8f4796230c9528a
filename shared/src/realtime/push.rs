//! Pushing a stretch of a room's events to the connections that are in it.
//!
//! Events of one room reach one connection in the order of their `seq`; after a post that failed,
//! the later ones are not tried, and the connection lags behind the room. A user who does not belong
//! into the room any more is taken out of it and gets nothing.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use futures_util::{StreamExt, future::join_all, stream};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{Connections, Event, Gateway, Member, Posted, Protocol, Room, aws::Clients};
use crate::{StoreError, config::RealtimeConfig};

/// Posts under way at once in one room.
const CONCURRENCY: usize = 64;

/// The next events of a room, in the hands of its pusher; the SQL function `push_batch` returns it.
#[derive(Clone, Debug, Deserialize)]
pub struct Batch {
    /// The room.
    pub room: Room,
    /// Who holds the room.
    pub pusher: Uuid,
    /// Users who belong into the room now.
    pub users: Vec<Uuid>,
    /// Those of them who have come to live there since: the events are not theirs.
    #[serde(default)]
    pub newcomers: Vec<Uuid>,
    /// Connections that lag behind and are served by themselves.
    pub lagging: Vec<String>,
    /// The events in the order of their `seq`, without a gap.
    pub events: Vec<Event>,
}

/// A connection that lags behind its room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lagging {
    /// The gateway's id of it.
    pub connection_id: String,
    /// When it was opened, in milliseconds since 1970.
    pub connected_at: i64,
    /// The last event it has.
    pub since: i64,
}

/// What came of pushing a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Every connection of the room has the batch, but for these.
    Done(Vec<Lagging>),
    /// Nobody was sent anything: the room could not be read.
    Failed,
}

/// Pushes events to connections.
#[derive(Clone)]
pub struct Pusher {
    connections: Connections,
    gateway: Gateway,
}

impl Pusher {
    /// A pusher for the table and the endpoint that the configuration names. Nothing is opened yet.
    pub fn start(config: &RealtimeConfig) -> Self {
        Self::of(&Clients::new(config), config)
    }

    pub(super) fn of(clients: &Clients, config: &RealtimeConfig) -> Self {
        Self { connections: Connections::of(clients, config), gateway: Gateway::of(clients) }
    }

    /// Opens the way to the table and to the gateway ahead of the first push; a failure is left to it.
    pub async fn warm(&self) {
        tokio::join!(self.connections.warm(), self.gateway.warm());
    }

    /// The table of connections.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// The gateway's side of the connections.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Pushes batches of different rooms, all at once; answers what came of each, in their order.
    pub async fn push_all(&self, batches: &[Batch], deadline: Instant) -> Vec<Pushed> {
        join_all(batches.iter().map(|batch| self.push(batch, deadline))).await
    }

    /// Pushes a batch. A connection whose posts were not answered by `deadline` lags behind.
    pub async fn push(&self, batch: &Batch, deadline: Instant) -> Pushed {
        let started = Instant::now();
        let (Some(first), Some(last)) = (batch.events.first(), batch.events.last()) else {
            tracing::error!(room = %batch.room, "a room has numbers without events");
            return Pushed::Failed;
        };
        let members = match timeout_at(deadline, self.connections.members(batch.room)).await {
            Ok(members) => members,
            Err(_) => Err(StoreError::Unavailable("connections table: no answer in time".into())),
        };
        let (audience, revoked) = match members {
            Ok(members) => divide(batch, members),
            Err(error) => {
                let Event { room, seq, request_id, trace_id, .. } = first;
                tracing::warn!(%room, seq, request_id, trace_id, ?error, "a room could not be read");
                return Pushed::Failed;
            }
        };
        let Ok(frames) = frames(&batch.events, &audience) else {
            let Event { room, seq, request_id, trace_id, .. } = first;
            tracing::error!(%room, seq, request_id, trace_id, "an event could not be serialised");
            return Pushed::Failed;
        };
        let connections = audience.len();
        // A connection that is not heard of again has got nothing.
        let since = first.seq - 1;
        let mut behind: HashMap<String, Lagging> =
            audience.iter().map(|member| (member.connection_id.clone(), lagging(member, since))).collect();
        let mut posts = stream::iter(audience)
            .map(|member| self.deliver(member, &batch.events, Arc::clone(&frames)))
            .buffer_unordered(CONCURRENCY);
        let mut gone = Vec::new();
        while let Ok(Some((member, outcome))) = timeout_at(deadline, posts.next()).await {
            match outcome {
                Outcome::Accepted(accepted) if accepted < last.seq - since => {
                    behind.insert(member.connection_id.clone(), lagging(&member, since + accepted));
                }
                Outcome::Accepted(_) => drop(behind.remove(&member.connection_id)),
                Outcome::Gone => {
                    behind.remove(&member.connection_id);
                    gone.push(member);
                }
            }
        }
        drop(posts);
        if timeout_at(deadline, self.take_out(batch.room, &gone, &revoked)).await.is_err() {
            tracing::warn!(room = %batch.room, "connections that left a room could not be removed in time");
        }
        let (lagging, duration_ms) = (behind.len(), started.elapsed().as_millis());
        for Event { room, seq, event, request_id, trace_id, .. } in &batch.events {
            tracing::info!(
                %room, seq, event, request_id, trace_id, connections, lagging, duration_ms,
                "an event was pushed"
            );
        }
        Pushed::Done(behind.into_values().collect())
    }

    /// Posts a batch to one connection, one event after the other.
    async fn deliver(&self, member: Member, events: &[Event], frames: Arc<Frames>) -> (Member, Outcome) {
        let mut accepted = 0;
        for (frame, event) in frames.get(&member.protocol).into_iter().flatten().zip(events) {
            match self.gateway.post(&member.connection_id, frame).await {
                Posted::Accepted => accepted += 1,
                Posted::Gone => return (member, Outcome::Gone),
                Posted::Failed => {
                    let Event { room, seq, request_id, trace_id, .. } = event;
                    let Member { connection_id, .. } = &member;
                    tracing::warn!(%room, seq, request_id, trace_id, connection_id, "an event was not taken");
                    break;
                }
            }
        }
        (member, Outcome::Accepted(accepted))
    }

    /// Takes connections out of a room: those that are gone out of all others as well.
    async fn take_out(&self, room: Room, gone: &[Member], revoked: &[Member]) {
        let gone = join_all(gone.iter().map(|member| self.connections.remove(room, member)));
        let revoked =
            join_all(revoked.iter().map(|member| self.connections.leave(&member.connection_id, room)));
        let (gone, revoked) = tokio::join!(gone, revoked);
        for error in gone.into_iter().chain(revoked).filter_map(Result::err) {
            tracing::warn!(%room, ?error, "a connection could not be taken out of a room");
        }
    }
}

/// The frames of a batch in the order of their `seq`, for each protocol that is spoken in the room.
type Frames = BTreeMap<Protocol, Vec<String>>;

enum Outcome {
    /// So many events, counted from the first, were accepted.
    Accepted(i64),
    /// The connection is not there any more.
    Gone,
}

fn lagging(member: &Member, since: i64) -> Lagging {
    Lagging { connection_id: member.connection_id.clone(), connected_at: member.connected_at, since }
}

/// The members who are to get a batch, and those who do not belong into the room any more.
fn divide(batch: &Batch, members: Vec<Member>) -> (Vec<Member>, Vec<Member>) {
    let mut members = members;
    members.retain(|member| {
        !batch.lagging.contains(&member.connection_id) && !batch.newcomers.contains(&member.user_id)
    });
    members.into_iter().partition(|member| batch.users.contains(&member.user_id))
}

/// Serialises each event once for each protocol, not for each connection.
fn frames(events: &[Event], audience: &[Member]) -> Result<Arc<Frames>, serde_json::Error> {
    let spoken: BTreeSet<_> = audience.iter().map(|member| member.protocol).collect();
    let frames = spoken.into_iter().map(|protocol| {
        let frames: Result<Vec<_>, _> = events.iter().map(|event| protocol.event(event)).collect();
        Ok((protocol, frames?))
    });
    frames.collect::<Result<_, _>>().map(Arc::new)
}
