//! Opening, joining, leaving, closing.

use futures_util::future::join_all;
use shared::{
    http::ErrorCode,
    realtime::{Connections, Joined, MAX_ROOMS, Protocol, Room},
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
    world.connections.open("c1=", at, user, Protocol::Native).await.unwrap();
    let connection = world.connections.find("c1=").await.unwrap().unwrap();
    assert_eq!((connection.user_id(), connection.rooms.len()), (&user, 0));

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
    let connection = world.connected_at("c1", at, &rooms).await;
    assert_eq!(world.connections.join(&connection, flat()).await.unwrap(), Joined::TooManyRooms);
    assert_eq!(world.connections.join(&connection, rooms[0]).await.unwrap(), Joined::Yes);
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
async fn a_table_that_is_down_is_unavailable() {
    let mut config = World::start().await.config;
    config.dynamodb_endpoint = Some("http://127.0.0.1:9".into());
    let connections = Connections::start(&config);
    let errors = [
        connections.open("c", now_ms(), Uuid::now_v7(), Protocol::Native).await.unwrap_err(),
        connections.find("c").await.unwrap_err(),
        connections.leave("c", flat()).await.unwrap_err(),
        connections.close("c", 0).await.unwrap_err(),
        connections.members(flat()).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), ErrorCode::Unavailable, "{error:?}");
    }
}
