//! Pushing events to the connections of their rooms, right after the commit.
//!
//! It never fails the request: what does not go through stays unmarked and is the dispatcher's.
//! Events of one room reach one connection in the order of their `seq`; after a post that failed,
//! the later ones are not tried.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use aws_sdk_apigatewaymanagement::{
    error::SdkError, operation::post_to_connection::PostToConnectionError, primitives::Blob,
};
use futures_util::{StreamExt, stream, stream::FuturesUnordered};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::{
    Connections, Event, Member, Protocol, Room,
    aws::{self, Clients},
};
use crate::{config::RealtimeConfig, db::Db, http::ApiError};

/// How long all posts of one call may take together; the caller is waiting for his answer.
const BUDGET: Duration = Duration::from_secs(3);
/// Posts under way at once.
const CONCURRENCY: usize = 64;

/// Pushes events to the connections of their rooms.
#[derive(Clone)]
pub struct Publisher {
    connections: Connections,
    gateway: aws_sdk_apigatewaymanagement::Client,
}

impl Publisher {
    /// A publisher for the table and the endpoint that the configuration names. Nothing is opened yet.
    pub fn start(config: &RealtimeConfig) -> Self {
        let clients = Clients::new(config);
        Self { connections: Connections::of(&clients, config), gateway: clients.gateway }
    }

    /// Opens the way to the table and to the gateway ahead of the first push, since TLS costs a cold
    /// start most of its time; a failure is left to that push.
    pub async fn warm(&self) {
        // Whatever the gateway says of a connection that is not there, the way to it is open.
        let gateway = self.gateway.get_connection().connection_id("none").send();
        let _ = tokio::join!(self.connections.warm(), gateway);
    }

    /// Pushes events whose transaction has committed, and marks the ones that every live connection
    /// of their room has got. It always returns, within about 3 s and one statement.
    pub async fn publish(&self, db: &Db, events: Vec<Event>) {
        let pushed = self.push(&events).await;
        if pushed.is_empty() {
            return;
        }
        let marked = db.execute(include_str!("mark_pushed.sql"), &[(&pushed, Type::UUID_ARRAY)]).await;
        if let Err(error) = marked {
            tracing::warn!(code = error.code().as_str(), "pushed events could not be marked");
        }
    }

    /// Pushes events and tells which of them every live connection of their room has got. Connections
    /// that turn out to be gone are removed from the table and owe nothing.
    pub async fn push(&self, events: &[Event]) -> Vec<Uuid> {
        if events.is_empty() {
            return Vec::new();
        }
        let deadline = Instant::now() + BUDGET;
        let audiences = self.find_audiences(by_room(events), deadline).await;
        let mut tallies: BTreeMap<Room, Tally> =
            audiences.iter().map(|audience| (audience.room, Tally::new(audience))).collect();
        let mut posts = stream::iter(deliveries(audiences))
            .map(|delivery| self.deliver(delivery))
            .buffer_unordered(CONCURRENCY);
        let mut gone = Vec::new();
        while let Ok(Some(delivered)) = timeout_at(deadline, posts.next()).await {
            if let Some(tally) = tallies.get_mut(&delivered.room) {
                tally.count(delivered.outcome);
            }
            if matches!(delivered.outcome, Outcome::Gone) {
                gone.push((delivered.room, delivered.member));
            }
        }
        drop(posts);
        self.remove_gone(gone, deadline).await;
        let pushed: Vec<Uuid> = tallies.into_values().flat_map(Tally::complete).collect();
        if pushed.len() < events.len() {
            tracing::warn!(
                events = events.len(),
                pushed = pushed.len(),
                "some events are left to the dispatcher"
            );
        }
        pushed
    }

    /// Who is in each room; a room that cannot be read is left out.
    async fn find_audiences(&self, rooms: BTreeMap<Room, Vec<&Event>>, deadline: Instant) -> Vec<Audience> {
        let mut queries = FuturesUnordered::new();
        for (room, events) in rooms {
            queries.push(self.find_audience(room, events, deadline));
        }
        let mut audiences = Vec::with_capacity(queries.len());
        while let Some(audience) = queries.next().await {
            audiences.extend(audience);
        }
        audiences
    }

    async fn find_audience(&self, room: Room, events: Vec<&Event>, deadline: Instant) -> Option<Audience> {
        let members = match timeout_at(deadline, self.connections.members(room)).await {
            Ok(members) => members,
            Err(_) => Err(ApiError::Unavailable("connections table: no answer in time".into())),
        };
        match members.map(|members| address(room, &events, members)) {
            Ok(Ok(audience)) => Some(audience),
            Ok(Err(_)) => {
                tracing::error!("an event could not be serialised");
                None
            }
            Err(error) => {
                tracing::warn!(?error, "a room could not be read");
                None
            }
        }
    }

    /// Posts the events of one room to one of its connections, one after the other.
    async fn deliver(&self, Delivery { room, member, frames }: Delivery) -> Delivered {
        let mut accepted = 0;
        for frame in frames.get(&member.protocol).into_iter().flatten() {
            let post = self.gateway.post_to_connection().connection_id(&member.connection_id);
            match post.data(Blob::new(frame.clone())).send().await {
                Ok(_) => accepted += 1,
                Err(error) if is_gone(&error) => return Delivered { room, member, outcome: Outcome::Gone },
                Err(error) => {
                    tracing::warn!(cause = aws::cause(&error), "a post to a connection failed");
                    break;
                }
            }
        }
        Delivered { room, member, outcome: Outcome::Accepted(accepted) }
    }

