//! The main flow: a visitor at the gate, a ring in the flat, an answer, a visit.

use serde_json::json;
use stack::Identity;

use crate::support::{
    World,
    world::{FLAT_101, GREEN_ACRES, GUARD_POST},
};

/// A guard logs a visitor and both residents are rung; one accepts and the guard hears it; the
/// visitor is checked in and out, and everybody concerned sees it happen.
#[tokio::test]
async fn a_visitor_is_announced_accepted_and_let_in_and_out() {
    let world = World::open().await;

    // Step 1: both residents and the guard are connected to their rooms, the neighbour to theirs.
    let mut asha = world.resident.connect().await;
    assert_eq!(asha.join("flat", FLAT_101).await["room"], format!("flat:{FLAT_101}"));
    let mut ravi = world.spouse.connect().await;
    ravi.join("flat", FLAT_101.to_string().to_uppercase()).await;
    let mut gate = world.guard.connect().await;
    gate.join("society", GREEN_ACRES).await;
    let mut next_door = world.neighbour.connect().await;
    next_door.join("flat", crate::support::world::FLAT_102).await;

    // Step 2: the guard finds the flat through the API and logs the visitor.
    let societies = world.guard.get("/v1/societies?city=Bengaluru").await.data(200);
    let society = societies[0]["id"].as_str().unwrap().to_owned();
    let complexes = world.guard.get(&format!("/v1/complexes?society_id={society}")).await.data(200);
    let complex = complexes[0]["id"].as_str().unwrap().to_owned();
    let blocks = world.guard.get(&format!("/v1/blocks?complex_id={complex}")).await.data(200);
    let block = blocks[0]["id"].as_str().unwrap().to_owned();
    let flats = world.guard.get(&format!("/v1/flats?block_id={block}")).await.data(200);
    assert_eq!(flats[0]["resident_name"], "Asha");
    let flat = flats[0]["id"].as_str().unwrap().to_owned();
    let made = world.guard.post(
        "/v1/visitors",
        json!({
            "visitor_name": "Kiran", "phone": "98765 43210", "flat_id": flat, "purpose": "delivery",
            "vehicle_no": "KA 01 AB 1234", "idempotency_key": "guard_1"
        }),
    );
    let made = made.await.data(201);
    let visitor = made["visitor"]["id"].as_str().unwrap().to_owned();
    assert_eq!(made["visitor"]["status"], "pending");
    assert_eq!(made["visitor"]["phone"], "+919876543210");
    assert_eq!(made["flat_details"]["resident_name"], "Asha");

    // Step 3: both residents are rung, the neighbour is not.
    for socket in [&mut asha, &mut ravi] {
        let ring = socket.event("visitor_request").await;
        assert_eq!((ring["seq"].as_i64(), &ring["room"]), (Some(1), &json!(format!("flat:{FLAT_101}"))));
        assert_eq!(ring["data"]["visitor_id"], visitor);
        assert_eq!(ring["data"]["visitor_name"], "Kiran");
        assert_eq!(ring["data"]["society_name"], "Green Acres");
    }
    assert!(next_door.heard().await.is_empty());
    let pending = world.spouse.get("/v1/visitors/pending").await.expect(200);
    assert_eq!((pending["count"].as_i64(), &pending["data"][0]["id"]), (Some(1), &json!(visitor)));

    // Step 4: one resident accepts, and the guard hears it.
    let answer =
        world.spouse.post(&format!("/v1/visitors/{visitor}/respond"), json!({"decision": "accept"})).await;
    assert_eq!(answer.data(200), json!({"visitor_id": visitor, "decision": "accept", "status": "accepted"}));
    let heard = gate.event("request_approved").await;
    assert_eq!(heard["data"]["approver_name"], "Ravi");
    assert_eq!(heard["data"]["status"], "accepted");

    // Step 5: the guard checks the visitor in; the flat and the gate see it.
    let visit = world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
    assert_eq!(visit["guard_id"], GUARD_POST.to_string());
    assert_eq!(visit["checkin_method"], "manual");
    for socket in [&mut asha, &mut ravi, &mut gate] {
        assert_eq!(socket.event("visitor_checkin").await["data"]["visit_id"], visit["id"]);
    }
    let inside = world.guard.get("/v1/visitors?status=checked_in").await.data(200);
    assert_eq!(inside[0]["visit_id"], visit["id"]);

    // Step 6: another guard checks the visitor out.
    let out = world
        .second_guard
        .post("/v1/visits/checkout", json!({"visit_id": visit["id"], "notes": "left"}))
        .await;
    let out = out.data(200);
    assert!(out["checkout_time"].is_string());
    for socket in [&mut asha, &mut ravi, &mut gate] {
        assert_eq!(socket.event("visitor_checkout").await["data"]["visit_id"], visit["id"]);
    }

    // Step 7: it is on record, with every answer, for those it concerns.
    let seen = world.resident.get(&format!("/v1/visitors/{visitor}")).await.data(200);
    assert_eq!(seen["status"], "checked_out");
    assert_eq!(seen["approvals"][0]["user_name"], "Ravi");
    let visits = world.resident.get("/v1/visits").await.data(200);
    assert_eq!((&visits[0]["visitor_name"], &visits[0]["guard_name"]), (&json!("Kiran"), &json!("Gopal")));
    assert_eq!(world.count("SELECT count(*) FROM audit_logs").await, 4);
    assert_eq!(world.count("SELECT count(*) FROM room_sequences WHERE pushed < seq").await, 0);
}

