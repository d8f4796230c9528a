//! A write may be repeated under its key: by header or body, by one caller, on one path, for a day. One's own last word
//! about a visitor may be repeated without.

use futures_util::future::join_all;
use serde_json::{Value, json};
use stack::faults::{Fault, Point};

use crate::support::{
    Actor, Reply, World,
    world::{FLAT_101, FLAT_102, GREEN_ACRES},
};

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
    let theirs = world.second_guard.post("/v1/visitors", body("Kumar")).await.data(201);
    assert_ne!(mine["visitor"]["id"], theirs["visitor"]["id"]);
    assert_eq!(theirs["visitor"]["visitor_name"], "Kumar");
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

impl World {
    /// How often a visitor was decided about: answers, lines of the audit, events.
    async fn decisions(&self) -> [i64; 3] {
        [
            self.count("SELECT count(*) FROM visitor_approvals").await,
            self.count("SELECT count(*) FROM audit_logs WHERE action LIKE '%respond'").await,
            self.count("SELECT count(*) FROM outbox WHERE event IN ('request_approved', 'guard_override')")
                .await,
        ]
    }
}

/// A tap that seems to do nothing is made again. What is said again counts once; what somebody else says is theirs.
#[tokio::test]
async fn a_resident_repeats_their_answer() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let path = format!("/v1/visitors/{visitor}/respond");
    let (yes, no) = (json!({"decision": "accept"}), json!({"decision": "deny", "note": null}));
    let first = world.resident.post(&path, yes.clone()).await.data(200);
    let again = world.resident.post(&path, yes.clone()).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.data(200), first);
    world.spouse.post(&path, yes.clone()).await.refused(409, "WRONG_STATE");
    assert_eq!(world.decisions().await, [1, 1, 1]);

    // The other answer is not a repeat, and the first one is none any more.
    let first = world.resident.post(&path, no.clone()).await.data(200);
    assert_eq!(world.resident.post(&path, no.clone()).await.data(200), first);
    world.resident.post(&path, yes).await.refused(409, "WRONG_STATE");
    world.spouse.post(&path, no).await.refused(409, "WRONG_STATE");
    assert_eq!(world.decisions().await, [2, 2, 2]);
}

/// "Approve & Check In" begins again where its second half failed, until the visitor is inside.
#[tokio::test]
async fn a_guard_repeats_their_decision() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    let path = format!("/v1/visitors/{}/guard-respond", pass["id"].as_str().unwrap());
    let yes = json!({"decision": "accept", "note": "Guest pass verified at gate"});
    let first = world.guard.post(&path, yes.clone()).await.data(200);
    let again = world.guard.post(&path, yes.clone()).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.data(200), first);
    world.second_guard.post(&path, yes.clone()).await.refused(409, "WRONG_STATE");
    world.guard.post(&path, json!({"decision": "deny"})).await.refused(409, "WRONG_STATE");
    assert_eq!(world.decisions().await, [1, 1, 2]);
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": pass["id"]})).await.data(201);
    let late = world.guard.post(&path, yes).await.refused(409, "WRONG_STATE");
    assert_eq!(late["data"]["status"], "checked_in");
    assert_eq!(world.decisions().await, [1, 1, 2]);
}

/// The same tap many times at once, by phones that send no key: one of them decides, all are told the same.
#[tokio::test]
async fn one_tap_many_times_at_once_counts_once() {
    let world = World::open().await;
    for round in 1..=5 {
        let visitor = world.log_visitor().await;
        let unanswered = world.log_visitor().await;
        let (flat, gate) =
            (format!("/v1/visitors/{visitor}/respond"), format!("/v1/visitors/{unanswered}/guard-respond"));
        let deny = || json!({"decision": "deny"});
        let flat = join_all((0..6).map(|_| world.resident.post(&flat, deny())));
        let gate = join_all((0..6).map(|_| world.guard.post(&gate, deny())));
        let (flat, gate) = tokio::join!(flat, gate);
        for reply in flat.into_iter().chain(gate) {
            assert_eq!(reply.data(200)["status"], "denied");
        }
        assert_eq!(world.decisions().await, [2 * round, 2 * round, 3 * round]);
    }
}