    async fn remove_gone(&self, gone: Vec<(Room, Member)>, deadline: Instant) {
        let removals = gone.into_iter().map(|(room, member)| async move {
            if let Err(error) = self.connections.remove(room, &member).await {
                tracing::warn!(?error, "a connection that is gone could not be removed");
            }
        });
        let all = stream::iter(removals).buffer_unordered(CONCURRENCY).collect::<()>();
        if timeout_at(deadline, all).await.is_err() {
            tracing::warn!("connections that are gone could not be removed in time");
        }
    }
}

/// The frames of a room in the order of their `seq`, for each protocol that is spoken in it.
type Frames = Arc<BTreeMap<Protocol, Vec<Vec<u8>>>>;

/// A room's events, serialised, and who is to get them.
struct Audience {
    room: Room,
    ids: Vec<Uuid>,
    frames: Frames,
    members: Vec<Member>,
}

/// What one connection is to be sent.
struct Delivery {
    room: Room,
    member: Member,
    frames: Frames,
}

/// What became of a delivery.
struct Delivered {
    room: Room,
    member: Member,
    outcome: Outcome,
}

#[derive(Clone, Copy)]
enum Outcome {
    /// So many events, counted from the first, were accepted.
    Accepted(usize),
    /// The connection is not there any more.
    Gone,
}

/// For each event of a room, in order, how many connections still owe an answer.
struct Tally(Vec<(Uuid, usize)>);

impl Tally {
    fn new(audience: &Audience) -> Self {
        Self(audience.ids.iter().map(|id| (*id, audience.members.len())).collect())
    }

    fn count(&mut self, outcome: Outcome) {
        let served = match outcome {
            Outcome::Accepted(events) => events,
            Outcome::Gone => self.0.len(),
        };
        for (_, owing) in self.0.iter_mut().take(served) {
            *owing -= 1;
        }
    }

    fn complete(self) -> impl Iterator<Item = Uuid> {
        self.0.into_iter().filter(|(_, owing)| *owing == 0).map(|(id, _)| id)
    }
}

/// The events of each room in the order of their `seq`.
fn by_room(events: &[Event]) -> BTreeMap<Room, Vec<&Event>> {
    let mut rooms: BTreeMap<Room, Vec<&Event>> = BTreeMap::new();
    for event in events {
        rooms.entry(event.room).or_default().push(event);
    }
    for events in rooms.values_mut() {
        events.sort_by_key(|event| event.seq);
    }
    rooms
}

/// Serialises each event once for each protocol, not for each connection.
fn address(room: Room, events: &[&Event], members: Vec<Member>) -> Result<Audience, serde_json::Error> {
    let mut frames = BTreeMap::new();
    for protocol in members.iter().map(|member| member.protocol).collect::<BTreeSet<_>>() {
        let all: Result<Vec<_>, _> = events.iter().map(|event| event.frame(protocol)).collect();
        frames.insert(protocol, all?);
    }
    let ids = events.iter().map(|event| event.id).collect();
    Ok(Audience { room, ids, frames: Arc::new(frames), members })
}

fn deliveries(audiences: Vec<Audience>) -> impl Iterator<Item = Delivery> {
    audiences.into_iter().flat_map(|Audience { room, frames, members, .. }| {
        members.into_iter().map(move |member| Delivery { room, member, frames: Arc::clone(&frames) })
    })
}

/// 410: closed, or not open yet (API Gateway: "Use @connections commands in your backend service").
fn is_gone(error: &SdkError<PostToConnectionError>) -> bool {
    error.raw_response().is_some_and(|response| response.status().as_u16() == 410)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(room: Room, seq: i64) -> Event {
        Event { event: "visitor_request".into(), room, seq, id: Uuid::now_v7(), data: json!({}) }
    }

    #[test]
    fn events_of_a_room_are_ordered_by_seq() {
        let (flat, society) = (Room::flat(Uuid::now_v7()), Room::society(Uuid::now_v7()));
        let events = [event(flat, 7), event(society, 1), event(flat, 5), event(flat, 6)];
        let rooms = by_room(&events);
        let seqs = |room| rooms[&room].iter().map(|event| event.seq).collect::<Vec<_>>();
        assert_eq!(seqs(flat), [5, 6, 7]);
        assert_eq!(seqs(society), [1]);
    }

    #[test]
    fn an_event_is_complete_when_nobody_owes_an_answer() {
        let room = Room::flat(Uuid::now_v7());
        let events = [event(room, 1), event(room, 2)];
        let member = |name: &str| Member {
            connection_id: name.into(),
            user_id: Uuid::now_v7(),
            protocol: Protocol::Native,
            connected_at: 0,
        };
        for (outcomes, complete) in [
            (vec![], 0),
            (vec![Outcome::Accepted(2)], 0),
            (vec![Outcome::Accepted(2), Outcome::Accepted(0)], 0),
            (vec![Outcome::Accepted(2), Outcome::Accepted(1)], 1),
            (vec![Outcome::Accepted(1), Outcome::Gone], 1),
            (vec![Outcome::Accepted(2), Outcome::Gone], 2),
            (vec![Outcome::Gone, Outcome::Gone], 2),
        ] {
            let audience = address(room, &[&events[0], &events[1]], vec![member("a"), member("b")]).unwrap();
            let mut tally = Tally::new(&audience);
            for outcome in outcomes {
                tally.count(outcome);
            }
            let ids: Vec<Uuid> = tally.complete().collect();
            assert_eq!(ids, events[..complete].iter().map(|event| event.id).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_event_nobody_listens_to_is_complete() {
        let room = Room::flat(Uuid::now_v7());
        let event = event(room, 1);
        let audience = address(room, &[&event], Vec::new()).unwrap();
        assert_eq!(Tally::new(&audience).complete().collect::<Vec<_>>(), [event.id]);
    }
}
