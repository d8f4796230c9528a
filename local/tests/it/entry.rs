//! Who comes in, and who does not any more: too late, by a pass of somebody who moved out, after all were cleared away.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Actor, Reply, World,
    world::{FLAT_101, GREEN_ACRES},
};

impl World {
    async fn enter(&self, visitor: &str) -> Reply {
        self.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await
    }

    async fn leave(&self, visit: &Value) -> Value {
        self.guard.post("/v1/visits/checkout", json!({"visit_id": visit["id"]})).await.data(200)
    }

    /// The guard approves at the gate.
    async fn approve(&self, visitor: &str) -> Reply {
        self.guard.post(&format!("/v1/visitors/{visitor}/guard-respond"), json!({"decision": "accept"})).await
    }

    async fn take_back(&self, who: &Actor, visitor: &str) -> Reply {
        who.post(&format!("/v1/visitors/{visitor}/withdraw"), json!({})).await
    }

    /// Somebody was accepted, and so many hours pass.
    async fn accepted_before(&self, hours: i32) -> String {
        let visitor = self.log_visitor().await;
        self.answer(visitor, "accept").await;
        self.wait(&visitor.to_string(), hours).await;
        visitor.to_string()
    }

    /// A pass of flat 101 with so many entries, and what else its maker says.
    async fn pass_with(&self, more: Value) -> Value {
        let mut body = json!({"visitor_name": "Leela", "phone": "9876543219", "flat_id": FLAT_101});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.resident.post("/v1/visitors/guest-pass", body).await.data(201)["visitor"].take()
    }

    /// All that is known of a visitor happened so many hours earlier.
    async fn wait(&self, visitor: &str, hours: i32) {
        let id: Uuid = visitor.parse().unwrap();
        let earlier = "UPDATE visitors SET created_at = created_at - w, updated_at = updated_at - w, accepted_at = accepted_at - w,
                              expected_start = expected_start - w, expected_end = expected_end - w
                         FROM make_interval(hours => $2) w WHERE id = $1";
        self.db.execute(earlier, &[&id, &hours]).await.unwrap();
    }

    /// A visitor in the guards' list.
    async fn listed(&self, visitor: &str) -> Value {
        let mut list = self.guard.get("/v1/visitors").await.data(200);
        let place = list.as_array().unwrap().iter().position(|one| one["id"] == visitor);
        place.map_or(Value::Null, |place| list[place].take())
    }

    async fn scans(&self, pass: &Value) -> Reply {
        self.guard.get(&format!("/v1/visitors/by-qr/{}", pass["qr_code"].as_str().unwrap())).await
    }
}

fn id(pass: &Value) -> &str {
    pass["id"].as_str().unwrap()
}

/// A yes counts for half a day, or for what the society says; then the flat is asked again, and the guard reads so.
#[tokio::test]
async fn a_yes_of_sixty_days_ago_lets_nobody_in() {
    let world = World::open().await;
    for (hours, age) in [(12, "12 hours"), (60 * 24, "60 days")] {
        let visitor = world.accepted_before(hours).await;
        let refused = world.enter(&visitor).await.refused(409, "ACCEPTANCE_EXPIRED");
        let sentence = format!(
            "The flat's yes of {age} ago no longer counts. Log the visitor again, so that the flat is asked."
        );
        assert_eq!((&refused["error"], &refused["data"]), (&json!(sentence), &json!({"status": "accepted"})));
        let entry = json!({"allowed": false, "code": "ACCEPTANCE_EXPIRED", "reason": sentence});
        assert_eq!(world.listed(&visitor).await["entry"], entry);
        world.approve(&visitor).await.refused(409, "ACCEPTANCE_EXPIRED");
    }
    let visitor = world.accepted_before(11).await;
    let entry = json!({"allowed": true, "code": null, "reason": null});
    assert_eq!(world.listed(&visitor).await["entry"], entry);
    let policy = format!(
        "INSERT INTO policies (society_id, name, value) VALUES ('{GREEN_ACRES}', 'acceptance_valid_hours', '10')"
    );
    world.db.batch_execute(&policy).await.unwrap();
    world.enter(&visitor).await.refused(409, "ACCEPTANCE_EXPIRED");
    // The release before notes no time of its own for a yes.
    let visitor = world.accepted_before(9).await;
    world.db.batch_execute("UPDATE visitors SET accepted_at = NULL").await.unwrap();
    world.enter(&visitor).await.data(201);
    assert_eq!(world.listed(&visitor).await["entry"], Value::Null);
}

