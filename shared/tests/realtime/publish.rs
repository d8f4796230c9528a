//! Pushing to connections that listen, fail, hang and are gone.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::realtime::{Batch, Event, Lagging, Protocol, Pushed, Pusher, Room};
use tokio::time;
use uuid::Uuid;

use crate::support::{Behaviour, World, event};

impl World {
    /// Pushes events of one room to those of the world's users who are in it.
    async fn push(&self, events: &[Event]) -> Pushed {
        self.push_but(events, Vec::new()).await
    }

    async fn push_but(&self, events: &[Event], lagging: Vec<String>) -> Pushed {
        let (room, users) = (events[0].room, self.users());
        let batch = Batch {
            room,
            pusher: Uuid::now_v7(),
            users,
            newcomers: Vec::new(),
            lagging,
            events: events.to_vec(),
        };
        let deadline = time::Instant::now() + Duration::from_millis(2500);
        Pusher::start(&self.config).push(&batch, deadline).await
    }
}

fn everybody() -> Pushed {
    Pushed::Done(Vec::new())
}

#[tokio::test]
async fn every_connection_of_the_room_gets_every_event_in_order() {
    let world = World::start().await;
    let (flat, other) = (Room::flat(Uuid::now_v7()), Room::flat(Uuid::now_v7()));
    world.connected("a=", &[flat]).await;
    world.connected("b/+=", &[flat]).await;
    world.connected("stranger", &[other]).await;
    let events = [event(flat, 4), event(flat, 5), event(flat, 6)];

    assert_eq!(world.push(&events).await, everybody());

    for resident in ["a=", "b/+="] {
        let seqs: Vec<_> =
            world.gateway.posted_to(resident).iter().map(|frame| frame["seq"].clone()).collect();
        assert_eq!(seqs, [4, 5, 6]);
    }
    assert_eq!(
        world.gateway.posted_to("a=")[0],
        json!({"event": "visitor_request", "room": flat.to_string(), "epoch": Uuid::nil(), "seq": 4, "id": events[0].id,
               "data": {"status": "pending"}})
    );
    assert!(world.gateway.posted_to("stranger").is_empty());
}

#[tokio::test]
async fn each_connection_is_spoken_to_in_its_protocol() {
    let world = World::start().await;
    let flat = Room::flat(Uuid::now_v7());
    world.connected("native", &[flat]).await;
    world.connected_with("app", Protocol::SocketIo, &[flat]).await;
    let events = [event(flat, 1)];
    assert_eq!(world.push(&events).await, everybody());
    assert_eq!(world.gateway.posted_to("native")[0]["seq"], 1);
    let texts = world.gateway.texts_posted_to("app");
    let expected = json!(["visitor_request", {"status": "pending",
        "_meta": {"id": events[0].id, "room": flat.to_string(), "epoch": Uuid::nil(), "seq": 1}}]);
    let told: serde_json::Value = serde_json::from_str(texts[0].strip_prefix("42").unwrap()).unwrap();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_connection_that_is_gone_is_removed_and_owes_nothing() {
    let world = World::start().await;
    let (flat, society) = (Room::flat(Uuid::now_v7()), Room::society(Uuid::now_v7()));
    world.connected("dead", &[flat, society]).await;
    world.connected("alive", &[flat]).await;
    world.gateway.set("dead", Behaviour::Gone);

    assert_eq!(world.push(&[event(flat, 1)]).await, everybody());

    assert_eq!(world.members(flat).await, ["alive"]);
    assert!(world.members(society).await.is_empty());
    assert!(world.keys().await.iter().all(|(pk, sk)| !pk.contains("dead") && !sk.contains("dead")));
    assert_eq!(world.gateway.posted_to("alive").len(), 1);
}

#[tokio::test]
async fn whoever_does_not_belong_into_the_room_any_more_hears_nothing() {
    let world = World::start().await;
    let (flat, society) = (Room::flat(Uuid::now_v7()), Room::society(Uuid::now_v7()));
    let former = world.connected("former", &[flat, society]).await;
    world.connected("resident", &[flat]).await;
    world.forget_user(former.user_id.unwrap());

    assert_eq!(world.push(&[event(flat, 1)]).await, everybody());

    assert!(world.gateway.posted_to("former").is_empty());
    assert_eq!(world.gateway.posted_to("resident").len(), 1);
    assert_eq!(world.members(flat).await, ["resident"]);
    assert_eq!(world.members(society).await, ["former"], "the other room is another matter");
}

#[tokio::test]
async fn a_connection_that_does_not_take_an_event_lags_behind_and_silences_nobody() {
    for behaviour in [Behaviour::Broken, Behaviour::TooManyRequests, Behaviour::Hang] {
        let world = World::start().await;
        let flat = Room::flat(Uuid::now_v7());
        let bad = world.connected("bad", &[flat]).await;
        world.connected("good", &[flat]).await;
        world.gateway.set("bad", behaviour);
        let events = [event(flat, 8), event(flat, 9)];

        let started = Instant::now();
        let lagging = Lagging { connection_id: "bad".into(), connected_at: bad.connected_at, since: 7 };
        assert_eq!(world.push(&events).await, Pushed::Done(vec![lagging]), "{behaviour:?}");

        assert!(started.elapsed() < Duration::from_secs(3), "{behaviour:?}");
        assert_eq!(world.gateway.posted_to("good").len(), 2);
        assert_eq!(world.members(flat).await, ["bad", "good"], "it may recover");

        // Until it has what it lacks, it is left alone.
        world.gateway.set("bad", Behaviour::Accept);
        assert_eq!(world.push_but(&[event(flat, 10)], vec!["bad".into()]).await, everybody());
        assert!(world.gateway.posted_to("bad").is_empty());
        assert_eq!(world.gateway.posted_to("good").len(), 3);
    }
}

#[tokio::test]
async fn posts_are_concurrent_within_a_bound() {
    let world = World::start().await;
    let flat = Room::flat(Uuid::now_v7());
    world.crowd(150, flat).await;
    world.gateway.delay(Duration::from_millis(100));
    let started = Instant::now();
    assert_eq!(world.push(&[event(flat, 1)]).await, everybody());
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
    let Pushed::Done(lagging) = world.push(&[event(flat, 1)]).await else { panic!("the room was read") };
    assert_eq!(lagging.len(), 400);
    assert!(started.elapsed() < Duration::from_millis(3500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn nothing_is_pushed_while_the_table_is_down() {
    let mut world = World::start().await;
    world.config.dynamodb_endpoint = Some("http://127.0.0.1:9".into());
    let started = Instant::now();
    assert_eq!(world.push(&[event(Room::flat(Uuid::now_v7()), 1)]).await, Pushed::Failed);
    assert!(started.elapsed() < Duration::from_millis(3500));
}
