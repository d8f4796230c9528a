//! What went wrong elsewhere, tried here: each attack gets its 4xx, and nothing is written or pushed.

use futures_util::future::join_all;
use serde_json::{Value, json};
use stack::Identity;
use uuid::Uuid;

use crate::support::{
    Actor, World,
    world::{BLUE_FLAT, BLUE_POST, FLAT_101, FLAT_102, GREEN_ACRES, GUARD_POST, SECOND_POST},
};

impl World {
    /// Everything that a write leaves behind.
    async fn traces(&self) -> i64 {
        self.count(
            "SELECT (SELECT count(*) FROM audit_logs) + (SELECT count(*) FROM outbox)
                  + (SELECT count(*) FROM visitors) + (SELECT count(*) FROM visits) + (SELECT count(*) FROM visitor_approvals)
                  + (SELECT count(*) FROM flat_occupancies) + (SELECT count(*) FROM emergencies)
                  + (SELECT count(*) FROM idempotency_keys)",
        )
        .await
    }
}

async fn accept(who: &Actor, visitor: Uuid) {
    who.post(&format!("/v1/visitors/{visitor}/respond"), json!({"decision": "accept"})).await.data(200);
}

#[tokio::test]
async fn rooms_are_joined_by_those_who_belong_there() {
    let world = World::open().await;
    for (who, kind, id) in [
        (&world.neighbour, "flat", FLAT_101),
        (&world.guard, "flat", FLAT_101),
        (&world.admin, "flat", FLAT_101),
        (&world.resident, "society", GREEN_ACRES),
        (&world.blue_guard, "society", GREEN_ACRES),
        (&world.stranger, "society", GREEN_ACRES),
        (&world.stranger, "flat", Uuid::nil()),
    ] {
        let mut socket = who.connect().await;
        let user = world.resident.user_id;
        socket.send(json!({"action": "join_room", "room_type": kind, "room_id": id, "user_id": user})).await;
        assert_eq!(socket.event("error").await["code"], "ROOM_FORBIDDEN", "{kind}");
        world.log_visitor().await;
        assert!(socket.heard().await.is_empty());
    }
}

#[tokio::test]
async fn a_malformed_socket_message_is_answered_with_an_error() {
    let world = World::open().await;
    let mut socket = world.resident.connect().await;
    for text in [
        "",
        "{",
        "null",
        "[]",
        "5",
        "\"x\"",
        "{}",
        r#"{"action":5}"#,
        r#"{"action":"fly"}"#,
        r#"{"action":"join_room"}"#,
        r#"{"action":"join_room","room_type":"flat","room_id":{}}"#,
        r#"{"action":"join_room","room_type":[],"room_id":"x"}"#,
        r#"{"action":"join_room","room_type":"flat","room_id":"44444444-4444-4444-4444-444444444444","since":"x"}"#,
        "\u{0}\u{0}",
        &"[".repeat(20_000),
        &"x".repeat(30_000),
    ] {
        socket.send_text(text).await;
        let error = socket.event("error").await;
        assert!(error["code"].is_string() && error["message"].is_string(), "{error}");
    }
    socket.join("flat", FLAT_101).await;
}

#[tokio::test]
async fn only_residents_answer_for_their_flat() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let before = world.traces().await;
    let path = format!("/v1/visitors/{visitor}/respond");
    for (who, status) in [
        (&world.neighbour, 403),
        (&world.guard, 403),
        (&world.admin, 403),
        (&world.blue_resident, 404),
        (&world.stranger, 404),
    ] {
        assert_eq!(
            who.post(&path, json!({"decision": "accept", "user_id": world.resident.user_id})).await.status,
            status
        );
    }
    assert_eq!(world.traces().await, before);
}

