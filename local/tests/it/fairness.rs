//! A flat that is told much delays no other: messages are sent in turn, and guards hear of them once a second.

use std::time::Instant;

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use stack::faults::{Fault, Kind};
use uuid::Uuid;

use crate::support::{
    World,
    world::{BLUE_FLAT, FLAT_101, FLAT_102, GREEN_ACRES},
};

/// Messages of one claim.
const CLAIM: usize = 64;

impl World {
    async fn ring(&self, flat: Uuid) -> Uuid {
        let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": flat});
        let made = self.guard.post("/v1/visitors", body).await.data(201);
        made["visitor"]["id"].as_str().unwrap().parse().unwrap()
    }

    /// At which place these phones' messages were sent.
    fn places(&self, phones: &[&str]) -> Vec<usize> {
        let handed = self.stack.messages().handed();
        let place = |phone: &&str| handed.iter().position(|one| one.to == *phone).unwrap_or(usize::MAX);
        phones.iter().map(place).collect()
    }
}

/// Two residents with twenty phones each, and forty visitors at once: 1,600 messages wait. A neighbour's ring, another
/// society's emergency and its ring come after all of them, and are sent before nearly all of them.
#[tokio::test]
async fn a_flood_delays_no_other_flat() {
    let world = World::open().await;
    for number in 0..20 {
        world.resident.register_phone(&format!("asha-{number}")).await;
        world.spouse.register_phone(&format!("ravi-{number}")).await;
    }
    world.neighbour.register_phone("meera").await;
    world.blue_guard.register_phone("bhim").await;
    world.blue_resident.register_phone("chitra").await;
    // Nobody sends until all wait.
    world.stack.faults().set([Fault::new(Kind::InvokeRefused)]).unwrap();
    for _ in 0..40 {
        world.ring(FLAT_101).await;
    }
    world.ring(FLAT_102).await;
    let blue = json!({"visitor_name": "Tara", "phone": "9876543211", "flat_id": BLUE_FLAT});
    world.blue_guard.post("/v1/visitors", blue).await.data(201);
    world.blue_resident.post("/v1/emergencies", json!({"flat_id": BLUE_FLAT})).await.data(201);
    assert_eq!(world.count("SELECT count(*) FROM deliveries").await, 1603);
    world.stack.faults().clear();
    world.dispatch().await;
    let places = world.places(&["bhim", "meera", "chitra"]);
    assert!(
        places.iter().all(|place| *place < CLAIM),
        "{places:?} of {}",
        world.stack.messages().handed().len()
    );
    world.all_is_sent().await;
    let sent = world.stack.messages().handed();
    assert_eq!(sent.len(), 1603, "all are sent, and none twice");
}

/// Any number of dispatchers takes each message once, and each of them takes of everybody's.
#[tokio::test]
async fn dispatchers_at_once_share_the_queue() {
    let world = World::open().await;
    for number in 0..20 {
        world.resident.register_phone(&format!("asha-{number}")).await;
    }
    world.neighbour.register_phone("meera").await;
    world.stack.faults().set([Fault::new(Kind::InvokeRefused)]).unwrap();
    for number in 0..25 {
        world.ring(if number % 5 == 0 { FLAT_102 } else { FLAT_101 }).await;
    }
    world.stack.faults().clear();
    join_all((0..6).map(|_| world.dispatch())).await;
    world.all_is_sent().await;
    let handed = world.stack.messages().handed();
    assert_eq!(handed.len(), 405);
    assert_eq!(handed.iter().filter(|one| one.to == "meera").count(), 5);
}

/// Twenty phones say within a moment that they rang: the gate hears it at once, then at most once a second, and the last
/// thing it hears is how it stands.
#[tokio::test]
async fn the_gate_hears_of_a_visitor_once_a_second() {
    let world = World::open().await;
    for number in 0..20 {
        world.resident.register_phone(&format!("asha-{number}")).await;
    }
    let visitor = world.ring(FLAT_101).await;
    world.all_is_sent().await;
    let mut desk = world.guard.connect().await;
    desk.join("society", GREEN_ACRES).await;
    let ids: Vec<String> = world
        .stack
        .messages()
        .handed()
        .iter()
        .map(|handed| handed.message["data"]["notification_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 20);
    let began = Instant::now();
    let paths: Vec<_> = ids.iter().map(|id| format!("/v1/notifications/{id}/receipt")).collect();
    let receipts = paths.iter().map(|path| world.resident.post(path, json!({"event": "delivered"})));
    for reply in stream::iter(receipts).buffered(4).collect::<Vec<_>>().await {
        reply.data(200);
    }
    let mut heard = Vec::new();
    while heard.last().is_none_or(|event: &Value| event["data"]["delivery"]["delivered"] != 20) {
        heard.push(desk.event("delivery_updated").await);
    }
    let seconds = began.elapsed().as_secs_f64();
    assert!(heard.len() as f64 <= seconds + 2.0, "{} in {seconds} s", heard.len());
    assert!(heard.iter().all(|event| event["data"]["visitor_id"] == visitor.to_string()));
    assert_eq!(world.delivery(visitor).await["delivered"], 20);
}

/// A society whose room is held hears later how far its questions have come; another one does not wait for that.
#[tokio::test]
async fn a_room_that_is_held_puts_off_its_own_news_alone() {
    let world = World::open().await;
    let green = world.ring(FLAT_101).await;
    let body = json!({"visitor_name": "Leela", "phone": "9876543211", "flat_id": BLUE_FLAT});
    let blue = world.blue_guard.post("/v1/visitors", body).await.data(201)["visitor"]["id"].clone();
    let blue: Uuid = blue.as_str().unwrap().parse().unwrap();
    let put_off =
        "INSERT INTO delivery_tellings (visitor_id, told_at, due_at) SELECT id, now(), now() FROM visitors";
    world.db.batch_execute(put_off).await.unwrap();
    let room = format!("society:{GREEN_ACRES}");
    let known = "INSERT INTO room_sequences (room, seq) VALUES ($1, 0) ON CONFLICT DO NOTHING";
    world.db.execute(known, &[&room]).await.unwrap();
    let mut holder = world.stack.database().await.unwrap();
    let held = holder.transaction().await.unwrap();
    held.query_one("SELECT FROM room_sequences WHERE room = $1 FOR UPDATE", &[&room]).await.unwrap();

    let tell =
        async || -> Value { world.db.query_one("SELECT tell_due_delivery(64)", &[]).await.unwrap().get(0) };
    let told = |told: &Value| -> Vec<String> {
        let events = told["events"].as_array().unwrap().iter();
        events.map(|event| event["data"]["visitor_id"].as_str().unwrap().to_owned()).collect()
    };
    // One society at a time.
    let both = [tell().await, tell().await];
    assert_eq!(both.iter().flat_map(told).collect::<Vec<_>>(), [blue.to_string()]);
    assert!(
        both[1]["wait_seconds"].as_f64().is_some_and(|seconds| 0.0 < seconds && seconds <= 1.0),
        "{both:?}"
    );
    held.rollback().await.unwrap();
    world
        .db
        .batch_execute("UPDATE delivery_tellings SET due_at = now() WHERE due_at IS NOT NULL")
        .await
        .unwrap();
    assert_eq!(told(&tell().await), [green.to_string()]);
}
