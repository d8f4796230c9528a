//! The screens of both apps, call by call, with the fields they send and read.

use serde_json::{Value, json};
use stack::Identity;

use crate::support::{
    World,
    world::{FLAT_101, FLAT_102, GREEN_ACRES},
};

/// Fails unless `value` has every field that a screen reads, even where it is null.
#[track_caller]
fn has(value: &Value, fields: &str) {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    let missing: Vec<&str> = fields.split(' ').filter(|field| !object.contains_key(*field)).collect();
    assert!(missing.is_empty(), "{missing:?} are missing in {value}");
}

const VISITOR: &str = "id visitor_name phone id_type id_number attachment_ids vehicle_no purpose invited_by flat_id \
    expected_start expected_end status auto_approved created_at updated_at approval_deadline idempotency_key qr_code \
    access_code number_of_people";
const FLAT_DETAILS: &str = "flat_id flat_number block_id block_name complex_id complex_name society_id society_name \
    resident_user_id resident_name resident_phone";
const LISTED: &str = "id visitor_name phone vehicle_no purpose flat_id status expected_start expected_end \
    approval_deadline created_at invited_by flat_number block_name invited_by_name visit_id";
const VISIT: &str = "id visitor_id guard_id checkin_time checkout_time checkin_method notes created_at";
const SCANNED: &str = "id visitor_name phone vehicle_no purpose flat_id status expected_start expected_end \
    number_of_people auto_approved created_at invited_by qr_code access_code flat_number block_name complex_name \
    invited_by_name invited_by_phone visit_id checkin_time checkout_time";

/// A new resident signs in, looks for their home, asks to be let in, and an admin approves.
#[tokio::test]
async fn a_resident_moves_in() {
    let world = World::open().await;
    let newcomer = world.newcomer(Identity::of("dev").phone("+919811112222").name("Dev"));
    let signed_in = newcomer.post("/v1/auth/firebase", json!({"idToken": newcomer.token})).await.data(200);
    has(&signed_in, "user is_new_user roles flat guard");
    has(&signed_in["user"], "id firebase_uid phone email name avatar_url");

    assert_eq!(newcomer.get("/v1/cities").await.data(200), json!(["Bengaluru", "Pune"]));
    has(&newcomer.get("/v1/societies?city=Bengaluru").await.data(200)[0], "id name slug city address");
    let complexes = newcomer.get(&format!("/v1/complexes?society_id={GREEN_ACRES}")).await.data(200);
    has(&complexes[0], "id society_id name created_at");
    let blocks = newcomer
        .get(&format!("/v1/blocks?complex_id={}", complexes[0]["id"].as_str().unwrap()))
        .await
        .data(200);
    has(&blocks[0], "id complex_id name created_at");
    let flats =
        newcomer.get(&format!("/v1/flats?block_id={}", blocks[0]["id"].as_str().unwrap())).await.data(200);
    has(
        &flats[1],
        "id block_id flat_number unit_type bhk square_feet parking_slots is_active is_occupied resident_name occupancy_role",
    );

    let ask = json!({"flat_id": flats[1]["id"], "requested_role": "tenant", "docs": ["lease.pdf"], "note": "second floor"});
    let request = newcomer.post("/v1/resident-requests", ask).await.data(201);
    has(
        &request,
        "id requesting_user_id flat_id requested_role docs note status submitted_at processed_by processed_at processed_note",
    );
    assert_eq!(request["status"], "pending");
    let waiting = newcomer
        .post("/v1/ensure-occupancy", json!({"flat_id": flats[1]["id"]}))
        .await
        .refused(409, "VERIFICATION_REQUIRED");
    assert_eq!(waiting["data"]["request_id"], request["id"]);

    let listed = world.admin.get("/v1/resident-requests?status=pending").await.data(200);
    has(
        &listed[0],
        "id requesting_user_name requesting_user_phone flat_number block_name complex_name society_name",
    );
    let approve = format!("/v1/resident-requests/{}/approve", request["id"].as_str().unwrap());
    has(&world.admin.post(&approve, json!({"note": "welcome"})).await.data(200), "message");

    has(
        &newcomer.get("/v1/my-flats").await.data(200)[0],
        "occupancy_id flat_id occupancy_role is_primary start_date \
        flat_number unit_type bhk block_id block_name complex_id complex_name society_id society_name city",
    );
    let profile = newcomer.get("/v1/profile/me").await.data(200);
    has(&profile["user"], "id firebase_uid phone email name avatar_url timezone created_at");
    has(
        &profile["flat"],
        "occupancy_id occupancy_role is_primary start_date flat_id flat_number unit_type bhk block_id \
        block_name complex_id complex_name society_id society_name city address",
    );
    assert_eq!(profile["roles"][0]["role"], "resident");
    let rejected = newcomer.get("/v1/resident-requests?status=rejected").await.data(200);
    assert_eq!(rejected, json!([]));
}