#[tokio::test]
async fn a_guard_checks_in_as_themselves_alone() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    accept(&world.resident, visitor).await;
    let before = world.traces().await;
    for guard_id in [SECOND_POST, BLUE_POST, Uuid::nil()] {
        let body = json!({"visitor_id": visitor, "guard_id": guard_id});
        world.guard.post("/v1/visits/checkin", body).await.refused(403, "FORBIDDEN");
    }
    assert_eq!(world.traces().await, before);
    let visit = world
        .guard
        .post("/v1/visits/checkin", json!({"visitor_id": visitor, "guard_id": GUARD_POST}))
        .await
        .data(201);
    let body = json!({"visit_id": visit["id"], "guard_id": SECOND_POST});
    world.guard.post("/v1/visits/checkout", body).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn lists_show_the_callers_society_alone() {
    let world = World::open().await;
    world.log_visitor().await;
    for path in
        ["/v1/visitors", "/v1/visits", "/v1/emergencies", "/v1/resident-requests", "/v1/visitors/pending"]
    {
        for outsider in [&world.stranger, &world.blue_guard, &world.blue_resident] {
            assert_eq!(outsider.get(path).await.data(200), json!([]), "{path}");
        }
    }
    world.stranger.get(&format!("/v1/visitors?flat_id={FLAT_101}")).await.refused(404, "NOT_FOUND");
    world
        .blue_guard
        .get(&format!("/v1/society/{GREEN_ACRES}/expected-visitors"))
        .await
        .refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn nobody_approves_their_own_request() {
    let world = World::open().await;
    let body = json!({"flat_id": FLAT_102, "requested_role": "owner"});
    for (who, status) in [(&world.stranger, 404), (&world.admin, 403), (&world.super_admin, 403)] {
        let request = who.post("/v1/resident-requests", body.clone()).await.data(201);
        let before = world.traces().await;
        let path = format!("/v1/resident-requests/{}/approve", request["id"].as_str().unwrap());
        assert_eq!(who.post(&path, json!({})).await.status, status);
        who.post("/v1/ensure-occupancy", json!({"flat_id": FLAT_102}))
            .await
            .refused(409, "VERIFICATION_REQUIRED");
        assert_eq!(world.traces().await, before);
    }
    assert_eq!(world.stranger.get("/v1/my-flats").await.data(200), json!([]));
}

#[tokio::test]
async fn a_role_ends_at_its_scope() {
    let world = World::open().await;
    let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
    let before = world.traces().await;
    for (who, status) in [(&world.blue_admin, 404), (&world.blue_guard, 404)] {
        assert_eq!(who.post("/v1/visitors", body.clone()).await.status, status);
    }
    let far =
        json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": crate::support::world::FLAT_B1});
    world.block_admin.post("/v1/visitors", far).await.refused(403, "FORBIDDEN");
    assert_eq!(world.traces().await, before);
}

#[tokio::test]
async fn an_inviter_lives_in_the_flat() {
    let world = World::open().await;
    let invited_by = |user: Uuid| json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101, "invited_by": user});
    for user in [world.neighbour.user_id, world.guard.user_id, world.blue_resident.user_id, Uuid::now_v7()] {
        let made = world.guard.post("/v1/visitors", invited_by(user)).await.data(201);
        assert_eq!(made["visitor"]["invited_by"], json!(null));
    }
    let made = world.guard.post("/v1/visitors", invited_by(world.spouse.user_id)).await.data(201);
    assert_eq!(made["visitor"]["invited_by"], world.spouse.user_id.to_string());
}

#[tokio::test]
async fn a_key_belongs_to_its_guard() {
    let world = World::open().await;
    let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101, "idempotency_key": "guard_1"});
    let first = world.guard.post("/v1/visitors", body.clone()).await.data(201);
    let second = world.second_guard.post("/v1/visitors", body).await.data(201);
    assert_ne!(first["visitor"]["id"], second["visitor"]["id"]);
}

