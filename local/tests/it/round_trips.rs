//! The budget of round trips to PostgreSQL, counted on the wire: 2 for a warm read, 3 for a warm write.

use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    world::{BLOCK_A, FLAT_101, FLAT_B1, GREEN_ACRES, TOWER},
};

/// Calls once to warm the function, then `measured` and counts.
async fn count(world: &World, warm: (&Actor, &str), call: (&Actor, &str, Option<Value>)) -> (u64, u64) {
    warm.0.get(warm.1).await;
    let (actor, path, body) = call;
    let before = world.stack.wire().total();
    let reply = match body {
        Some(body) => actor.post(path, body).await,
        None => actor.get(path).await,
    };
    assert!((200..300).contains(&reply.status), "{} {}", reply.call, reply.body);
    let spent = world.stack.wire().total() - before;
    (spent.round_trips, spent.statements)
}

/// Every warm read waits for the database at most twice.
#[tokio::test]
async fn a_warm_read_makes_at_most_two_round_trips() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let pass = world.make_pass().await;
    for (actor, path) in [
        (&world.guard, "/v1/cities".to_owned()),
        (&world.guard, "/v1/societies".to_owned()),
        (&world.guard, format!("/v1/complexes?society_id={GREEN_ACRES}")),
        (&world.guard, format!("/v1/blocks?complex_id={TOWER}")),
        (&world.guard, format!("/v1/flats?block_id={BLOCK_A}")),
        (&world.guard, "/v1/profile/me".to_owned()),
        (&world.guard, "/v1/visitors".to_owned()),
        (&world.guard, format!("/v1/visitors/{visitor}")),
        (&world.resident, "/v1/visitors/pending".to_owned()),
        (&world.resident, format!("/v1/visitors/pending-count?flat_id={FLAT_101}")),
        (&world.guard, format!("/v1/visitors/by-qr/{}", pass["qr_code"].as_str().unwrap())),
        (&world.guard, format!("/v1/visitors/by-access-code/{}", pass["access_code"].as_str().unwrap())),
        (&world.guard, "/v1/visits".to_owned()),
        (&world.guard, format!("/v1/society/{GREEN_ACRES}/expected-visitors")),
        (&world.guard, "/v1/fcm-tokens".to_owned()),
        (&world.admin, "/v1/resident-requests".to_owned()),
        (&world.resident, "/v1/my-flats".to_owned()),
        (&world.guard, "/v1/emergencies".to_owned()),
    ] {
        let (round_trips, statements) = count(&world, (actor, &path), (actor, &path, None)).await;
        assert!(round_trips <= 2, "GET {path}: {round_trips} round trips, {statements} statements");
        assert_eq!(round_trips, statements, "GET {path} pipelines");
    }
}

/// Every warm write waits for the database at most three times: who is calling, the change, the mark of what was pushed.
#[tokio::test]
async fn a_warm_write_makes_at_most_three_round_trips() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let denied = world.log_visitor().await;
    let pass = world.make_pass().await["id"].as_str().unwrap().to_owned();
    let mut steps: Vec<(&Actor, String, Value)> = vec![
        (&world.guard, "/v1/visitors".into(), json!({"visitor_name": "K", "phone": "9876543210", "flat_id": FLAT_101, "idempotency_key": "a"})),
        (&world.resident, format!("/v1/visitors/{visitor}/respond"), json!({"decision": "accept"})),
        (&world.guard, format!("/v1/visitors/{denied}/guard-respond"), json!({"decision": "deny"})),
        (&world.resident, "/v1/visitors/guest-pass".into(), json!({"visitor_name": "L", "phone": "9876543210", "flat_id": FLAT_101})),
        (&world.resident, format!("/v1/visitors/{pass}/send-invite"), json!({})),
        (&world.guard, "/v1/visits/checkin".into(), json!({"visitor_id": visitor})),
        (&world.guard, "/v1/guards/register-device".into(), json!({"fcm_token": "t", "device_info": {"platform": "android"}})),
        (&world.guard, "/v1/fcm-token".into(), json!({"token": "t2"})),
        (&world.stranger, "/v1/resident-requests".into(), json!({"flat_id": FLAT_B1, "requested_role": "owner"})),
        (&world.resident, "/v1/ensure-occupancy".into(), json!({"flat_id": FLAT_101})),
        (&world.resident, "/v1/emergencies".into(), json!({"flat_id": FLAT_101, "description": "smoke"})),
    ];
    for (actor, path, body) in std::mem::take(&mut steps) {
        let (round_trips, statements) = count(&world, (actor, "/v1/visitors"), (actor, &path, Some(body))).await;
        assert!(round_trips <= 3, "POST {path}: {round_trips} round trips, {statements} statements");
    }
}
