//! What a user says of themselves, and how a flat is called by those who live there.

use reqwest::Method;
use serde_json::{Value, json};
use stack::Identity;

use crate::support::{
    Actor, Reply, World,
    world::{BLOCK_A, FLAT_101, FLAT_102},
};

async fn change(actor: &Actor, body: Value) -> Reply {
    actor.send(Method::PATCH, "/v1/profile/me", Some(body), None).await
}

/// Somebody who signed in by phone has no name, and gives one; what is not said stays.
#[tokio::test]
async fn a_user_says_their_name_and_language() {
    let world = World::open().await;
    let newcomer = world.newcomer(Identity::of("by-phone").phone("+919800000099"));
    let user = newcomer.get("/v1/profile/me").await.data(200)["user"].take();
    assert_eq!((&user["name"], &user["language"]), (&Value::Null, &Value::Null));

    change(&newcomer, json!({"name": "  Lakshmi  "})).await.data(200);
    let changed = change(&newcomer, json!({"language": "kn", "name": null})).await.data(200);
    let mut expected = user.clone();
    (expected["name"], expected["language"]) = (json!("Lakshmi"), json!("kn"));
    assert_eq!(changed, expected);
    assert_eq!(newcomer.get("/v1/profile/me").await.data(200)["user"], expected);

    for (body, sentence) in [
        (json!({"language": "fr"}), "The language must be one of bn, en, hi, kn, mr, ta, te."),
        (json!({"name": "x".repeat(121)}), "The name must have at most 120 characters."),
        (json!({"name": 7}), "The name must be a text."),
    ] {
        assert_eq!(change(&newcomer, body).await.refused(400, "VALIDATION_FAILED")["error"], sentence);
    }
    assert_eq!(newcomer.get("/v1/profile/me").await.data(200)["user"], expected);
    assert_eq!(world.count("SELECT count(*) FROM audit_logs WHERE action = 'profile.change'").await, 2);
}

/// Parallel changes of different fields are both kept.
#[tokio::test]
async fn parallel_changes_do_not_undo_each_other() {
    let world = World::open().await;
    for round in 0..5 {
        let name = format!("Asha {round}");
        let language = ["hi", "ta", "te", "mr", "bn"][round];
        let (one, two) = tokio::join!(
            change(&world.resident, json!({"name": name})),
            change(&world.resident, json!({"language": language})),
        );
        for reply in [one, two] {
            reply.data(200);
        }
        let user = world.resident.get("/v1/profile/me").await.data(200)["user"].take();
        assert_eq!((&user["name"], &user["language"]), (&json!(name), &json!(language)));
    }
}

/// The guards' app offers no flat without a name, so one that somebody lives in has one: of the primary resident, else
/// of the next who has one, else by its number.
#[tokio::test]
async fn a_flat_that_somebody_lives_in_has_a_name() {
    let world = World::open().await;
    let named = async |flat: uuid::Uuid| {
        let flats = world.guard.get(&format!("/v1/flats?block_id={BLOCK_A}")).await.data(200);
        let listed = flats.as_array().unwrap().iter().find(|row| row["id"] == flat.to_string()).unwrap();
        let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": flat});
        let details = world.guard.post("/v1/visitors", body).await.data(201)["flat_details"].take();
        assert_eq!(listed["resident_name"], details["resident_name"]);
        (details["resident_name"].clone(), details["resident_user_id"].clone())
    };
    let without_name = async |actor: &Actor| {
        let sql = "UPDATE users SET name = NULL WHERE id = $1";
        world.db.execute(sql, &[&actor.user_id]).await.unwrap();
    };
    let id = |actor: &Actor| json!(actor.user_id);
    assert_eq!(named(FLAT_101).await, (json!("Asha"), id(&world.resident)));
    without_name(&world.resident).await;
    assert_eq!(named(FLAT_101).await, (json!("Ravi"), id(&world.spouse)));
    without_name(&world.spouse).await;
    assert_eq!(named(FLAT_101).await, (json!("Resident of 101"), id(&world.resident)));

    let empty = "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE flat_id = $1";
    world.db.execute(empty, &[&FLAT_102]).await.unwrap();
    assert_eq!(named(FLAT_102).await, (Value::Null, Value::Null));
}
