//! Opening, joining, leaving, closing.

use futures_util::future::join_all;
use shared::{
    http::ErrorCode,
    realtime::{Connections, Heard, Joined, MAX_MESSAGES_PER_MINUTE, MAX_ROOMS, Protocol, Room},
};
use uuid::Uuid;

use crate::support::{World, now_ms};

fn flat() -> Room {
    Room::flat(Uuid::now_v7())
}

#[tokio::test]
async fn a_connection_joins_leaves_and_closes() {
    let world = World::start().await;
    let (flat, society) = (flat(), Room::society(Uuid::now_v7()));

    // Step 1: it is known once it is open, with the user of its token.
    assert!(world.connections.find("c1=").await.unwrap().is_none());
    let (at, user) = (now_ms(), Uuid::now_v7());
    world.connections.open("c1=", at, Some(user), Protocol::Native).await.unwrap();
    let connection = world.connections.find("c1=").await.unwrap().unwrap();
    assert_eq!((connection.user_id, connection.rooms.len()), (Some(user), 0));

    // Step 2: joining twice is joining once; the room knows whose connection it is.
    for room in [flat, flat, society] {
        assert_eq!(world.connections.join(&connection, room).await.unwrap(), Joined::Yes);
    }
    let members = world.connections.members(flat).await.unwrap();
    assert_eq!(members.len(), 1);
    assert_eq!(
        (members[0].user_id, members[0].protocol, members[0].connected_at),
        (user, Protocol::Native, at)
    );
    assert_eq!(world.connections.find("c1=").await.unwrap().unwrap().rooms.len(), 2);

    // Step 3: leaving one leaves the other, also when done twice.
    for _ in 0..2 {
        world.connections.leave("c1=", flat).await.unwrap();
    }
    assert!(world.members(flat).await.is_empty());
    assert_eq!(world.members(society).await, ["c1="]);

    // Step 4: closing leaves nothing, also when done twice.
    for _ in 0..2 {
        world.connections.close("c1=", at).await.unwrap();
    }
    assert!(world.keys().await.is_empty());
}

#[tokio::test]
async fn a_late_join_does_not_bring_back_a_closed_connection() {
    let world = World::start().await;
    let at = now_ms();
    let connection = world.connected_at("c1", at, &[]).await;
    world.connections.close("c1", at).await.unwrap();
    assert_eq!(world.connections.join(&connection, flat()).await.unwrap(), Joined::ConnectionClosed);
    assert!(world.keys().await.is_empty());
}

#[tokio::test]
async fn a_late_close_does_not_end_another_connection_of_the_same_id() {
    let world = World::start().await;
    let (room, at) = (flat(), now_ms());
    let old = world.connected_at("c1", at - 60_000, &[]).await;
    world.connected_at("c1", at, &[room]).await;
    world.connections.close("c1", at - 60_000).await.unwrap();
    assert_eq!(world.members(room).await, ["c1"]);
    assert_eq!(world.connections.join(&old, flat()).await.unwrap(), Joined::ConnectionClosed);
}

#[tokio::test]
async fn expired_items_are_not_there() {
    let world = World::start().await;
    let room = flat();
    world.connected("old", &[room]).await;
    world.connected("new", &[room]).await;
    world.expire(&format!("ROOM#{room}")).await;
    assert!(world.members(room).await.is_empty());
    world.expire("CONN#old").await;
    assert!(world.connections.find("old").await.unwrap().is_none());
    assert!(world.connections.find("new").await.unwrap().is_some());
}

#[tokio::test]
async fn the_rooms_of_a_connection_are_bounded() {
    let world = World::start().await;
    let rooms: Vec<Room> = (0..MAX_ROOMS).map(|_| flat()).collect();
    let at = now_ms();
    let connection = world.connected_at("c1", at, &rooms[1..]).await;
    // Of joins at the same instant one finds the last place.
    let joins = join_all((0..4).map(|_| world.connections.join(&connection, flat()))).await;
    let joined = joins.into_iter().filter(|joined| *joined.as_ref().unwrap() == Joined::Yes).count();
    assert_eq!(joined, 1);
    assert_eq!(world.connections.join(&connection, flat()).await.unwrap(), Joined::TooManyRooms);
    assert_eq!(world.connections.join(&connection, rooms[1]).await.unwrap(), Joined::Yes);
    world.connections.close("c1", at).await.unwrap();
    assert!(world.keys().await.is_empty());
}

