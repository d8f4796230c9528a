//! What people and phones may send has an end.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Reply, World, world::FLAT_101};

impl World {
    async fn log(&self, more: Value) -> Reply {
        let mut body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.guard.post("/v1/visitors", body).await
    }
}

/// Nobody stays for a century: what is known of a visitor ends with their time.
#[tokio::test]
async fn a_visit_has_an_end_that_comes() {
    let world = World::open().await;
    let now = jiff::Timestamp::now();
    let ahead = |days: i64| now + jiff::SignedDuration::from_hours(24 * days);
    let days = |days: i64| ahead(days).to_string();
    // As a phone in India writes it.
    let zone = jiff::tz::TimeZone::get("Asia/Kolkata").unwrap();
    let clock =
        |days: i64| ahead(days).to_zoned(zone.clone()).datetime().strftime("%Y-%m-%dT%H:%M:%S").to_string();
    for (times, field, sentence) in [
        (
            json!({"expected_end": "2199-01-01T00:00:00Z"}),
            "expected_end",
            "A visit may last 30 days at most.",
        ),
        (json!({"expected_end": "2199-01-01T00:00:00"}), "expected_end", "A visit may last 30 days at most."),
        (json!({"expected_end": days(31)}), "expected_end", "A visit may last 30 days at most."),
        (json!({"expected_end": clock(31)}), "expected_end", "A visit may last 30 days at most."),
        (
            json!({"expected_start": days(31), "expected_end": days(32)}),
            "expected_start",
            "A visit must start within 30 days.",
        ),
        (json!({"expected_start": clock(32)}), "expected_start", "A visit must start within 30 days."),
        (
            json!({"expected_start": "2199-01-01T00:00:00Z"}),
            "expected_start",
            "A visit must start within 30 days.",
        ),
    ] {
        let refused = world.log(times).await.refused(400, "VALIDATION_FAILED");
        assert_eq!((&refused["error"], &refused["details"][0]["field"]), (&json!(sentence), &json!(field)));
    }
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 0);
    world.log(json!({"expected_end": days(29)})).await.data(201);
    world.log(json!({"expected_start": days(29), "expected_end": days(59)})).await.data(201);
    world.log(json!({"expected_end": clock(29)})).await.data(201);
}

/// A QR of a parcel or of another app is no guess: it takes no try away, and lets the next pass in.
#[tokio::test]
async fn a_foreign_qr_is_no_guess() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    let by_qr = format!("/v1/visitors/by-qr/{}", pass["qr_code"].as_str().unwrap());
    let by_code = format!("/v1/visitors/by-access-code/{}", pass["access_code"].as_str().unwrap());
    for _ in 0..15 {
        world.guard.get(&format!("/v1/visitors/by-qr/{}", Uuid::new_v4())).await.refused(404, "NOT_FOUND");
        world.guard.get("/v1/visitors/by-qr/https://parcel.example/7").await.refused(404, "NOT_FOUND");
    }
    assert_eq!(world.guard.get(&by_qr).await.data(200)["id"], pass["id"]);
    assert_eq!(world.guard.get(&by_code).await.data(200)["id"], pass["id"]);
    // Codes are counted as before, and a guard who mistyped too many still scans.
    for number in 0..11 {
        let wrong =
            format!("/v1/visitors/by-access-code/ZZZZ{}{}", char::from(b'A' + number / 8), 2 + number % 8);
        let status = if number < 10 { 404 } else { 429 };
        assert_eq!(world.guard.get(&wrong).await.status, status, "{number}");
    }
    world.guard.get(&by_code).await.refused(429, "RATE_LIMITED");
    assert_eq!(world.guard.get(&by_qr).await.data(200)["id"], pass["id"]);
    world.neighbour.get(&by_qr).await.refused(403, "FORBIDDEN");
}
