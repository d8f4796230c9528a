//! An app makes sure at every start that its user lives where they say. It is asked for once, and not over a "no".

use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    world::{FLAT_102, GREEN_ACRES},
};

impl World {
    /// The app starts: what it is told, with the one sentence.
    async fn start_app(&self, who: &Actor) -> Value {
        let body = json!({"flat_id": FLAT_102, "role": "owner"});
        let told = who.post("/v1/resident-requests/ensure-occupancy", body).await;
        told.refused(409, "VERIFICATION_REQUIRED")
    }

    /// Nobody lives in flat 102.
    async fn empty_flat_102(&self) {
        let empty =
            "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE flat_id = $1 AND end_date IS NULL";
        self.db.execute(empty, &[&FLAT_102]).await.unwrap();
    }

    async fn settle(&self, request: &Value, decision: &str) {
        let path = format!("/v1/resident-requests/{}/{decision}", request.as_str().unwrap());
        self.admin.post(&path, json!({})).await.data(200);
    }
}

/// Each start opens the same request, as what the app says: by its own name of the field, or by the API's.
#[tokio::test]
async fn an_app_that_starts_often_asks_once() {
    let world = World::open().await;
    let first = world.start_app(&world.stranger).await;
    for _ in 0..3 {
        assert_eq!(world.start_app(&world.stranger).await["data"], first["data"]);
    }
    let asked = world.stranger.get("/v1/resident-requests").await.data(200);
    assert_eq!(asked.as_array().unwrap().len(), 1);
    assert_eq!(
        (&asked[0]["id"], &asked[0]["requested_role"]),
        (&first["data"]["request_id"], &json!("owner"))
    );
    world.settle(&first["data"]["request_id"], "approve").await;
    assert_eq!(world.stranger.get("/v1/my-flats").await.data(200)[0]["occupancy_role"], "owner");

    for (who, body, role) in [
        (&world.resident, json!({"requested_role": "tenant"}), "tenant"),
        (&world.spouse, json!({"requested_role": "tenant", "role": "owner"}), "tenant"),
        (&world.guard, json!({}), "other"),
    ] {
        let mut body = body;
        body["flat_id"] = json!(FLAT_102);
        who.post("/v1/ensure-occupancy", body).await.refused(409, "VERIFICATION_REQUIRED");
        assert_eq!(who.get("/v1/resident-requests").await.data(200)[0]["requested_role"], role);
    }
    let bad = json!({"flat_id": FLAT_102, "role": "squatter"});
    let refused =
        world.blue_resident.post("/v1/ensure-occupancy", bad).await.refused(400, "VALIDATION_FAILED");
    assert_eq!(refused["details"][0]["field"], "role");
}

/// After a "no" the app opens nothing, however often it starts; the person may ask again.
#[tokio::test]
async fn a_rejection_is_not_asked_away() {
    let world = World::open().await;
    let request = world.start_app(&world.stranger).await["data"]["request_id"].take();
    world.settle(&request, "reject").await;
    for _ in 0..2 {
        let told = world.start_app(&world.stranger).await;
        assert_eq!(told["data"], json!({"status": "rejected", "request_id": null}));
        assert_eq!(
            told["error"],
            "Your request for this flat was rejected. If you live there, please ask again."
        );
    }
    assert_eq!(world.count("SELECT count(*) FROM resident_requests").await, 1);

    let ask = json!({"flat_id": FLAT_102, "requested_role": "owner", "note": null});
    let again = world.stranger.post("/v1/resident-requests", ask).await.data(201);
    let told = world.start_app(&world.stranger).await;
    assert_eq!(told["data"], json!({"status": "pending", "request_id": again["id"]}));
}