impl Actor {
    /// The same call, under the same key.
    async fn say(&self, call: &(reqwest::Method, String, Value)) -> Reply {
        let (method, path, body) = call.clone();
        self.send(method, &path, Some(body), Some("once")).await
    }
}

/// What was answered once is not answered again to a user who has lost the right to it: no key outlives a role.
#[tokio::test]
async fn a_key_does_not_outlive_the_right() {
    use reqwest::Method;
    let world = World::open().await;
    world.approve_templates().await;
    let post = |path: String, body: Value| (Method::POST, path, body);
    let entry = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
    let decision = json!({"decision": "accept"});
    let respond = |id: uuid::Uuid, kind: &str| post(format!("/v1/visitors/{id}/{kind}"), decision.clone());
    let [asked, judged, entering] =
        [world.log_visitor().await, world.log_visitor().await, world.log_visitor().await];
    world.answer(entering, "accept").await;
    let mut calls = vec![
        (&world.guard, post("/v1/visitors".into(), entry.clone())),
        (&world.resident, respond(asked, "respond")),
        (&world.guard, respond(judged, "guard-respond")),
        (&world.guard, post("/v1/visits/checkin".into(), json!({"visitor_id": entering}))),
        (&world.guard, (Method::DELETE, "/v1/visitors/rejected".into(), json!({}))),
        (&world.resident, post("/v1/visitors/guest-pass".into(), entry)),
        (&world.resident, post("/v1/emergencies".into(), json!({"flat_id": FLAT_101}))),
        (&world.resident, post(format!("/v1/visitors/{asked}/send-invite"), json!({"channel": "sms"}))),
    ];
    let made = world
        .stranger
        .post("/v1/resident-requests", json!({"flat_id": FLAT_102, "requested_role": "owner"}))
        .await;
    let request = made.data(201)["id"].take();
    let approve = format!("/v1/resident-requests/{}/approve", request.as_str().unwrap());
    calls.push((&world.admin, post(approve, json!({}))));
    for (who, call) in &calls {
        let first = who.say(call).await;
        assert!(first.status < 300, "{} answered {}", first.call, first.body);
        if call.1 == "/v1/emergencies" {
            let step = format!("/v1/emergencies/{}/address", first.body["data"]["id"].as_str().unwrap());
            world.guard.say(&post(step, json!({}))).await.data(200);
        }
    }
    let emergency: String = world.db.query_one("SELECT id::text FROM emergencies", &[]).await.unwrap().get(0);
    calls.push((&world.guard, post(format!("/v1/emergencies/{emergency}/address"), json!({}))));
    for (who, call) in &calls {
        let again = who.say(call).await;
        assert_eq!(again.headers["idempotency-replayed"], "true", "{}", again.call);
    }
    // The guard works at another gate now, and the others have a part in the society still.
    world
        .db
        .batch_execute(
            "UPDATE guards SET active = false WHERE user_id = '55555555-5555-5555-5555-555555555501';
             INSERT INTO guards (user_id, society_id)
             VALUES ('55555555-5555-5555-5555-555555555501', '11111111-1111-1111-1111-1111111111b2');
             UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE flat_id = '44444444-4444-4444-4444-444444444444';
             UPDATE role_assignments SET revoked_at = now() WHERE role = 'society_admin';
             INSERT INTO flat_occupancies (flat_id, user_id)
             SELECT '44444444-4444-4444-4444-4444444444b1'::uuid, unnest(ARRAY[
                    '55555555-5555-5555-5555-555555555503', '55555555-5555-5555-5555-555555555507'])::uuid",
        )
        .await
        .unwrap();
    for (who, call) in &calls {
        let refused = who.say(call).await;
        assert!([403, 404].contains(&refused.status), "{} answered {}", refused.call, refused.body);
    }
}

