//! What people and phones may send has an end.

use uuid::Uuid;

use crate::support::World;

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
