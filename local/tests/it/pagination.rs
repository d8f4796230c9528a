//! Lists are read page by page, newest first, and nothing is missed or seen twice while others write.

use serde_json::{Value, json};

use crate::support::{Actor, World, world::FLAT_101};

/// Reads a whole list in pages of two, and writes with `between` after each page.
async fn read_all<F: Future<Output = ()>>(actor: &Actor, path: &str, between: impl Fn() -> F) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = actor
            .get(&format!("{path}{}limit=2{cursor}", if path.contains('?') { "&" } else { "?" }))
            .await
            .expect(200);
        ids.extend(page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        let Value::String(next) = &page["next_cursor"] else { return ids };
        cursor = format!("&cursor={next}");
        between().await;
    }
}

#[tokio::test]
async fn pages_are_stable_while_visitors_arrive() {
    let world = World::open().await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, world.log_visitor().await.to_string());
    }
    // Equal times are no obstacle: the id breaks the tie.
    world.db.batch_execute("UPDATE visitors SET created_at = now()").await.unwrap();
    for actor in [&world.guard, &world.resident, &world.block_admin, &world.super_admin] {
        let read = read_all(actor, "/v1/visitors", || async {
            world.log_visitor().await;
        });
        let read = read.await;
        assert_eq!(read[read.len() - 5..], expected);
        assert_eq!(
            read.iter().collect::<std::collections::BTreeSet<_>>().len(),
            read.len(),
            "a visitor came twice"
        );
    }
}

#[tokio::test]
async fn every_list_has_pages() {
    let world = World::open().await;
    for number in 0..3 {
        let visitor = world.log_visitor().await;
        world
            .resident
            .post(&format!("/v1/visitors/{visitor}/respond"), json!({"decision": "accept"}))
            .await
            .data(200);
        world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
        world.resident.post("/v1/emergencies", json!({"flat_id": FLAT_101})).await.data(201);
        world.guard.post("/v1/fcm-token", json!({"token": format!("t{number}")})).await.data(200);
        let someone = world.newcomer(local::Identity::of(&format!("u{number}")));
        someone
            .post("/v1/resident-requests", json!({"flat_id": FLAT_101, "requested_role": "other"}))
            .await
            .data(201);
    }
    for (actor, path) in [
        (&world.guard, "/v1/visitors".to_owned()),
        (&world.guard, "/v1/visits".to_owned()),
        (&world.guard, "/v1/emergencies".to_owned()),
        (&world.guard, "/v1/fcm-tokens".to_owned()),
        (&world.admin, "/v1/resident-requests?status=pending".to_owned()),
        (&world.guard, format!("/v1/society/{}/expected-visitors", crate::support::world::GREEN_ACRES)),
    ] {
        assert_eq!(read_all(actor, &path, || async {}).await.len(), 3, "{path}");
    }
}

/// A day is the society's own: a visit at half past midnight in India belongs to the new day, though UTC says otherwise.
#[tokio::test]
async fn a_day_is_the_societys_own() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    world.db.batch_execute("UPDATE visitors SET created_at = '2026-03-09T19:00:00Z', expected_start = '2026-03-09T19:00:00Z'").await.unwrap();
    let count = |path: String| {
        let guard = world.guard.clone();
        async move { guard.get(&path).await.data(200).as_array().unwrap().len() }
    };
    for (day, expected) in [("2026-03-09", 0), ("2026-03-10", 1), ("2026-03-11", 0)] {
        assert_eq!(count(format!("/v1/visitors?date_from={day}&date_to={day}")).await, expected, "{day}");
        assert_eq!(
            count(format!("/v1/society/{}/expected-visitors?date={day}", crate::support::world::GREEN_ACRES))
                .await,
            expected,
            "{day}"
        );
    }
    assert_eq!(
        count("/v1/visitors?date_from=2026-03-09T19:00:00Z&date_to=2026-03-09T19:00:01Z".into()).await,
        1
    );
    assert_eq!(count("/v1/visitors?date_from=2026-03-09T19:00:01Z".into()).await, 0, "{visitor}");
}
