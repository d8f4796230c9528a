//! Rooms as apps use them: joined, left, lost, and joined again.

use std::{collections::HashMap, time::Duration};

use serde_json::json;
use shared::{
    config::{Env, RealtimeConfig},
    realtime::{Connections, Room},
};
use tokio::time::{Instant, timeout};

use crate::support::{
    World, seqs,
    world::{FLAT_101, GREEN_ACRES},
};

impl World {
    /// How many connections the table holds for flat 101.
    pub async fn members_of_the_flat(&self) -> usize {
        let variables: HashMap<String, String> =
            self.stack.variables().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
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
        assert!(started.elapsed() < Duration::from_secs(10), "the dead connection is still a member");
    }
    let visitor = world.log_visitor().await;
    while held.event("visitor_request").await["data"]["visitor_id"] != visitor.to_string() {}
    assert_eq!(world.count("SELECT count(*) FROM room_sequences WHERE pushed < seq").await, 0);
}

/// Whoever leaves a room hears nothing more from it, and may come back to where it stands now.
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
        world
            .resident
            .post(&format!("/v1/visitors/{visitor}/respond"), json!({"decision": "accept"}))
            .await
            .data(200);
        world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
        for event in ["request_approved", "visitor_checkin"] {
            expected += 1;
            let heard = timeout(Duration::from_secs(5), gate.event(event)).await.unwrap();
            assert_eq!(heard["seq"], expected, "{event}");
        }
    }
}