/// Who was told that they live there, and lives there no more, is told so under the same key, too.
#[tokio::test]
async fn no_key_says_who_lives_there_after_they_moved_out() {
    let world = World::open().await;
    let policy =
        "INSERT INTO policies (society_id, name, value) VALUES ($1, 'resident_auto_approve', 'true')";
    world.db.execute(policy, &[&GREEN_ACRES]).await.unwrap();
    let empty = "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE flat_id = $1";
    world.db.execute(empty, &[&FLAT_102]).await.unwrap();
    let ask = json!({"flat_id": FLAT_102, "requested_role": "tenant", "idempotency_key": "ask"});
    let start = json!({"flat_id": FLAT_102, "idempotency_key": "start"});
    let anywhere = json!({"idempotency_key": "anywhere"});
    let who = &world.stranger;
    let approved = who.post("/v1/resident-requests", ask.clone()).await.data(201);
    assert_eq!(who.post("/v1/resident-requests", ask.clone()).await.data(200), approved);
    for body in [&start, &anywhere] {
        who.post("/v1/ensure-occupancy", body.clone()).await.data(200);
    }
    world.db.execute(empty, &[&FLAT_102]).await.unwrap();
    let told = who.post("/v1/resident-requests", ask).await.refused(409, "WRONG_STATE");
    assert_eq!(told["data"]["status"], "ended");
    let told = who.post("/v1/ensure-occupancy", start.clone()).await.refused(409, "VERIFICATION_REQUIRED");
    assert_eq!(told["data"]["status"], "ended");
    who.post("/v1/ensure-occupancy", anywhere).await.refused(409, "VERIFICATION_REQUIRED");
    assert_eq!(world.count("SELECT count(*) FROM resident_requests").await, 1, "nothing is asked anew");
    // And who is let in again lives there.
    let again = json!({"flat_id": FLAT_102, "requested_role": "owner"});
    who.post("/v1/resident-requests", again).await.data(201);
    assert_eq!(who.post("/v1/ensure-occupancy", start).await.data(200)["occupancy_role"], "owner");
}

/// The guard's app gives no key, and the function died before it answered: the same once more is the same visitor. The
/// same again, after an answer, is another one.
#[tokio::test]
async fn a_visitor_whom_nobody_heard_of_is_known_again() {
    let world = World::open().await;
    let visitor = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
    world.stack.faults().set([Fault::killed("visitors", Point::BeforePush).times(1)]).unwrap();
    assert!(world.guard.post("/v1/visitors", visitor.clone()).await.status >= 500);
    let again = world.guard.post("/v1/visitors", visitor.clone()).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let again = again.data(200);
    assert_eq!(again["visitor"]["idempotency_key"], Value::Null);
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 1);
    let another = world.guard.post("/v1/visitors", visitor.clone()).await.data(201);
    assert_ne!(another["visitor"]["id"], again["visitor"]["id"]);
    // What others do, or what is not the same, is nobody's repetition.
    world.second_guard.post("/v1/visitors", visitor).await.data(201);
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 3);
}

/// A resident whose app was not answered makes no second pass; with two passes for one name there are two.
#[tokio::test]
async fn a_pass_that_nobody_heard_of_is_known_again() {
    let world = World::open().await;
    let pass = json!({"visitor_name": "Leela", "phone": "9876543219", "flat_id": FLAT_101});
    let path = "/v1/visitors/guest-pass";
    world.stack.faults().set([Fault::killed("visitors", Point::BeforePush).times(1)]).unwrap();
    assert!(world.resident.post(path, pass.clone()).await.status >= 500);
    let code = |made: &Value| made["visitor"]["access_code"].clone();
    let again = code(&world.resident.post(path, pass.clone()).await.data(200));
    let another = code(&world.resident.post(path, pass).await.data(201));
    assert!(again.is_string() && again != another);
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 2);
}

/// A guard who was not answered and comes back much later means somebody else.
#[tokio::test]
async fn an_unanswered_visitor_is_known_for_five_minutes() {
    let world = World::open().await;
    let visitor = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
    world.stack.faults().set([Fault::killed("visitors", Point::BeforePush).times(1)]).unwrap();
    assert!(world.guard.post("/v1/visitors", visitor.clone()).await.status >= 500);
    let later = "UPDATE idempotency_keys SET created_at = created_at - interval '301 seconds'";
    world.db.batch_execute(later).await.unwrap();
    world.guard.post("/v1/visitors", visitor).await.data(201);
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 2);
}