#[tokio::test]
async fn a_guard_does_not_override_a_residents_denial() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    world.answer(visitor, "deny").await;
    let before = world.traces().await;
    let path = format!("/v1/visitors/{visitor}/guard-respond");
    let refused = world.guard.post(&path, json!({"decision": "accept"})).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["data"]["status"], "denied");
    assert_eq!(world.traces().await, before);

    // Where a guard may decide, the flat is told.
    let second = world.log_visitor().await;
    let mut flat = world.spouse.connect().await;
    flat.join("flat", FLAT_101).await;
    let path = format!("/v1/visitors/{second}/guard-respond");
    let answer = world.guard.post(&path, json!({"decision": "accept", "note": "called them"})).await;
    assert_eq!(answer.data(200)["manual_approval"], true);
    let told = flat.event("guard_override").await;
    assert_eq!((&told["data"]["guard_name"], &told["data"]["status"]), (&json!("Gopal"), &json!("accepted")));
}

#[tokio::test]
async fn a_pass_is_not_accepted_outside_its_window() {
    let world = World::open().await;
    let body = json!({"visitor_name": "Leela", "phone": "9876543210", "flat_id": FLAT_101,
        "expected_start": "2099-01-01T10:00:00Z", "expected_end": "2099-01-01T12:00:00Z"});
    world.resident.post("/v1/visitors/guest-pass", body).await.refused(400, "VALIDATION_FAILED");
    let start = local_time(3600);
    let body =
        json!({"visitor_name": "Leela", "phone": "9876543210", "flat_id": FLAT_101, "expected_start": start});
    let pass = world.resident.post("/v1/visitors/guest-pass", body).await.data(201)["visitor"].take();
    let (id, before) = (pass["id"].as_str().unwrap(), world.traces().await);
    world
        .resident
        .post(&format!("/v1/visitors/{id}/respond"), json!({"decision": "accept"}))
        .await
        .refused(409, "WRONG_STATE");
    world
        .guard
        .post(&format!("/v1/visitors/{id}/guard-respond"), json!({"decision": "accept"}))
        .await
        .refused(400, "NOT_YET_VALID");
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": id})).await.refused(409, "WRONG_STATE");
    let scanned = world.guard.get(&format!("/v1/visitors/by-qr/{}", pass["qr_code"].as_str().unwrap())).await;
    assert_eq!(scanned.refused(400, "NOT_YET_VALID")["data"]["id"], pass["id"]);
    world
        .db
        .batch_execute("UPDATE visitors SET expected_start = now() - interval '2 h', expected_end = now()")
        .await
        .unwrap();
    world
        .guard
        .post(&format!("/v1/visitors/{id}/guard-respond"), json!({"decision": "accept"}))
        .await
        .refused(400, "EXPIRED");
    let code = pass["access_code"].as_str().unwrap().to_lowercase();
    world.guard.get(&format!("/v1/visitors/by-access-code/{code}")).await.refused(400, "EXPIRED");
    assert_eq!(world.traces().await, before);
}

/// RFC 3339, so many seconds from now.
fn local_time(seconds: i64) -> String {
    let at = time::OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    at.format(&time::format_description::well_known::Rfc3339).unwrap()
}

#[tokio::test]
async fn clearing_denied_visitors_keeps_the_record_of_who_denied() {
    let world = World::open().await;
    let (denied, waiting) = (world.log_visitor().await, world.log_visitor().await);
    world
        .resident
        .post(&format!("/v1/visitors/{denied}/respond"), json!({"decision": "deny"}))
        .await
        .data(200);
    let mut gate = world.second_guard.connect().await;
    gate.join("society", GREEN_ACRES).await;
    let cleared = world.guard.delete("/v1/visitors/rejected").await.expect(200);
    assert_eq!((&cleared["deleted_count"], &cleared["success"]), (&json!(1), &json!(true)));
    assert_eq!(gate.event("rejected_visitors_cleared").await["data"]["deleted_count"], 1);
    let left = world.guard.get("/v1/visitors").await.data(200);
    assert_eq!(
        left.as_array().unwrap().iter().map(|v| v["id"].as_str().unwrap()).collect::<Vec<_>>(),
        [waiting.to_string()]
    );
    let seen = world.guard.get(&format!("/v1/visitors/{denied}")).await.data(200);
    assert_eq!(seen["approvals"][0]["user_name"], "Asha");
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 2);
}