#[tokio::test]
async fn parallel_joins_and_a_close_leave_nothing() {
    let world = World::start().await;
    let at = now_ms();
    let connection = world.connected_at("c1", at, &[]).await;
    let rooms: Vec<Room> = (0..8).map(|_| flat()).collect();
    let joins = join_all(rooms.iter().map(|room| world.connections.join(&connection, *room)));
    let (joined, closed) = tokio::join!(joins, world.connections.close("c1", at));
    closed.unwrap();
    joined.into_iter().for_each(|joined| assert_ne!(joined.unwrap(), Joined::TooManyRooms));
    assert!(world.keys().await.is_empty(), "{:?}", world.keys().await);
}

#[tokio::test]
async fn a_connection_that_talks_too_much_is_not_listened_to_and_then_closed() {
    let world = World::start().await;
    world.connected("c1", &[]).await;
    let mut heard = Vec::new();
    for _ in 0..=2 * MAX_MESSAGES_PER_MINUTE {
        heard.push(match world.connections.hear("c1").await.unwrap() {
            Heard::From(_) => "heard",
            Heard::TooMuch { closes: false, .. } => "ignored",
            Heard::TooMuch { closes: true, .. } => "closed",
            Heard::Unknown => "nobody",
        });
    }
    let count = |what| heard.iter().filter(|heard| **heard == what).count();
    let limit = MAX_MESSAGES_PER_MINUTE as usize;
    // A minute of the clock may end in between.
    assert!(count("heard") == limit && count("closed") == 1 || count("heard") > limit, "{}", count("heard"));
    assert_eq!(count("nobody"), 0);
    assert_eq!(world.connections.hear("c2").await.unwrap(), Heard::Unknown);
    assert!(world.keys().await.iter().all(|(pk, _)| pk == "CONN#c1"), "a message of nobody leaves nothing");
}

#[tokio::test]
async fn a_connection_waits_until_it_says_hello() {
    let world = World::start().await;
    let (at, user) = (now_ms(), Uuid::now_v7());
    world.connections.open("c1", at, None, Protocol::SocketIo).await.unwrap();
    let waiting = world.connections.waiting(now_ms() + 1, 10).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].connection_id.as_str(), waiting[0].connected_at), (1, "c1", at));
    assert!(world.connections.waiting(at, 10).await.unwrap().is_empty(), "it has just come");

    // Two greeters at once: one greets.
    let claims = join_all((0..4).map(|_| world.connections.claim_greeting("c1", at))).await;
    assert_eq!(claims.into_iter().filter(|claimed| *claimed.as_ref().unwrap()).count(), 1);
    world.connections.release_greeting("c1", at).await.unwrap();
    assert!(world.connections.claim_greeting("c1", at).await.unwrap());
    world.connections.note_greeting("c1", at).await.unwrap();
    world.connections.release_greeting("c1", at).await.unwrap();
    assert!(!world.connections.claim_greeting("c1", at).await.unwrap(), "it has been greeted");

    let connection = world.connections.find("c1").await.unwrap().unwrap();
    assert!(!connection.admitted);
    let room = flat();
    assert_eq!(world.connections.join(&connection, room).await.unwrap(), Joined::ConnectionClosed);
    assert!(world.connections.admit(&connection, user).await.unwrap());
    assert!(world.connections.waiting(now_ms() + 1, 10).await.unwrap().is_empty());
    let connection = world.connections.find("c1").await.unwrap().unwrap();
    assert_eq!((connection.user_id, connection.admitted), (Some(user), true));
    assert_eq!(world.connections.join(&connection, room).await.unwrap(), Joined::Yes);

    // A goodbye leaves the rooms, and the connection.
    let connection = world.connections.find("c1").await.unwrap().unwrap();
    world.connections.dismiss(&connection).await.unwrap();
    assert!(world.members(room).await.is_empty());
    assert!(!world.connections.find("c1").await.unwrap().unwrap().admitted);
    world.connections.close("c1", at).await.unwrap();
    assert!(world.keys().await.is_empty());
    assert!(!world.connections.admit(&connection, user).await.unwrap(), "a late hello brings nothing back");
    assert!(world.keys().await.is_empty());
}

#[tokio::test]
async fn a_table_that_is_down_is_unavailable() {
    let mut config = World::start().await.config;
    config.dynamodb_endpoint = Some("http://127.0.0.1:9".into());
    let connections = Connections::start(&config);
    let errors = [
        connections.open("c", now_ms(), Some(Uuid::now_v7()), Protocol::Native).await.unwrap_err(),
        connections.find("c").await.unwrap_err(),
        connections.leave("c", flat()).await.unwrap_err(),
        connections.close("c", 0).await.unwrap_err(),
        connections.members(flat()).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), ErrorCode::Unavailable, "{error:?}");
    }
}
