//! The one sentence of a refusal, which is all that the apps show.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    World,
    world::{BLUE_FLAT, FLAT_101},
};

fn visitor() -> Value {
    json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101})
}

/// The first problem in plain English, and how many more there are; `details` names them all.
#[tokio::test]
async fn a_refusal_says_what_is_wrong() {
    let world = World::open().await;
    for (field, value, sentence) in [
        ("visitor_name", Value::Null, "The visitor's name is required."),
        ("visitor_name", json!("x".repeat(121)), "The visitor's name must have at most 120 characters."),
        ("purpose", json!(7), "The purpose must be a text."),
        (
            "expected_start",
            json!("soon"),
            "The expected start must be a time such as 2026-01-31T18:30:00+05:30.",
        ),
    ] {
        let mut body = visitor();
        body[field] = value;
        let refused = world.guard.post("/v1/visitors", body).await.refused(400, "VALIDATION_FAILED");
        assert_eq!(refused["error"], sentence);
        assert_eq!(refused["details"][0]["field"], field);
    }
    let several =
        |body| async { world.guard.post("/v1/visitors", body).await.refused(400, "VALIDATION_FAILED") };
    let two = several(json!({"phone": "9876543210"})).await;
    assert_eq!(two["error"], "The visitor's name is required. One more thing is wrong.");
    let three = several(json!({})).await;
    assert_eq!(three["error"], "The visitor's name is required. 2 more things are wrong.");
    assert_eq!(three["details"].as_array().unwrap().len(), 3);
}

/// What a society's policy or another pass does not allow is said as a person would say it.
#[tokio::test]
async fn a_pass_that_is_not_allowed_is_told_in_plain_words() {
    let world = World::open().await;
    let qr = Uuid::new_v4();
    let pass = |more: Value| {
        let mut body = visitor();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        world.resident.post("/v1/visitors/guest-pass", body)
    };
    pass(json!({"qr_code": qr})).await.data(201);
    let now = time::OffsetDateTime::now_utc();
    let days = |days| {
        let format = &time::format_description::well_known::Rfc3339;
        (now + time::Duration::days(days)).format(format).unwrap()
    };
    for (more, sentence) in [
        (json!({"expected_end": days(40)}), "A pass may last 30 days at most."),
        (json!({"expected_end": days(-1)}), "A pass must end after it starts, and in the future."),
        (json!({"expected_start": days(91), "expected_end": days(92)}), "A pass must start within 90 days."),
        (json!({"qr_code": qr}), "Another pass has this QR code already."),
    ] {
        assert_eq!(pass(more).await.refused(400, "VALIDATION_FAILED")["error"], sentence);
    }
}

/// A QR that is none of ours, a code of another society, one mistyped: no pass has it.
#[tokio::test]
async fn what_is_no_pass_here_is_answered_in_the_words_of_a_pass() {
    let world = World::open().await;
    let foreign = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": BLUE_FLAT});
    let pass = world.blue_resident.post("/v1/visitors/guest-pass", foreign).await.data(201);
    let of = |field: &str| pass["visitor"][field].as_str().unwrap().to_owned();
    for path in [
        "by-qr/x".to_owned(),
        "by-qr/https://pay.example/q?x=1".to_owned(),
        "by-qr/https%3A%2F%2Fpay.example%2Fq".to_owned(),
        "by-qr/upi://pay?pa=gate@bank".to_owned(),
        format!("by-qr/{}", Uuid::new_v4()),
        format!("by-qr/{}", of("qr_code")),
        "by-access-code/ABC".to_owned(),
        "by-access-code/000000".to_owned(),
        format!("by-access-code/{}", of("access_code")),
    ] {
        let refused = world.guard.get(&format!("/v1/visitors/{path}")).await.refused(404, "NOT_FOUND");
        assert_eq!(refused["error"], "No pass has this code.", "{path}");
    }
}

/// Other things that are not there, or not the caller's to know of, are called by their names.
#[tokio::test]
async fn what_is_not_there_is_called_by_its_name() {
    let world = World::open().await;
    let none = Uuid::now_v7();
    let get = |path: String| world.guard.get(Box::leak(path.into_boxed_str()));
    for (reply, sentence) in [
        (get(format!("/v1/visitors/{none}")).await, "There is no such visitor."),
        (get(format!("/v1/visitors?flat_id={BLUE_FLAT}")).await, "There is no such flat."),
        (get(format!("/v1/society/{none}/expected-visitors")).await, "There is no such society."),
        (world.guard.post("/v1/visits/checkout", json!({"visit_id": none})).await, "There is no such visit."),
        (
            world.guard.post(&format!("/v1/emergencies/{none}/address"), json!({})).await,
            "There is no such emergency.",
        ),
        (
            world.admin.post(&format!("/v1/resident-requests/{none}/approve"), json!({})).await,
            "There is no such request.",
        ),
        (
            world
                .resident
                .send(reqwest::Method::DELETE, "/v1/fcm-token", Some(json!({"token": "of-nobody"})), None)
                .await,
            "None of your devices has this token.",
        ),
    ] {
        assert_eq!(reply.refused(404, "NOT_FOUND")["error"], sentence);
    }
}

/// What came too late is told by what the case is now, not by the name of a state.
#[tokio::test]
async fn what_came_too_late_is_told_by_what_is_the_case_now() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    world.answer(visitor, "accept").await;
    let check_in = || world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor}));
    check_in().await.data(201);
    let late = check_in().await.refused(409, "WRONG_STATE");
    assert_eq!(late["error"], "This cannot be done any more: the visitor is inside already.");
}
