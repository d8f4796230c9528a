//! Lists are read page by page, newest first, and nothing is missed or seen twice while others write.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU16, Ordering},
};

use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    world::{BLOCK_A, FLAT_101, GREEN_ACRES, TOWER},
};

/// Reads a whole list in pages of two, and writes with `between` after each page.
async fn read_all<F: Future<Output = ()>>(actor: &Actor, path: &str, between: impl Fn() -> F) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = actor
            .get(&format!("{path}{}limit=2{cursor}", if path.contains('?') { "&" } else { "?" }))
            .await
            .expect(200);
        ids.extend(page["data"].as_array().unwrap().iter().map(name_of));
        let Value::String(next) = &page["next_cursor"] else { return ids };
        cursor = format!("&cursor={next}");
        between().await;
    }
}

/// A row's id, or the row where it is a name.
fn name_of(row: &Value) -> String {
    row["id"].as_str().or(row.as_str()).unwrap().to_owned()
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
        assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), read.len(), "a visitor came twice");
    }
}

#[tokio::test]
async fn every_list_has_pages() {
    let world = World::open().await;
    for number in 0..3 {
        let visitor = world.log_visitor().await;
        world.answer(visitor, "accept").await;
        world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
        world.resident.post("/v1/emergencies", json!({"flat_id": FLAT_101})).await.data(201);
        world.guard.post("/v1/fcm-token", json!({"token": format!("t{number}")})).await.data(200);
        let someone = world.newcomer(stack::Identity::of(&format!("u{number}")));
        someone
            .post("/v1/resident-requests", json!({"flat_id": FLAT_101, "requested_role": "other"}))
            .await
            .data(201);
    }
    world
        .db
        .batch_execute(
            "INSERT INTO societies (name, city) VALUES ('Lotus', 'Pune');
             INSERT INTO role_assignments (user_id, role, scope_type, scope_id)
             SELECT id, 'society_admin', 'society', '11111111-1111-1111-1111-111111111111' FROM users WHERE name IN ('Meera', 'Farhan')",
        )
        .await
        .unwrap();
    for number in 0..3 {
        let gate = world.make_gate(&format!("Gate {number}")).await;
        let guard = world.make_guard("Mohan").await;
        let code = world.device_code(&gate).await;
        let body = json!({"guard_code": guard.code, "pin": guard.given, "device_identifier": gate.phone,
                          "device_code": code});
        world.nobody().post("/v1/auth/guard", body).await.refused(409, "PIN_CHANGE_REQUIRED");
    }
    // Three more who wait for an answer.
    for _ in 0..3 {
        world.log_visitor().await;
    }
    for (actor, path, rows) in [
        (&world.guard, "/v1/visitors".to_owned(), 6),
        (&world.resident, "/v1/visitors/pending".to_owned(), 3),
        (&world.guard, "/v1/visits".to_owned(), 3),
        (&world.guard, "/v1/emergencies".to_owned(), 3),
        (&world.guard, "/v1/fcm-tokens".to_owned(), 3),
        (&world.admin, "/v1/resident-requests?status=pending".to_owned(), 3),
        (&world.guard, format!("/v1/society/{}/expected-visitors", GREEN_ACRES), 6),
        (&world.super_admin, "/v1/admin/societies".to_owned(), 3),
        (&world.super_admin, "/v1/admin/message-templates".to_owned(), 4),
        (&world.admin, format!("/v1/admin/societies/{GREEN_ACRES}/residents"), 4),
        (&world.admin, format!("/v1/admin/societies/{GREEN_ACRES}/roles"), 4),
        (&world.admin, format!("/v1/admin/societies/{GREEN_ACRES}/audit?action=visitor.create"), 6),
        (&world.admin, format!("/v1/admin/societies/{GREEN_ACRES}/gates"), 3),
        (&world.admin, format!("/v1/admin/societies/{GREEN_ACRES}/guards"), 5),
        (&world.admin, format!("/v1/admin/societies/{GREEN_ACRES}/guards?active=true&q=mohan"), 3),
        (&world.admin, format!("/v1/admin/societies/{GREEN_ACRES}/gate-devices"), 3),
    ] {
        assert_eq!(read_all(actor, &path, || async {}).await.len(), rows, "{path}");
    }
}

/// Places come in the order people look for them, page by page, while others are added in between.
/// Who asks for no page gets them whole.
#[tokio::test]
async fn places_have_pages_in_their_natural_order() {
    let world = World::open().await;
    let flats =
        "INSERT INTO flats (block_id, flat_number) SELECT $1::uuid, n::text FROM generate_series(1, 250) AS n
                 UNION ALL SELECT $1::uuid, unnest(ARRAY['01', '2A', '2b', 'é', '']) ON CONFLICT DO NOTHING";
    world.db.execute(flats, &[&BLOCK_A]).await.unwrap();
    let places = "INSERT INTO societies (name, city) SELECT 'S' || n, 'City ' || (n % 3) FROM generate_series(1, 9) AS n;
         INSERT INTO complexes (society_id, name) SELECT '11111111-1111-1111-1111-111111111111', 'T' || n FROM generate_series(1, 12) AS n;
         INSERT INTO blocks (complex_id, name) SELECT '22222222-2222-2222-2222-222222222222', 'B' || n FROM generate_series(1, 12) AS n;
         INSERT INTO flat_occupancies (flat_id, user_id, start_date)
         SELECT id, '55555555-5555-5555-5555-555555555503', '2026-01-01'::date + flat_number::int / 2
           FROM flats WHERE flat_number IN ('1', '2', '3', '4', '5')";
    world.db.batch_execute(places).await.unwrap();
    let number = AtomicU16::new(300);
    for path in [
        "/v1/cities".to_owned(),
        "/v1/societies".to_owned(),
        "/v1/societies?city=Bengaluru".to_owned(),
        format!("/v1/complexes?society_id={GREEN_ACRES}"),
        format!("/v1/blocks?complex_id={TOWER}"),
        format!("/v1/flats?block_id={BLOCK_A}"),
        "/v1/my-flats".to_owned(),
    ] {
        let whole = world.resident.get(&path).await.expect(200);
        assert_eq!(whole["next_cursor"], Value::Null, "{path}");
        let whole: Vec<_> = whole["data"].as_array().unwrap().iter().map(name_of).collect();
        // What is added behind the page comes with a later one, what is added before it does not.
        let read = read_all(&world.resident, &path, || async {
            let number = number.fetch_add(1, Ordering::Relaxed);
            // Lists that grow by a page with each page have no end.
            if number.is_multiple_of(10) {
                let insert = "INSERT INTO flats (block_id, flat_number) VALUES ($1, $2), ($1, '0' || $2)";
                world.db.execute(insert, &[&BLOCK_A, &number.to_string()]).await.unwrap();
            }
        });
        let read = read.await;
        let kept: Vec<_> = read.iter().filter(|id| whole.contains(id)).cloned().collect();
        assert_eq!(kept, whole, "{path}");
        assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), read.len(), "{path}: a row came twice");
    }
    // Flat 9 comes before flat 10.
    let flats = world.resident.get(&format!("/v1/flats?block_id={BLOCK_A}&limit=12")).await.data(200);
    let numbers: Vec<_> =
        flats.as_array().unwrap().iter().map(|flat| flat["flat_number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["", "01", "1", "2", "2A", "2b", "3", "4", "5", "6", "7", "8"]);
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
            count(format!("/v1/society/{}/expected-visitors?date={day}", GREEN_ACRES)).await,
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