/// Who was expected for an hour does not come in later, and the flat is not asked for longer than that.
#[tokio::test]
async fn nobody_comes_in_after_the_expected_end() {
    let world = World::open().await;
    let end = |minutes: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_mins(minutes)).to_string();
    let logged = |end: String| json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101, "expected_end": end});
    let made = world.guard.post("/v1/visitors", logged(end(60))).await.data(201)["visitor"].take();
    world.answer(id(&made).parse().unwrap(), "accept").await;
    world.wait(id(&made), 1).await;
    let refused = world.enter(id(&made)).await.refused(409, "VISIT_EXPIRED");
    assert_eq!(
        refused["error"],
        "The time this visitor was expected for is over. Log them again, so that the flat is asked."
    );
    assert_eq!(world.listed(id(&made)).await["entry"]["code"], "VISIT_EXPIRED");

    // Time decides at their end where that is before the deadline, and a guard does not decide after it either.
    let made = world.guard.post("/v1/visitors", logged(end(1))).await.data(201)["visitor"].take();
    assert_eq!(made["approval_deadline"], made["expected_end"]);
    let over = "UPDATE visitors SET expected_start = now() - interval '1 h', expected_end = now(), approval_deadline = now()
                 WHERE status = 'pending'";
    world.db.batch_execute(over).await.unwrap();
    let answer = format!("/v1/visitors/{}/respond", id(&made));
    world.resident.post(&answer, json!({"decision": "accept"})).await.refused(409, "DEADLINE_PASSED");
    world.approve(id(&made)).await.refused(409, "VISIT_EXPIRED");
    let refused = world.guard.post("/v1/visitors", logged(end(-1))).await;
    let refused = refused.refused(400, "VALIDATION_FAILED");
    assert_eq!(refused["details"][0]["field"], "expected_end");
}

/// A pass that the gate has approved in its window ends with it all the same; who is inside leaves when they like.
#[tokio::test]
async fn an_approved_pass_ends_with_its_window() {
    let world = World::open().await;
    let (late, inside) = (world.make_pass().await, world.make_pass().await);
    for pass in [&late, &inside] {
        world.approve(id(pass)).await.data(200);
    }
    let visit = world.enter(id(&inside)).await.data(201);
    for pass in [&late, &inside] {
        world.wait(id(pass), 24).await;
    }
    let refused = world.enter(id(&late)).await.refused(400, "EXPIRED");
    assert_eq!(
        (&refused["error"], &refused["data"]["status"]),
        (&json!("This pass has expired."), &json!("accepted"))
    );
    assert_eq!(world.listed(id(&late)).await["entry"]["code"], "EXPIRED");
    assert_eq!(world.scans(&inside).await.data(200)["visit_id"], visit["id"]);
    world.leave(&visit).await;

    let early = world.make_pass().await;
    world.approve(id(&early)).await.data(200);
    world.wait(id(&early), -1).await;
    world.enter(id(&early)).await.refused(400, "NOT_YET_VALID");
}

/// A pass is worth as much as the right of its maker, whether they moved out or lost their role; and again where
/// that comes back.
#[tokio::test]
async fn a_pass_does_not_outlive_the_right_of_its_maker() {
    let world = World::open().await;
    let sentence = "This pass counts no longer: who made it does not live in the flat any more. Log the visitor, so that the flat is asked.";
    for lost in [
        "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE user_id = $1",
        "UPDATE role_assignments SET revoked_at = now() WHERE user_id = $1",
    ] {
        let (new, approved, inside) =
            (world.make_pass().await, world.make_pass().await, world.make_pass().await);
        world.approve(id(&approved)).await.data(200);
        world.approve(id(&inside)).await.data(200);
        let visit = world.enter(id(&inside)).await.data(201);
        world.db.execute(lost, &[&world.resident.user_id]).await.unwrap();

        let refused = world.scans(&new).await.refused(409, "INVITER_MOVED_OUT");
        assert_eq!((&refused["error"], &refused["data"]["id"]), (&json!(sentence), &new["id"]));
        let code = format!("/v1/visitors/by-access-code/{}", new["access_code"].as_str().unwrap());
        world.guard.get(&code).await.refused(409, "INVITER_MOVED_OUT");
        world.approve(id(&new)).await.refused(409, "INVITER_MOVED_OUT");
        world.enter(id(&approved)).await.refused(409, "INVITER_MOVED_OUT");
        assert_eq!(world.listed(id(&new)).await["entry"]["code"], "INVITER_MOVED_OUT");
        let expected =
            world.guard.get(&format!("/v1/society/{GREEN_ACRES}/expected-visitors")).await.data(200);
        let expected =
            expected.as_array().unwrap().iter().find(|visitor| visitor["id"] == new["id"]).unwrap();
        assert_eq!(expected["entry"]["reason"], sentence);
        world.leave(&visit).await;

        let back = "SELECT open_occupancy($1, $2, 'owner')";
        world.db.execute(back, &[&world.resident.user_id, &FLAT_101]).await.unwrap();
        world.enter(id(&approved)).await.data(201);
        assert_eq!(world.scans(&new).await.data(200)["entry"]["allowed"], true);
    }
}

