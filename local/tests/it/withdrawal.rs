//! A resident withdraws a guest pass, which the app does by "Reject" in the list of its own visitors.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, World,
    world::{FLAT_101, GREEN_ACRES},
};

impl World {
    async fn withdraw(&self, who: &Actor, pass: &Value) -> Reply {
        let path = format!("/v1/visitors/{}/respond", pass["id"].as_str().unwrap());
        who.post(&path, json!({"decision": "deny", "note": null})).await
    }

    /// The guard scans a pass.
    async fn scan(&self, pass: &Value) -> Reply {
        self.guard.get(&format!("/v1/visitors/by-qr/{}", pass["qr_code"].as_str().unwrap())).await
    }

    /// Moves the window of a pass by so many hours.
    async fn move_window(&self, pass: &Value, hours: i32) {
        let id: uuid::Uuid = pass["id"].as_str().unwrap().parse().unwrap();
        let window = "UPDATE visitors SET expected_start = expected_start + make_interval(hours => $2),
                             expected_end = expected_end + make_interval(hours => $2) WHERE id = $1";
        self.db.execute(window, &[&id, &hours]).await.unwrap();
    }
}

/// Any resident may, before, in and after the window, and also where the gate has said yes. The gate hears it,
/// and the guard who scans the pass is told, with the pass.
#[tokio::test]
async fn a_pass_is_withdrawn_until_its_visitor_is_inside() {
    let world = World::open().await;
    let mut gate = world.guard.connect().await;
    gate.join("society", GREEN_ACRES).await;
    for (hours, approved) in [(0, false), (48, false), (-48, false), (0, true)] {
        let pass = world.make_pass().await;
        let id = pass["id"].as_str().unwrap();
        let override_path = format!("/v1/visitors/{id}/guard-respond");
        if approved {
            world.guard.post(&override_path, json!({"decision": "accept"})).await.data(200);
        }
        world.move_window(&pass, hours).await;
        let answer = world.withdraw(&world.spouse, &pass).await.data(200);
        assert_eq!(answer, json!({"visitor_id": id, "decision": "deny", "status": "denied"}));

        let told = gate.event("guest_pass_withdrawn").await["data"].take();
        assert_eq!(told["visitor_id"], id);
        assert_eq!(
            [&told["visitor_name"], &told["flat_number"], &told["block_name"], &told["status"]],
            ["Leela", "101", "Block A", "denied"]
        );
        assert_eq!((&told["withdrawn_by"], &told["note"]), (&json!("Ravi"), &Value::Null));
        assert!(told["timestamp"].is_string(), "{told}");

        let scanned = world.scan(&pass).await.refused(409, "PASS_WITHDRAWN");
        assert_eq!(scanned["error"], "This pass was withdrawn: a resident of the flat took it back.");
        assert_eq!((&scanned["data"]["id"], &scanned["data"]["status"]), (&pass["id"], &json!("denied")));
        let code = format!("/v1/visitors/by-access-code/{}", pass["access_code"].as_str().unwrap());
        world.guard.get(&code).await.refused(409, "PASS_WITHDRAWN");
        world.guard.post(&override_path, json!({"decision": "accept"})).await.refused(409, "PASS_WITHDRAWN");
        world
            .guard
            .post("/v1/visits/checkin", json!({"visitor_id": id}))
            .await
            .refused(409, "PASS_WITHDRAWN");

        let kept = world.resident.get(&format!("/v1/visitors/{id}")).await.data(200)["approvals"].take();
        let last = kept.as_array().unwrap().last().unwrap();
        assert_eq!((&last["decision"], &last["decided_by"]), (&json!("deny"), &json!("resident")));
    }
    let audited = "SELECT count(*) FROM audit_logs WHERE action = 'visitor.withdraw' AND actor_user_id = (SELECT id FROM users WHERE name = 'Ravi')";
    assert_eq!(world.count(audited).await, 4);
    let told = "SELECT count(*) FROM outbox WHERE event IN ('guest_pass_withdrawn', 'request_approved')";
    assert_eq!(world.count(told).await, 4);
}

/// A second tap is answered as the first one and told to nobody; a second resident hears that it is done.
#[tokio::test]
async fn a_pass_is_withdrawn_once() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    let replies = join_all((0..6).map(|_| world.withdraw(&world.resident, &pass))).await;
    for reply in replies {
        assert_eq!(reply.data(200)["status"], "denied");
    }
    let refused = world.withdraw(&world.spouse, &pass).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["data"]["status"], "denied");
    for trace in [
        "visitor_approvals",
        "outbox WHERE event = 'guest_pass_withdrawn'",
        "audit_logs WHERE action = 'visitor.withdraw'",
    ] {
        assert_eq!(world.count(&format!("SELECT count(*) FROM {trace}")).await, 1, "{trace}");
    }
}

/// It is the flat's own: not the gate's, not a neighbour's, not of those who moved out.
#[tokio::test]
async fn others_do_not_withdraw_a_pass() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    for who in [&world.guard, &world.admin, &world.neighbour] {
        world.withdraw(who, &pass).await.refused(403, "FORBIDDEN");
    }
    world.withdraw(&world.blue_resident, &pass).await.refused(404, "NOT_FOUND");
    let moved = "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE user_id = $1";
    world.db.execute(moved, &[&world.spouse.user_id]).await.unwrap();
    world.withdraw(&world.spouse, &pass).await.refused(404, "NOT_FOUND");
    assert_eq!(world.scan(&pass).await.data(200)["status"], "pending");
}

/// A pass is a yes already.
#[tokio::test]
async fn a_pass_needs_no_yes() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    let path = format!("/v1/visitors/{}/respond", pass["id"].as_str().unwrap());
    let refused = world.resident.post(&path, json!({"decision": "accept"})).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["error"], "A guest pass needs no answer: it can be used, or withdrawn.");
    assert_eq!(refused["data"], json!({"status": "pending"}));
}

/// Who is turned away at the gate does not come in by the same pass through another one.
#[tokio::test]
async fn a_pass_that_the_gate_turned_away_says_so() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    let path = format!("/v1/visitors/{}/guard-respond", pass["id"].as_str().unwrap());
    world.guard.post(&path, json!({"decision": "deny"})).await.data(200);
    let scanned = world.scan(&pass).await.refused(409, "PASS_TURNED_AWAY");
    assert_eq!(scanned["error"], "This pass was turned away at the gate.");
}

/// Withdrawn and let in at the same moment: the visitor is inside or turned away, never both.
#[tokio::test]
async fn of_a_withdrawal_and_an_entry_one_wins() {
    let world = World::open().await;
    for _ in 0..15 {
        let pass = world.make_pass().await;
        let id = pass["id"].as_str().unwrap();
        let path = format!("/v1/visitors/{id}/guard-respond");
        world.guard.post(&path, json!({"decision": "accept"})).await.data(200);
        let (withdrawn, entered) = tokio::join!(
            world.withdraw(&world.resident, &pass),
            world.guard.post("/v1/visits/checkin", json!({"visitor_id": id}))
        );
        let won = if withdrawn.status == 200 { "denied" } else { "checked_in" };
        assert_eq!((withdrawn.status == 200, entered.status == 201), (won == "denied", won == "checked_in"));
        let listed = world.guard.get(&format!("/v1/visitors?flat_id={FLAT_101}")).await.data(200);
        assert_eq!(listed[0]["status"], won);
    }
}