/// A visitor who was denied does not come in, and neither does one whom nobody has answered for.
#[tokio::test]
async fn nobody_comes_in_without_a_yes() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let checkin = json!({"visitor_id": visitor});
    let refused = world.guard.post("/v1/visits/checkin", checkin.clone()).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["data"]["status"], "pending");
    world.answer(visitor, "deny").await;
    let refused = world.guard.post("/v1/visits/checkin", checkin).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["data"]["status"], "denied");
    assert_eq!(world.count("SELECT count(*) FROM visits").await, 0);
}

/// A resident who sees that their spouse let a stranger in may still say no, until the stranger is inside.
#[tokio::test]
async fn deny_wins_until_entry() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let respond = format!("/v1/visitors/{visitor}/respond");
    world.spouse.post(&respond, json!({"decision": "accept"})).await.data(200);
    world.resident.post(&respond, json!({"decision": "accept"})).await.refused(409, "WRONG_STATE");
    world.resident.post(&respond, json!({"decision": "deny", "note": "I do not know them"})).await.data(200);
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.refused(409, "WRONG_STATE");
    world.spouse.post(&respond, json!({"decision": "accept"})).await.refused(409, "WRONG_STATE");

    let second = world.log_visitor().await;
    let respond = format!("/v1/visitors/{second}/respond");
    world.spouse.post(&respond, json!({"decision": "accept"})).await.data(200);
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": second})).await.data(201);
    let refused =
        world.resident.post(&respond, json!({"decision": "deny"})).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["data"]["status"], "checked_in");
}

/// After the deadline nobody's answer counts.
#[tokio::test]
async fn an_answer_after_the_deadline_is_too_late() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    world.db.batch_execute("UPDATE visitors SET approval_deadline = now()").await.unwrap();
    let respond = format!("/v1/visitors/{visitor}/respond");
    world.resident.post(&respond, json!({"decision": "accept"})).await.refused(409, "DEADLINE_PASSED");
    assert_eq!(world.count("SELECT count(*) FROM visitor_approvals").await, 0);
}

/// Signing in tells a guard and a resident who they are; a token without a phone number is as good.
#[tokio::test]
async fn signing_in_tells_who_one_is() {
    let world = World::open().await;
    let sign_in = |actor: &crate::support::Actor| {
        let actor = actor.clone();
        async move {
            actor.with_token("").post("/v1/auth/firebase", json!({"idToken": actor.token})).await.data(200)
        }
    };
    let guard = sign_in(&world.guard).await;
    assert_eq!(guard["guard"]["guard_id"], GUARD_POST.to_string());
    assert_eq!((&guard["is_new_user"], &guard["flat"]), (&json!(false), &json!(null)));
    let resident = sign_in(&world.resident).await;
    assert_eq!(
        (&resident["flat"]["flat_number"], &resident["flat"]["is_primary"]),
        (&json!("101"), &json!(true))
    );
    assert_eq!(resident["roles"][0]["role"], "resident");

    let newcomer = world.newcomer(Identity::of("new").email("new@example.com"));
    let first = sign_in(&newcomer).await;
    assert_eq!((&first["is_new_user"], &first["user"]["phone"]), (&json!(true), &json!(null)));
    assert_eq!(sign_in(&newcomer).await["is_new_user"], false);

    let profile = world.resident.get("/v1/profile/me").await.data(200);
    assert_eq!(profile["flat"]["society_name"], "Green Acres");
    assert_eq!(profile["flats"].as_array().unwrap().len(), 1);
    assert_eq!(profile["recent_notifications"], json!([]));
}

/// A token is noted once, however often it is used, in turn with that of another device, and after the counts of requests
/// have been lost.
#[tokio::test]
async fn a_token_is_audited_once() {
    let world = World::open().await;
    let other = world.stack.issuer().token(&Identity::of("gopal").name("Another phone")).unwrap();
    let other = world.guard.with_token(other);
    for lost in [false, false, true, false] {
        if lost {
            world.db.batch_execute("DELETE FROM request_counts").await.unwrap();
        }
        for device in [&world.guard, &world.guard, &other] {
            device.get("/v1/cities").await.data(200);
        }
    }
    assert_eq!(world.count("SELECT count(*) FROM firebase_auth_audit").await, 2);
    assert_eq!(world.count("SELECT count(*) FROM audit_logs").await, 0);
}