/// Who has moved out, or lost the role, is not asked for either.
#[tokio::test]
async fn a_home_that_ended_is_not_asked_for() {
    let world = World::open().await;
    for ended in [
        "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE user_id = $1",
        "UPDATE flat_occupancies SET end_date = NULL WHERE user_id = $1",
    ] {
        world.db.execute(ended, &[&world.neighbour.user_id]).await.unwrap();
        let revoked = "UPDATE role_assignments SET revoked_at = now() WHERE user_id = $1";
        world.db.execute(revoked, &[&world.neighbour.user_id]).await.unwrap();
        let told = world.start_app(&world.neighbour).await;
        assert_eq!(told["data"], json!({"status": "ended", "request_id": null}));
        assert_eq!(told["error"], "You no longer live in this flat. If you do, please ask again.");
    }
    assert_eq!(world.count("SELECT count(*) FROM resident_requests").await, 0);
    let ask = json!({"flat_id": FLAT_102, "requested_role": "owner", "note": null});
    world.neighbour.post("/v1/resident-requests", ask).await.data(201);
}

/// Where the society approves by itself, the app's own request grants nothing and stands in nobody's way: the person
/// asks, and is let in by the same request.
#[tokio::test]
async fn a_request_of_the_app_does_not_block_the_policy() {
    let world = World::open().await;
    let policy = format!(
        "INSERT INTO policies (society_id, name, value) VALUES ('{GREEN_ACRES}', 'resident_auto_approve', 'true')"
    );
    world.db.batch_execute(&policy).await.unwrap();
    world.empty_flat_102().await;
    let opened = world.start_app(&world.stranger).await["data"]["request_id"].take();
    assert_eq!(world.stranger.get("/v1/my-flats").await.data(200), json!([]));

    let ask = json!({"flat_id": FLAT_102, "requested_role": "tenant", "note": "second floor", "idempotency_key": "ask"});
    let approved = world.stranger.post("/v1/resident-requests", ask.clone()).await.data(201);
    assert_eq!((&approved["id"], &approved["status"]), (&opened, &json!("approved")));
    assert_eq!(world.stranger.post("/v1/resident-requests", ask.clone()).await.data(200), approved);
    let listed = world.stranger.get("/v1/resident-requests").await.data(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    for field in ["id", "requested_role", "note", "status", "submitted_at", "processed_at"] {
        assert_eq!(listed[0][field], approved[field], "{field}");
    }
    assert_eq!(world.stranger.get("/v1/my-flats").await.data(200)[0]["occupancy_role"], "tenant");
    assert_eq!(world.count("SELECT count(*) FROM resident_request_approvals").await, 1);
    let again = json!({"flat_id": FLAT_102, "requested_role": "tenant"});
    let refused = world.stranger.post("/v1/resident-requests", again).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["data"]["status"], "resident");
}

/// An admin decides in the moment in which the person asks again: one of them did, and nobody lives there twice.
#[tokio::test]
async fn of_an_admin_and_the_policy_one_approves() {
    let world = World::open().await;
    let policy = format!(
        "INSERT INTO policies (society_id, name, value) VALUES ('{GREEN_ACRES}', 'resident_auto_approve', 'true')"
    );
    world.db.batch_execute(&policy).await.unwrap();
    for round in 0..10 {
        world.empty_flat_102().await;
        let newcomer = world.newcomer(stack::Identity::of(&format!("newcomer-{round}")));
        let opened = world.start_app(&newcomer).await["data"]["request_id"].take();
        let approve = format!("/v1/resident-requests/{}/approve", opened.as_str().unwrap());
        let ask = json!({"flat_id": FLAT_102, "requested_role": "owner"});
        let (by_admin, by_policy) =
            tokio::join!(world.admin.post(&approve, json!({})), newcomer.post("/v1/resident-requests", ask));
        let won = [by_admin.status == 200, by_policy.status == 201];
        assert!(won == [true, false] || won == [false, true], "{} {}", by_admin.body, by_policy.body);
        assert_eq!(newcomer.get("/v1/my-flats").await.data(200).as_array().unwrap().len(), 1);
    }
    assert_eq!(world.count("SELECT count(*) FROM resident_request_approvals").await, 10);
}