/// Nobody is inside without standing on a list: who was cleared away is logged again.
#[tokio::test]
async fn a_visitor_who_was_cleared_away_is_logged_again() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let over = "UPDATE visitors SET approval_deadline = now()";
    world.db.batch_execute(over).await.unwrap();
    let answer = format!("/v1/visitors/{visitor}/respond");
    world.resident.post(&answer, json!({"decision": "accept"})).await.refused(409, "DEADLINE_PASSED");
    world.guard.delete("/v1/visitors/rejected").await.expect(200);
    let refused = world.approve(&visitor.to_string()).await.refused(409, "VISITOR_CLEARED");
    assert_eq!(
        refused["error"],
        "This visitor was cleared from the list. Log them again, so that the flat is asked."
    );
    world.enter(&visitor.to_string()).await.refused(409, "WRONG_STATE");
    assert_eq!(world.count("SELECT count(*) FROM visits").await, 0);
    // Before they are cleared away a guard may decide, and they stay on the lists.
    let visitor = world.log_visitor().await;
    world
        .db
        .batch_execute("UPDATE visitors SET approval_deadline = now() WHERE status = 'pending'")
        .await
        .unwrap();
    world
        .resident
        .post(&format!("/v1/visitors/{visitor}/respond"), json!({"decision": "accept"}))
        .await
        .refused(409, "DEADLINE_PASSED");
    world.approve(&visitor.to_string()).await.data(200);
    world.guard.delete("/v1/visitors/rejected").await.expect(200);
    world.enter(&visitor.to_string()).await.data(201);
    assert_eq!(world.listed(&visitor.to_string()).await["status"], "checked_in");
}

/// Residents of the flat and admins take a pass back, at any time before entry; the gate hears who, and why.
#[tokio::test]
async fn a_pass_is_taken_back_by_the_flat_and_by_admins() {
    let world = World::open().await;
    let (mut gate, mut flat) = (world.guard.connect().await, world.spouse.connect().await);
    gate.join("society", GREEN_ACRES).await;
    flat.join("flat", FLAT_101).await;
    let people = [
        (&world.resident, "Asha", "a resident of the flat"),
        (&world.spouse, "Ravi", "a resident of the flat"),
        (&world.admin, "Anita", "an admin of the society"),
        (&world.block_admin, "Bela", "an admin of the society"),
        (&world.super_admin, "Sunil", "an admin of the society"),
    ];
    for (hours, (who, name, whom)) in [-72, 0, 0, 72, 0].into_iter().zip(people) {
        let pass = world.make_pass().await;
        world.wait(id(&pass), hours).await;
        let path = format!("/v1/visitors/{}/withdraw", id(&pass));
        let answer = who.post(&path, json!({"note": "ill"})).await.data(200);
        assert_eq!(answer, json!({"visitor_id": id(&pass), "decision": "deny", "status": "denied"}));
        let told = gate.event("guest_pass_withdrawn").await["data"].take();
        assert_eq!(
            [&told["visitor_id"], &told["withdrawn_by"], &told["note"], &told["status"]],
            [id(&pass), name, "ill", "denied"]
        );
        // The flat hears it from nobody of its own.
        if whom.starts_with("an admin") {
            assert_eq!(flat.event("guest_pass_withdrawn").await["data"], told);
        }
        // The second tap, and the same by the other call where they have it.
        assert_eq!(world.take_back(who, id(&pass)).await.data(200), answer);
        if whom.starts_with("a resident") {
            let deny = json!({"decision": "deny"});
            assert_eq!(
                who.post(&format!("/v1/visitors/{}/respond", id(&pass)), deny).await.data(200),
                answer
            );
        }
        let refused = world.scans(&pass).await.refused(409, "PASS_WITHDRAWN");
        assert_eq!(refused["error"], format!("This pass was withdrawn: {whom} took it back."));
        world.approve(id(&pass)).await.refused(409, "PASS_WITHDRAWN");
        world.enter(id(&pass)).await.refused(409, "PASS_WITHDRAWN");
    }
    for told in gate.heard().await.into_iter().chain(flat.heard().await) {
        assert_ne!(told["event"], "guest_pass_withdrawn", "told twice");
    }
    let pass = world.make_pass().await;
    for who in [&world.guard, &world.neighbour, &world.far_neighbour] {
        world.take_back(who, id(&pass)).await.refused(403, "FORBIDDEN");
    }
    for who in [&world.blue_admin, &world.blue_guard, &world.stranger] {
        world.take_back(who, id(&pass)).await.refused(404, "NOT_FOUND");
    }
    assert_eq!(world.scans(&pass).await.data(200)["status"], "pending");
    // Who was logged at the gate has no pass, and who is inside is not put out by a call.
    let visitor = world.log_visitor().await.to_string();
    let refused = world.take_back(&world.admin, &visitor).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["error"], "Only a guest pass is withdrawn: for this visitor, answer no.");
    world.approve(id(&pass)).await.data(200);
    world.enter(id(&pass)).await.data(201);
    let refused = world.take_back(&world.resident, id(&pass)).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["data"]["status"], "checked_in");
    let audited = "SELECT count(*) FROM audit_logs WHERE action = 'visitor.withdraw'";
    assert_eq!(world.count(audited).await, 5);
}

