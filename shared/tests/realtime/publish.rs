//! Pushing to connections that listen, fail, hang and are gone.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::realtime::{Event, Publisher, Room};
use uuid::Uuid;

use crate::support::{Behaviour, World, event};

fn ids(events: &[Event]) -> Vec<Uuid> {
    events.iter().map(|event| event.id).collect()
}

async fn push(world: &World, events: &[Event]) -> Vec<Uuid> {
    let mut pushed = Publisher::start(&world.config).push(events).await;
    pushed.sort();
    pushed
}

#[tokio::test]
async fn every_connection_of_the_room_gets_every_event_in_order() {
    let world = World::start().await;
    let (flat, society, other) =
        (Room::flat(Uuid::now_v7()), Room::society(Uuid::now_v7()), Room::flat(Uuid::now_v7()));
    world.connected("a=", &[flat]).await;
    world.connected("b/+=", &[flat]).await;
    world.connected("guard", &[society]).await;
    world.connected("stranger", &[other]).await;
    let events = [event(flat, 1), event(flat, 2), event(society, 9), event(flat, 3)];

    let pushed =
        push(&world, &[events[3].clone(), events[1].clone(), events[0].clone(), events[2].clone()]).await;

    assert_eq!(pushed, ids(&events));
    for resident in ["a=", "b/+="] {
        let seqs: Vec<_> =
            world.gateway.posted_to(resident).iter().map(|frame| frame["seq"].clone()).collect();
        assert_eq!(seqs, [1, 2, 3]);
    }
    assert_eq!(
        world.gateway.posted_to("guard"),
        [json!({"event": "visitor_request", "room": society.to_string(), "seq": 9, "id": events[2].id,
                "data": {"status": "pending"}})]
    );
    assert!(world.gateway.posted_to("stranger").is_empty());
}

#[tokio::test]
async fn an_event_of_an_empty_room_is_pushed() {
    let world = World::start().await;
    let events = [event(Room::flat(Uuid::now_v7()), 1)];
    assert_eq!(push(&world, &events).await, ids(&events));
    assert!(push(&world, &[]).await.is_empty());
}

#[tokio::test]
async fn a_connection_that_is_gone_is_removed_and_owes_nothing() {
    let world = World::start().await;
    let (flat, society) = (Room::flat(Uuid::now_v7()), Room::society(Uuid::now_v7()));
    world.connected("dead", &[flat, society]).await;
    world.connected("alive", &[flat]).await;
    world.gateway.set("dead", Behaviour::Gone);
    let events = [event(flat, 1)];

    assert_eq!(push(&world, &events).await, ids(&events));

    assert_eq!(world.members(flat).await, ["alive"]);
    assert!(world.members(society).await.is_empty());
    assert!(world.keys().await.iter().all(|(pk, sk)| !pk.contains("dead") && !sk.contains("dead")));
    assert_eq!(world.gateway.posted_to("alive").len(), 1);
}

#[tokio::test]
async fn an_event_that_one_connection_did_not_get_is_left_to_the_dispatcher() {
    for behaviour in [Behaviour::Broken, Behaviour::TooManyRequests, Behaviour::Hang] {
        let world = World::start().await;
        let (flat, society) = (Room::flat(Uuid::now_v7()), Room::society(Uuid::now_v7()));
        world.connected("bad", &[flat]).await;
        world.connected("good", &[flat]).await;
        world.connected("guard", &[society]).await;
        world.gateway.set("bad", behaviour);
        let events = [event(flat, 1), event(flat, 2), event(society, 1)];

        let started = Instant::now();
        assert_eq!(push(&world, &events).await, [events[2].id], "{behaviour:?}");

        assert!(started.elapsed() < Duration::from_secs(3), "{behaviour:?}");
        assert_eq!(
            world.gateway.posted_to("good").len(),
            2,
            "one bad connection does not silence the others"
        );
        assert_eq!(world.members(flat).await, ["bad", "good"], "it may recover");
    }
}

#[tokio::test]
async fn posts_are_concurrent_within_a_bound() {
    let world = World::start().await;
    let flat = Room::flat(Uuid::now_v7());
    world.crowd(150, flat).await;
    world.gateway.delay(Duration::from_millis(100));
    let events = [event(flat, 1)];
    let started = Instant::now();
    assert_eq!(push(&world, &events).await, ids(&events));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(world.gateway.most_under_way(), 64);
}

#[tokio::test]
async fn a_push_ends_within_its_budget_even_when_everything_hangs() {
    let world = World::start().await;
    let flat = Room::flat(Uuid::now_v7());
    for id in world.crowd(400, flat).await {
        world.gateway.set(&id, Behaviour::Hang);
    }
    let started = Instant::now();
    assert!(push(&world, &[event(flat, 1)]).await.is_empty());
    assert!(started.elapsed() < Duration::from_millis(3500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn nothing_is_pushed_while_the_table_is_down() {
    let mut world = World::start().await;
    world.config.dynamodb_endpoint = Some("http://127.0.0.1:9".into());
    let started = Instant::now();
    assert!(push(&world, &[event(Room::flat(Uuid::now_v7()), 1)]).await.is_empty());
    assert!(started.elapsed() < Duration::from_millis(3500));
}
