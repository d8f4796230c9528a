//! Admins say who lives in a flat: people move in by their numbers, and out.

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};
use stack::Identity;
use uuid::Uuid;

use crate::support::{
    Actor, Reply, World, eventually,
    world::{FLAT_101, FLAT_102, GREEN_ACRES},
};

impl World {
    async fn residents(&self, query: &str) -> Vec<Value> {
        let path = format!("/v1/admin/societies/{GREEN_ACRES}/residents{query}");
        self.admin.get(&path).await.data(200).as_array().unwrap().clone()
    }

    /// The occupancy of somebody in flat 101.
    async fn occupancy_of(&self, actor: &Actor) -> String {
        let listed = self.residents(&format!("?flat_id={FLAT_101}")).await;
        let own = listed.iter().find(|row| row["user_id"] == json!(actor.user_id)).unwrap();
        own["id"].as_str().unwrap().to_owned()
    }
}

/// The same call as another action, again while somebody else is at it.
async fn insists(actor: &Actor, path: &str, body: Value) -> Reply {
    let key = Uuid::new_v4().to_string();
    loop {
        let reply = actor.send(Method::POST, path, Some(body.clone()), Some(&key)).await;
        if reply.status != 503 {
            return reply;
        }
    }
}

/// Who moves out hears and sees nothing of the flat any more, and nobody comes in by their pass; the others are told.
#[tokio::test]
async fn who_moves_out_has_no_part_in_the_flat() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    for (actor, token) in [(&world.resident, "of-who-leaves"), (&world.spouse, "of-who-stays")] {
        actor.post("/v1/fcm-token", json!({"token": token})).await.data(200);
    }
    let (mut leaving, mut staying) = (world.resident.connect().await, world.spouse.connect().await);
    leaving.join("flat", FLAT_101).await;
    staying.join("flat", FLAT_101).await;
    let path = format!("/v1/admin/occupancies/{}/end", world.occupancy_of(&world.resident).await);
    world.blue_admin.post(&path, json!({})).await.refused(404, "NOT_FOUND");
    world.spouse.post(&path, json!({})).await.refused(403, "FORBIDDEN");
    world.block_admin.post(&path, json!({})).await.data(200);
    insists(&world.admin, &path, json!({})).await.refused(409, "WRONG_STATE");
    let told = staying.event("resident_left").await["data"].take();
    assert_eq!((&told["user_id"], &told["resident_name"]), (&json!(world.resident.user_id), &json!("Asha")));

    world.log_visitor().await;
    staying.event("visitor_request").await;
    assert!(leaving.heard().await.is_empty(), "who left hears nothing");
    let rung = "SELECT count(*) FROM (SELECT user_id FROM deliveries UNION ALL SELECT user_id FROM notifications) n JOIN users u ON u.id = n.user_id WHERE u.name = ";
    assert_eq!(world.count(&format!("{rung}'Asha'")).await, 0, "nor does their phone ring");
    assert_eq!(world.count(&format!("{rung}'Ravi'")).await, 1);
    assert_eq!(world.resident.get("/v1/my-flats").await.data(200), json!([]));
    world.resident.get(&format!("/v1/visitors?flat_id={FLAT_101}")).await.refused(404, "NOT_FOUND");
    let code = format!("/v1/visitors/by-access-code/{}", pass["access_code"].as_str().unwrap());
    let scanned = world.guard.get(&code).await;
    assert_eq!(scanned.body["error_code"], "INVITER_MOVED_OUT", "{}", scanned.body);
    let audit = "SELECT details FROM audit_logs WHERE action = 'occupancy.end'";
    let details: Value = world.db.query_one(audit, &[]).await.unwrap().get(0);
    assert_eq!((&details["before"]["flat_id"], &details["after"]), (&json!(FLAT_101), &Value::Null));
    let again = json!({"flat_id": FLAT_101, "phone": "9800000003", "role": "tenant"});
    assert_eq!(world.admin.post("/v1/admin/residents", again).await.data(200)["kind"], "occupancy");
    assert_eq!(world.resident.get("/v1/my-flats").await.data(200)[0]["occupancy_role"], "tenant");
}

/// A repetition that comes late lets nobody in again who was moved out meanwhile.
#[tokio::test]
async fn a_late_repetition_moves_nobody_in_again() {
    let world = World::open().await;
    let body = json!({"flat_id": FLAT_102, "phone": "9800000003"});
    let call = || world.admin.send(Method::POST, "/v1/admin/residents", Some(body.clone()), Some("k"));
    let made = call().await.data(200);
    assert_eq!(call().await.data(200), made);
    let path = format!("/v1/admin/occupancies/{}/end", made["id"].as_str().unwrap());
    world.admin.post(&path, json!({})).await.data(200);
    call().await.refused(409, "WRONG_STATE");
    assert_eq!(world.resident.get("/v1/my-flats").await.data(200).as_array().unwrap().len(), 1);
}