/// Taken back and let in at the same moment: one of them happened.
#[tokio::test]
async fn of_a_withdrawal_by_an_admin_and_an_entry_one_wins() {
    let world = World::open().await;
    for _ in 0..10 {
        let pass = world.make_pass().await;
        world.approve(id(&pass)).await.data(200);
        let (back, entered) = tokio::join!(world.take_back(&world.admin, id(&pass)), world.enter(id(&pass)));
        assert_eq!(
            (back.status == 200) as u8 + (entered.status == 201) as u8,
            1,
            "{} {}",
            back.body,
            entered.body
        );
    }
}

/// A pass for three entries lets in three times, each time by the gate's word, and each is a visit of its own.
#[tokio::test]
async fn a_pass_for_three_entries_lets_in_three_times() {
    let world = World::open().await;
    let pass = world.pass_with(json!({"max_entries": 3})).await;
    assert_eq!(pass["max_entries"], 3);
    let mut visits = Vec::new();
    for left in [3, 2, 1] {
        let scanned = world.scans(&pass).await.data(200);
        assert_eq!(
            [&scanned["status"], &scanned["visit_id"], &scanned["max_entries"], &scanned["entries_left"]],
            [&json!("pending"), &Value::Null, &json!(3), &json!(left)]
        );
        world.enter(id(&pass)).await.refused(409, "WRONG_STATE");
        world.approve(id(&pass)).await.data(200);
        let tries = [world.enter(id(&pass)), world.enter(id(&pass)), world.enter(id(&pass))];
        let entered: Vec<Value> = futures_util::future::join_all(tries)
            .await
            .into_iter()
            .filter(|reply| reply.status == 201)
            .map(|reply| reply.data(201))
            .collect();
        assert_eq!(entered.len(), 1);
        assert_eq!(world.listed(id(&pass)).await["entries_left"], left - 1);
        let left = world.leave(&entered[0]).await;
        assert!(left["checkout_time"].is_string());
        world
            .guard
            .post("/v1/visits/checkout", json!({"visit_id": left["id"]}))
            .await
            .refused(409, "WRONG_STATE");
        visits.push(left["id"].clone());
    }
    visits.dedup();
    assert_eq!(visits.len(), 3);
    let listed = world.guard.get("/v1/visits").await.data(200);
    assert!(listed.as_array().unwrap().iter().all(|visit| visit["checkout_time"].is_string()), "{listed}");
    assert_eq!(listed.as_array().unwrap().len(), 3);
    let used = world.scans(&pass).await.data(200);
    assert_eq!((&used["status"], &used["entries_left"]), (&json!("checked_out"), &json!(0)));
    world.approve(id(&pass)).await.refused(409, "WRONG_STATE");
    world.enter(id(&pass)).await.refused(409, "WRONG_STATE");
    // A visitor whom the release before let in has used the one entry they had.
    let single = world.make_pass().await;
    world.approve(id(&single)).await.data(200);
    let visit = world.enter(id(&single)).await.data(201);
    world.db.batch_execute("UPDATE visitors SET entries = 0 WHERE status = 'checked_in'").await.unwrap();
    world.leave(&visit).await;
    assert_eq!(world.scans(&single).await.data(200)["status"], "checked_out");
}