#[tokio::test]
async fn approving_twice_makes_one_occupancy() {
    let world = World::open().await;
    let newcomer = world.newcomer(Identity::of("newcomer"));
    let body = json!({"flat_id": FLAT_102, "requested_role": "tenant"});
    let requests = join_all((0..4).map(|_| newcomer.post("/v1/resident-requests", body.clone()))).await;
    let made: Vec<&Value> =
        requests.iter().filter(|reply| reply.status == 201).map(|reply| &reply.body["data"]).collect();
    assert_eq!(made.len(), 1, "one open request for a user and a flat");
    let path = format!("/v1/resident-requests/{}/approve", made[0]["id"].as_str().unwrap());
    let replies = join_all(
        [&world.admin, &world.block_admin, &world.super_admin, &world.admin]
            .map(|who| who.post(&path, json!({}))),
    )
    .await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.status == 409).count(), 3);
    let of = |table: &str| {
        format!(
            "SELECT count(*) FROM {table} t JOIN users u ON u.id = t.user_id WHERE u.firebase_uid = 'newcomer'"
        )
    };
    assert_eq!(world.count(&of("flat_occupancies")).await, 1);
    assert_eq!(world.count(&of("role_assignments")).await, 1);
    assert_eq!(newcomer.get("/v1/my-flats").await.data(200)[0]["flat_number"], "102");
    newcomer.post("/v1/resident-requests", body).await.refused(409, "WRONG_STATE");
    let ensured = newcomer.post("/v1/ensure-occupancy", json!({"flat_id": FLAT_102})).await.data(200);
    assert_eq!((&ensured["created"], &ensured["flat_number"]), (&json!(false), &json!("102")));
}

#[tokio::test]
async fn upper_case_ids_join_the_room() {
    let world = World::open().await;
    let mut flat = world.resident.connect().await;
    let joined = flat.join("flat", FLAT_101.to_string().to_uppercase()).await;
    assert_eq!(joined["room"], format!("flat:{FLAT_101}"));
    let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101.to_string().to_uppercase()});
    let made = world.guard.post("/v1/visitors", body).await.data(201);
    assert_eq!(made["visitor"]["flat_id"], FLAT_101.to_string());
    flat.event("visitor_request").await;
}

#[tokio::test]
async fn who_addressed_an_emergency_is_stored() {
    let world = World::open().await;
    let mut gate = world.guard.connect().await;
    gate.join("society", GREEN_ACRES).await;
    let mut flat = world.spouse.connect().await;
    flat.join("flat", FLAT_101).await;
    let body = json!({"flat_id": FLAT_101, "description": "smoke in the kitchen"});
    let emergency = world.resident.post("/v1/emergencies", body).await.data(201);
    let path = |step: &str| format!("/v1/emergencies/{}/{step}", emergency["id"].as_str().unwrap());
    assert_eq!(gate.event("emergency_alert").await["data"]["reported_by"], "Asha");
    world.guard.post(&path("resolve"), json!({})).await.refused(409, "WRONG_STATE");
    let address = path("address");
    let replies =
        join_all([&world.guard, &world.second_guard].map(|guard| guard.post(&address, json!({})))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    assert_eq!(flat.event("emergency_updated").await["data"]["status"], "addressed");
    let by =
        replies.into_iter().find(|reply| reply.status == 200).unwrap().data(200)["addressed_by_guard_id"]
            .take();
    let resolved = world.second_guard.post(&path("resolve"), json!({"guard_id": GUARD_POST})).await.data(200);
    assert_eq!(
        (&resolved["resolved_by_guard_id"], &resolved["addressed_by_guard_id"]),
        (&json!(SECOND_POST), &by)
    );
    world.guard.post(&path("resolve"), json!({})).await.refused(409, "WRONG_STATE");
    let listed = world.admin.get("/v1/emergencies?status=resolved").await.data(200);
    assert_eq!(listed[0]["resolved_by_user_id"], world.second_guard.user_id.to_string());
}

#[tokio::test]
async fn a_deactivated_guard_is_refused() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    accept(&world.resident, visitor).await;
    world.db.batch_execute("UPDATE guards SET active = false").await.unwrap();
    let before = world.traces().await;
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.refused(404, "NOT_FOUND");
    let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
    world.guard.post("/v1/visitors", body).await.refused(404, "NOT_FOUND");
    world.guard.delete("/v1/visitors/rejected").await.refused(403, "FORBIDDEN");
    assert_eq!(world.traces().await, before);
}

