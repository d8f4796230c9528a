//! Rooms as apps use them: joined, left, lost, and joined again.

use serde_json::json;
use shared::{
    config::{Env, RealtimeConfig},
    realtime::{Connections, MAX_MESSAGES_PER_MINUTE, MAX_ROOMS, Room},
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::support::{
    PATIENCE, World, seqs,
    world::{FLAT_101, GREEN_ACRES},
};

impl World {
    /// How many connections the table holds for flat 101.
    pub async fn members_of_the_flat(&self) -> usize {
        let variables = self.stack.variables();
        let connections = Connections::start(&RealtimeConfig::read(&mut Env::from_map(variables)));
        let room: Room = format!("flat:{FLAT_101}").parse().unwrap();
        connections.members(room).await.unwrap().len()
    }
}

/// A phone that loses its network stops being a member; the others are rung all the same.
#[tokio::test]
async fn a_connection_that_died_is_cleaned_up() {
    let world = World::open().await;
    let mut lost = world.resident.connect().await;
    lost.join("flat", FLAT_101).await;
    let mut held = world.spouse.connect().await;
    held.join("flat", FLAT_101).await;
    assert_eq!(world.members_of_the_flat().await, 2);
    // The connection breaks off without a word.
    drop(lost);
    let started = Instant::now();
    while world.members_of_the_flat().await > 1 {
        world.log_visitor().await;
        assert!(started.elapsed() < PATIENCE, "the dead connection is still a member");
    }
    let visitor = world.log_visitor().await;
    while held.event("visitor_request").await["data"]["visitor_id"] != visitor.to_string() {}
    assert_eq!(world.count("SELECT count(*) FROM room_sequences WHERE pushed < seq").await, 0);
}

/// A client that leaves a room hears nothing more from it, and may come back to where it stands now.
#[tokio::test]
async fn a_room_can_be_left_and_joined_again() {
    let world = World::open().await;
    let mut flat = world.resident.connect().await;
    assert_eq!(flat.join("flat", FLAT_101).await["seq"], 0);
    world.log_visitor().await;
    assert_eq!(flat.event("visitor_request").await["seq"], 1);
    flat.send(json!({"action": "leave_room", "room_type": "flat", "room_id": FLAT_101})).await;
    flat.event("room_left").await;
    world.log_visitor().await;
    assert!(flat.heard().await.is_empty());
    // Both visitors still wait at the gate, so both ring again.
    assert_eq!(flat.join("flat", FLAT_101).await["seq"], 2);
    assert_eq!(seqs(&flat.heard().await), [1, 2]);
    assert_eq!(flat.join_since("flat", FLAT_101, 2).await["recovered"], true);
    assert!(flat.heard().await.is_empty());
    // What was missed comes again, before the answer.
    assert_eq!(flat.join_since("flat", FLAT_101, 1).await["recovered"], true);
    assert_eq!(seqs(&flat.heard().await), [2]);
}

/// Events of a room come in the order of their numbers, without a gap, to everybody in it.
#[tokio::test]
async fn events_are_numbered_without_a_gap() {
    let world = World::open().await;
    let mut gate = world.admin.connect().await;
    gate.join("society", GREEN_ACRES).await;
    let mut expected = 0;
    for _ in 0..5 {
        let visitor = world.log_visitor().await;
        world.answer(visitor, "accept").await;
        world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
        for event in ["request_approved", "visitor_checkin"] {
            expected += 1;
            let heard = gate.event(event).await;
            assert_eq!(heard["seq"], expected, "{event}");
        }
    }
}

/// A client that talks too much is told so, and cut off where it goes on.
#[tokio::test]
async fn a_connection_that_talks_too_much_is_closed() {
    let world = World::open().await;
    let mut chatterer = world.stranger.connect().await;
    let (mut answered, mut refused) = (0, 0);
    // Each minute of the clock counts anew: it may be about to end, or too short for a busy machine.
    'talking: for _ in 0..10 {
        let enough = 2 * MAX_MESSAGES_PER_MINUTE + 1;
        for _ in 0..enough {
            if !chatterer.try_send(json!({"action": "ping"})).await {
                break;
            }
        }
        for _ in 0..enough {
            let Some(frame) = chatterer.frame().await else { break 'talking };
            answered += u32::from(frame["event"] == "pong");
            refused += u32::from(frame["code"] == "RATE_LIMITED");
        }
    }
    assert_eq!(chatterer.frame().await, None, "after {answered} answers and {refused} refusals");
    assert!(answered >= MAX_MESSAGES_PER_MINUTE && refused > 0, "{answered} answers, {refused} refusals");
}

/// A connection can be in twenty rooms; to join one of them again is no more than that.
#[tokio::test]
async fn a_connection_has_a_limit_of_rooms() {
    let world = World::open().await;
    let societies = "INSERT INTO societies (name, city) SELECT 'Society ' || n, 'Pune' FROM generate_series(1, $1) AS n RETURNING id";
    let societies = world.db.query(societies, &[&i32::try_from(MAX_ROOMS + 1).unwrap()]).await.unwrap();
    let ids: Vec<Uuid> = societies.iter().map(|row| row.get("id")).collect();
    let mut desk = world.super_admin.connect().await;
    for id in &ids[..MAX_ROOMS] {
        desk.join("society", id).await;
    }
    desk.send(json!({"action": "join_room", "room_type": "society", "room_id": ids[MAX_ROOMS]})).await;
    assert_eq!(desk.event("error").await["code"], "TOO_MANY_ROOMS");
    desk.join("society", ids[0]).await;
    desk.send(json!({"action": "leave_room", "room_type": "society", "room_id": ids[0]})).await;
    desk.event("room_left").await;
    desk.join("society", ids[MAX_ROOMS]).await;
}