/// Who is inside by a pass that is taken back meanwhile leaves, and does not come in again.
#[tokio::test]
async fn who_is_inside_by_a_withdrawn_pass_leaves_for_good() {
    let world = World::open().await;
    let pass = world.pass_with(json!({"max_entries": 5})).await;
    world.approve(id(&pass)).await.data(200);
    let visit = world.enter(id(&pass)).await.data(201);
    for _ in 0..2 {
        let answer = world.take_back(&world.spouse, id(&pass)).await.data(200);
        assert_eq!(answer["status"], "checked_in");
    }
    assert_eq!(world.count("SELECT count(*) FROM outbox WHERE event = 'guest_pass_withdrawn'").await, 1);
    assert_eq!(world.scans(&pass).await.data(200)["visit_id"], visit["id"]);
    world.leave(&visit).await;
    world.scans(&pass).await.refused(409, "PASS_WITHDRAWN");
    world.approve(id(&pass)).await.refused(409, "PASS_WITHDRAWN");
    world.enter(id(&pass)).await.refused(409, "PASS_WITHDRAWN");
    assert_eq!(world.listed(id(&pass)).await["status"], "checked_out");
    // The window ends a pass whose entries are not used up.
    let pass = world.pass_with(json!({"max_entries": 5})).await;
    world.approve(id(&pass)).await.data(200);
    let visit = world.enter(id(&pass)).await.data(201);
    world.wait(id(&pass), 24).await;
    world.leave(&visit).await;
    assert_eq!(world.listed(id(&pass)).await["status"], "checked_out");
}

/// A pass starts within three months, or what the society says, and lets in a hundred times at most.
#[tokio::test]
async fn a_pass_has_bounds() {
    let world = World::open().await;
    let ahead = |hours: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours)).to_string();
    let make = async |more: Value| {
        let mut body = json!({"visitor_name": "Leela", "phone": "9876543219", "flat_id": FLAT_101});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        world.resident.post("/v1/visitors/guest-pass", body).await
    };
    make(json!({"expected_start": ahead(90 * 24 - 1)})).await.data(201);
    let refused = make(json!({"expected_start": ahead(90 * 24 + 1)})).await.refused(400, "VALIDATION_FAILED");
    assert_eq!(refused["error"], "A pass must start within 90 days.");
    assert_eq!(refused["details"][0]["field"], "expected_start");
    let policy = format!(
        "INSERT INTO policies (society_id, name, value) VALUES ('{GREEN_ACRES}', 'guest_pass_max_days_ahead', '7')"
    );
    world.db.batch_execute(&policy).await.unwrap();
    let refused = make(json!({"expected_start": ahead(8 * 24)})).await.refused(400, "VALIDATION_FAILED");
    assert_eq!(refused["error"], "A pass must start within 7 days.");
    for entries in [0, 101, -1] {
        let refused = make(json!({"max_entries": entries})).await.refused(400, "VALIDATION_FAILED");
        assert_eq!(refused["details"][0]["field"], "max_entries");
    }
    make(json!({"max_entries": 100})).await.data(201);
}

/// What was noted at any of several entries goes with the visitor.
#[tokio::test]
async fn the_notes_of_every_entry_are_removed() {
    let world = World::open().await;
    let pass = world.pass_with(json!({"max_entries": 3})).await;
    for note in ["a blue bag", "a red bag"] {
        world.approve(id(&pass)).await.data(200);
        let body = json!({"visitor_id": id(&pass), "notes": note, "checkin_method": note});
        let visit = world.guard.post("/v1/visits/checkin", body).await.data(201);
        world.leave(&visit).await;
    }
    let noted = "SELECT count(*) FROM visits WHERE notes IS NOT NULL OR checkin_method LIKE '%bag'";
    assert_eq!(world.count(noted).await, 2);
    world.db.batch_execute("SELECT strip_visitor(v) FROM visitors v").await.unwrap();
    assert_eq!(world.count(noted).await, 0);
    assert_eq!(world.count("SELECT count(*) FROM visits WHERE checkin_method = 'other'").await, 2);
}