/// The guard's phone signs in, registers itself, and works through its lists.
#[tokio::test]
async fn a_guard_works_a_shift() {
    let world = World::open().await;
    let device = json!({"fcm_token": "guard-phone", "user_id": world.guard.user_id, "device_info": {"platform": "android", "app_version": "1.4.0"}});
    let registered = world.guard.post("/v1/guards/register-device", device).await.data(200);
    has(&registered, "id user_id device_identifier platform fcm_token last_seen created_at");
    assert_eq!(registered["platform"], "android");
    has(
        &world.guard.get("/v1/profile/me").await.data(200)["guard"],
        "guard_id active society_id society_name city block_id assigned_block_name",
    );

    let logged = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101, "purpose": "delivery",
        "vehicle_no": null, "id_type": "driving_licence", "id_number": "seen", "expected_start": "2026-11-23T09:00:00+05:30",
        "idempotency_key": "guard_1763870400000"});
    let made = world.guard.post("/v1/visitors", logged).await.data(201);
    has(&made["visitor"], VISITOR);
    has(&made["flat_details"], FLAT_DETAILS);
    assert_eq!(made["visitor"]["expected_start"], "2026-11-23T03:30:00Z");
    let id = made["visitor"]["id"].as_str().unwrap().to_owned();
    has(
        &world.guard.get(&format!("/v1/visitors?flat_id={FLAT_101}&status=pending&limit=50")).await.data(200)
            [0],
        LISTED,
    );
    let one = world.guard.get(&format!("/v1/visitors/{id}")).await.data(200);
    has(&one, LISTED);
    has(&one, "approvals");
    let answer = world
        .guard
        .post(&format!("/v1/visitors/{id}/guard-respond"), json!({"decision": "accept", "note": "by phone"}))
        .await;
    has(&answer.data(200), "visitor_id decision status manual_approval");
    let visit = world
        .guard
        .post("/v1/visits/checkin", json!({"visitor_id": id, "checkin_method": "qr", "notes": "gate 2"}))
        .await
        .data(201);
    has(&visit, VISIT);
    has(&world.guard.post("/v1/visits/checkout", json!({"visit_id": visit["id"]})).await.data(200), VISIT);
    has(
        &world.guard.get("/v1/visits?from=2000-01-01&to=2199-12-31").await.data(200)[0],
        "id visitor_id guard_id checkin_time \
        checkout_time checkin_method notes visitor_name phone vehicle_no purpose flat_number block_name guard_name",
    );
    let cleared = world.guard.delete("/v1/visitors/rejected").await.expect(200);
    has(&cleared, "success message deleted_count");
}

/// A resident makes a pass and sends it; the guard finds it, lets the guests in and out.
#[tokio::test]
async fn a_pass_is_made_sent_scanned_and_used() {
    let world = World::open().await;
    world.approve_templates().await;
    let qr = uuid::Uuid::new_v4();
    let body = json!({"visitor_name": "Leela", "phone": "+91 98765 43210", "flat_id": FLAT_102, "number_of_people": 3,
        "purpose": "party", "qr_code": qr, "idempotency_key": "resident_1"});
    let made = world.neighbour.post("/v1/visitors/guest-pass", body).await.data(201);
    has(&made["visitor"], VISITOR);
    has(&made["flat_details"], FLAT_DETAILS);
    let pass = &made["visitor"];
    assert_eq!((&pass["qr_code"], &pass["number_of_people"]), (&json!(qr), &json!(3)));
    let invite = format!("/v1/visitors/{}/send-invite", pass["id"].as_str().unwrap());
    has(&world.neighbour.post(&invite, json!({"channel": "sms"})).await.data(200), "message notification_id");

    let expected = world.guard.get(&format!("/v1/society/{GREEN_ACRES}/expected-visitors")).await.expect(200);
    has(&expected, "success data count date");
    has(
        &expected["data"][0],
        "id visitor_name phone vehicle_no purpose status expected_start expected_end created_at \
        flat_number block_name complex_name invited_by_name",
    );
    assert_eq!((&expected["count"], &expected["data"][0]["invited_by_name"]), (&json!(1), &json!("Meera")));
    let code = pass["access_code"].as_str().unwrap().to_lowercase();
    has(&world.guard.get(&format!("/v1/visitors/by-access-code/{code}")).await.data(200), SCANNED);
    let scanned = world.guard.get(&format!("/v1/visitors/by-qr/{qr}")).await.data(200);
    has(&scanned, SCANNED);
    assert_eq!(scanned["invited_by_phone"], "+91······0005");

    let id = pass["id"].as_str().unwrap();
    world
        .guard
        .post(&format!("/v1/visitors/{id}/guard-respond"), json!({"decision": "accept"}))
        .await
        .data(200);
    let visit = world
        .guard
        .post("/v1/visits/checkin", json!({"visitor_id": id, "checkin_method": "qr"}))
        .await
        .data(201);
    // Who is inside may leave after the pass has ended.
    world.db.batch_execute("UPDATE visitors SET expected_start = now() - interval '2 h', expected_end = now() - interval '1 h'").await.unwrap();
    let scanned = world.guard.get(&format!("/v1/visitors/by-qr/{qr}")).await.data(200);
    assert_eq!(scanned["visit_id"], visit["id"]);
    world.guard.post("/v1/visits/checkout", json!({"visit_id": scanned["visit_id"]})).await.data(200);
    // Nobody is inside by a pass that was used.
    let scanned = world.guard.get(&format!("/v1/visitors/by-qr/{qr}")).await.data(200);
    assert_eq!([&scanned["status"], &scanned["visit_id"]], [&json!("checked_out"), &Value::Null]);
    assert!(scanned["checkin_time"].is_string() && scanned["checkout_time"].is_string(), "{scanned}");
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": id})).await.refused(409, "WRONG_STATE");
}