/// A number that nobody has is a claim, which is listed, found, withdrawn, or fulfilled.
#[tokio::test]
async fn a_claim_waits_for_its_number() {
    let world = World::open().await;
    let body = |flat: Uuid, phone: &str| json!({"flat_id": flat, "phone": phone, "name": "Kamala"});
    let made = world.block_admin.post("/v1/admin/residents", body(FLAT_101, "9811100077")).await.data(200);
    assert_eq!(made["kind"], "claim");
    assert_eq!(
        insists(&world.admin, "/v1/admin/residents", body(FLAT_101, "9811100077")).await.data(200),
        made
    );
    for query in ["?q=kama", "?q=98111000", "?q=%2B91981110"] {
        let found = world.residents(query).await;
        assert_eq!((found.len(), &found[0]["id"]), (1, &made["id"]), "{query}");
    }
    assert!(world.residents("?q=101").await.len() >= 3);
    assert!(world.residents("?q=zz").await.is_empty());
    let path = format!("/v1/admin/claims/{}/withdraw", made["id"].as_str().unwrap());
    world.admin.post(&path, json!({})).await.data(200);
    insists(&world.super_admin, &path, json!({})).await.refused(404, "NOT_FOUND");
    let kamala = world.newcomer(Identity::of("kamala").phone("+919811100077"));
    assert_eq!(kamala.get("/v1/my-flats").await.data(200), json!([]));
    let made = insists(&world.admin, "/v1/admin/residents", body(FLAT_102, "9811100077")).await.data(200);
    assert_eq!(made["kind"], "occupancy", "they are known by now");
    let nowhere = body(Uuid::new_v4(), "9811100077");
    world.admin.post("/v1/admin/residents", nowhere).await.refused(404, "NOT_FOUND");
    world
        .admin
        .post("/v1/admin/residents", json!({"flat_id": FLAT_101}))
        .await
        .refused(400, "VALIDATION_FAILED");
}

/// In and out, by ten hands at once: each is done once.
#[tokio::test]
async fn many_who_move_somebody_do_it_once() {
    let world = World::open().await;
    let path = format!("/v1/admin/occupancies/{}/end", world.occupancy_of(&world.resident).await);
    let out = join_all((0..10).map(|_| insists(&world.admin, &path, json!({})))).await;
    assert_eq!(out.iter().filter(|reply| reply.status == 200).count(), 1);
    assert!(out.iter().all(|reply| [200, 409].contains(&reply.status)));
    let body = json!({"flat_id": FLAT_101, "phone": "9800000003"});
    let back = join_all((0..10).map(|_| insists(&world.admin, "/v1/admin/residents", body.clone()))).await;
    assert!(back.iter().all(|reply| reply.status == 200 && reply.body["data"]["kind"] == "occupancy"));
    let open = format!(
        "SELECT count(*) FROM flat_occupancies WHERE user_id = '{}' AND end_date IS NULL",
        world.resident.user_id
    );
    assert_eq!(world.count(&open).await, 1);
    // Both at once: the one that comes second finds what the first left.
    let path = format!("/v1/admin/occupancies/{}/end", world.occupancy_of(&world.resident).await);
    for _ in 0..5 {
        let both = join(
            insists(&world.admin, &path, json!({})),
            insists(&world.admin, "/v1/admin/residents", body.clone()),
        );
        let (_, moved_in) = both.await;
        assert_eq!(moved_in.status, 200, "{}", moved_in.body);
        let homes = world.resident.get("/v1/my-flats").await.data(200).as_array().unwrap().len();
        assert_eq!(world.count(&open).await, i64::try_from(homes).unwrap());
    }
    let told = "SELECT count(*) FROM outbox WHERE event IN ('resident_left', 'resident_joined')";
    assert!(world.count(told).await >= 2);
}

/// A claim is withdrawn while its number signs in: either they live there, or the claim is gone; never both, never neither.
#[tokio::test]
async fn a_claim_is_withdrawn_or_fulfilled() {
    let world = World::open().await;
    for round in 0..12 {
        let phone = format!("98333000{round:02}");
        let body = json!({"flat_id": FLAT_102, "phone": phone});
        let claim = insists(&world.admin, "/v1/admin/residents", body).await.data(200);
        let newcomer = world.newcomer(Identity::of(&format!("late-{round}")).phone(&format!("+91{phone}")));
        let path = format!("/v1/admin/claims/{}/withdraw", claim["id"].as_str().unwrap());
        let sign_in = eventually("they are known", async || newcomer.get("/v1/my-flats").await.status == 200);
        let (withdrawn, ()) = join(insists(&world.admin, &path, json!({})), sign_in).await;
        let homes = newcomer.get("/v1/my-flats").await.data(200).as_array().unwrap().len();
        let expected = match withdrawn.status {
            200 => 0,
            404 | 409 => 1,
            other => panic!("{other} {}", withdrawn.body),
        };
        assert_eq!(homes, expected, "round {round}: {}", withdrawn.body);
    }
}
