//! A write may be repeated under its key: by header or body, by one caller, on one path, for a day.

use serde_json::json;

use crate::support::{World, world::FLAT_101};

#[tokio::test]
async fn a_key_answers_again_and_writes_nothing() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let path = format!("/v1/visitors/{visitor}/respond");
    let body = json!({"decision": "accept"});
    let first = world.resident.send(reqwest::Method::POST, &path, Some(body.clone()), Some("tap")).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let first = first.data(200);
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
    // The state has moved on, and the answer is still the first one.
    let again = world
        .resident
        .send(
            reqwest::Method::POST,
            &path.to_uppercase().replace("/V1/VISITORS", "/v1/visitors").replace("RESPOND", "respond"),
            Some(body),
            Some("tap"),
        )
        .await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.data(200), first);
    assert_eq!(world.count("SELECT count(*) FROM visitor_approvals").await, 1);
}

#[tokio::test]
async fn a_key_for_another_payload_is_refused() {
    let world = World::open().await;
    let body = |name: &str| json!({"visitor_name": name, "phone": "9876543210", "flat_id": FLAT_101, "idempotency_key": "k"});
    world.guard.post("/v1/visitors", body("Kiran")).await.data(201);
    world.guard.post("/v1/visitors", body("Kumar")).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 1);
}

#[tokio::test]
async fn two_guards_may_use_the_same_key() {
    let world = World::open().await;
    let body = |name: &str| json!({"visitor_name": name, "phone": "9876543210", "flat_id": FLAT_101, "idempotency_key": "k"});
    let mine = world.guard.post("/v1/visitors", body("Kiran")).await.data(201);
    let his = world.second_guard.post("/v1/visitors", body("Kumar")).await.data(201);
    assert_ne!(mine["visitor"]["id"], his["visitor"]["id"]);
    assert_eq!(his["visitor"]["visitor_name"], "Kumar");
}

#[tokio::test]
async fn a_refused_write_does_not_use_up_its_key() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let checkin = json!({"visitor_id": visitor, "idempotency_key": "k"});
    world.guard.post("/v1/visits/checkin", checkin.clone()).await.refused(409, "WRONG_STATE");
    world
        .resident
        .post(&format!("/v1/visitors/{visitor}/respond"), json!({"decision": "accept"}))
        .await
        .data(200);
    world.guard.post("/v1/visits/checkin", checkin).await.data(201);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let world = World::open().await;
    let body =
        json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101, "idempotency_key": "k"});
    world.guard.post("/v1/visitors", body.clone()).await.data(201);
    world
        .db
        .batch_execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
        .await
        .unwrap();
    world.guard.post("/v1/visitors", body).await.data(201);
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 2);
}