/// An emergency from the call to its end, as both apps show it.
#[tokio::test]
async fn an_emergency_is_reported_and_resolved() {
    let world = World::open().await;
    let reported = world
        .resident
        .post("/v1/emergencies", json!({"flat_id": FLAT_101, "description": "gas smell"}))
        .await
        .data(201);
    has(
        &reported,
        "id flat_id reported_by_user_id description status addressed_by_guard_id addressed_at \
        resolved_by_guard_id resolved_at created_at updated_at flat_number block_name",
    );
    let listed = world.guard.get("/v1/emergencies?status=pending&limit=20").await.data(200);
    has(&listed[0], "reported_by_name reported_by_phone addressed_by_user_id resolved_by_user_id");
    for step in ["address", "resolve"] {
        world
            .guard
            .post(&format!("/v1/emergencies/{}/{step}", reported["id"].as_str().unwrap()), json!({}))
            .await
            .data(200);
    }
    assert_eq!(
        world.resident.get(&format!("/v1/emergencies?flat_id={FLAT_101}")).await.data(200)[0]["status"],
        "resolved"
    );
}

/// A phone is registered, listed and forgotten; one user may have several.
#[tokio::test]
async fn phones_come_and_go() {
    let world = World::open().await;
    for token in ["phone-a", "phone-b"] {
        let posted = world
            .resident
            .post(
                "/v1/fcm-token",
                json!({"token": token, "device_type": "ios", "device_info": {"model": "x"}}),
            )
            .await;
        has(&posted.data(200), "id user_id token device_type device_info is_active created_at updated_at");
    }
    assert_eq!(world.resident.get("/v1/fcm-tokens").await.data(200).as_array().unwrap().len(), 2);
    let forget = Some(json!({"token": "phone-a"}));
    let forgotten =
        world.resident.send(reqwest::Method::DELETE, "/v1/fcm-token", forget, None).await.data(200);
    has(&forgotten, "message");
    assert_eq!(world.resident.get("/v1/fcm-tokens").await.data(200)[0]["token"], "phone-b");
}

/// A society's own policies are obeyed, and odd ones cannot be stored.
#[tokio::test]
async fn a_society_has_its_own_policies() {
    use shared::policy;
    let world = World::open().await;
    let set = |name: &str, value: &str| {
        format!(
            "INSERT INTO policies (society_id, name, value) VALUES ('{GREEN_ACRES}', '{name}', '{value}')"
        )
    };
    for policy in [
        policy::ACCEPTANCE_VALID_HOURS,
        policy::APPROVAL_TIMEOUT_SECONDS,
        policy::GUEST_PASS_MAX_DAYS,
        policy::GUEST_PASS_MAX_DAYS_AHEAD,
        policy::GUEST_PASS_DEFAULT_HOURS,
    ] {
        world.db.batch_execute(&set(policy.name, &policy.default.to_string())).await.unwrap();
    }
    for wrong in [
        ("approval_timeout_seconds", "\"x\""),
        ("guest_pass_max_days", "0"),
        ("guest_pass_max_days", "1.5"),
        ("unknown", "1"),
    ] {
        world.db.batch_execute("DELETE FROM policies").await.unwrap();
        assert!(world.db.batch_execute(&set(wrong.0, wrong.1)).await.is_err(), "{wrong:?}");
    }
    world.db.batch_execute(&set(policy::RESIDENT_AUTO_APPROVE.name, "true")).await.unwrap();
    world.db.batch_execute(&set(policy::GUEST_PASS_MAX_DAYS.name, "2")).await.unwrap();
    let body = json!({"visitor_name": "Leela", "phone": "9876543210", "flat_id": FLAT_101, "expected_end": "2099-01-01T00:00:00Z"});
    let refused =
        world.resident.post("/v1/visitors/guest-pass", body).await.refused(400, "VALIDATION_FAILED");
    assert_eq!(refused["details"][0]["problem"], "must be at most 2 days after expected_start");
    // The flat is vacant.
    let empty = "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE flat_id = $1";
    world.db.execute(empty, &[&FLAT_102]).await.unwrap();
    let newcomer = world.newcomer(Identity::of("welcome"));
    let request = newcomer
        .post("/v1/resident-requests", json!({"flat_id": FLAT_102, "requested_role": "owner"}))
        .await
        .data(201);
    assert_eq!(request["status"], "approved");
    assert_eq!(newcomer.get("/v1/my-flats").await.data(200)[0]["flat_number"], "102");
}