#[tokio::test]
async fn the_timeout_leaves_guest_passes_alone() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    assert_eq!(pass["approval_deadline"], pass["expected_end"]);
    assert_eq!(world.resident.get("/v1/visitors/pending").await.expect(200)["count"], 0);
    let count = world.resident.get(&format!("/v1/visitors/pending-count?flat_id={FLAT_101}")).await.data(200);
    assert_eq!(count, json!({"flat_id": FLAT_101, "pending_count": 0}));
}

/// Guessing codes ends after ten misses, for right codes too, and for the one who guesses only.
#[tokio::test]
async fn guessed_codes_are_bounded() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    let right = format!("/v1/visitors/by-access-code/{}", pass["access_code"].as_str().unwrap());
    let wrong = |number: usize| {
        format!(
            "/v1/visitors/by-access-code/ZZZZ{}{}",
            (b'A' + u8::try_from(number / 8).unwrap()) as char,
            2 + number % 8
        )
    };
    let tries: Vec<String> = (0..40).map(wrong).collect();
    let replies = join_all(tries.iter().map(|path| world.guard.get(path))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 404).count(), 10);
    assert_eq!(replies.iter().filter(|reply| reply.status == 429).count(), 30);
    let refused = world.guard.get(&right).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.refused(429, "RATE_LIMITED");
    assert_eq!(world.second_guard.get(&right).await.data(200)["id"], pass["id"]);
    world.blue_guard.get(&right).await.refused(404, "NOT_FOUND");
}

/// A push token that another user posts moves to them, and the move is on record.
#[tokio::test]
async fn a_phone_that_changed_hands_rings_for_its_new_owner_alone() {
    let world = World::open().await;
    let token = json!({"token": "phone-1", "device_type": "android"});
    world.resident.post("/v1/fcm-token", token.clone()).await.data(200);
    world.neighbour.post("/v1/fcm-token", token).await.data(200);
    assert_eq!(world.resident.get("/v1/fcm-tokens").await.data(200), json!([]));
    assert_eq!(world.neighbour.get("/v1/fcm-tokens").await.data(200)[0]["token"], "phone-1");
    assert_eq!(world.count("SELECT count(*) FROM audit_logs WHERE action = 'device.move'").await, 1);
    world
        .resident
        .send(reqwest::Method::DELETE, "/v1/fcm-token", Some(json!({"token": "phone-1"})), None)
        .await
        .refused(404, "NOT_FOUND");
}

/// A pass is for one society; its code may exist in another.
#[tokio::test]
async fn a_pass_opens_no_other_societys_gate() {
    let world = World::open().await;
    let body = json!({"visitor_name": "Zubin", "phone": "9876543210", "flat_id": BLUE_FLAT});
    let pass = world.blue_resident.post("/v1/visitors/guest-pass", body).await.data(201)["visitor"].take();
    world
        .guard
        .get(&format!("/v1/visitors/by-qr/{}", pass["qr_code"].as_str().unwrap()))
        .await
        .refused(404, "NOT_FOUND");
    let path = format!("/v1/visitors/{}/guard-respond", pass["id"].as_str().unwrap());
    world.guard.post(&path, json!({"decision": "accept"})).await.refused(404, "NOT_FOUND");
}
