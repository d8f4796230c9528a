//! The guard's app, on a day on which each of its screens is used.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    dart::{Dart, EMERGENCY, Reads, STATUS, read, read_all},
    gate,
    phone::{App, Call, Phone, milliseconds},
};
use crate::support::{
    World,
    world::{FLAT_101, FLAT_102, GREEN_ACRES, TOWER},
};

/// What the app can do: its calls, what its socket sends, and what it listens to.
const CALLS: [Call; 34] = [
    "GET /profile/me",
    "POST /fcm-token",
    "POST /guards/register-device",
    "GET /complexes?society_id",
    "GET /blocks?complex_id",
    "GET /flats?block_id",
    "POST /visitors, from the form",
    "POST /visitors, from the wizard",
    "GET /visitors",
    "GET /visitors?flat_id",
    "GET /visitors?status=accepted",
    "GET /visitors?status=denied",
    "GET /visitors?status=checked_in",
    "GET /visitors?status=pending",
    "GET /visitors?status=checked_out",
    "POST /visits/checkin, from the approvals",
    "POST /visits/checkin, from the scanner",
    "POST /visits/checkout",
    "GET /visits",
    "DELETE /visitors/rejected",
    "GET /visitors/by-qr/{text}",
    "GET /visitors/by-access-code/{code}",
    "POST /visitors/{id}/guard-respond",
    "GET /emergencies?limit",
    "POST /emergencies/{id}/address",
    "POST /emergencies/{id}/resolve",
    "connect, join_room, leave_room",
    "on request_approved",
    "on visitor_timeout",
    "on rejected_visitors_cleared",
    "on visitor_checkin",
    "on visitor_checkout",
    "on emergency_alert",
    "on emergency_updated",
];

/// A visitor in the lists of dashboard, approvals and all visitors.
const LISTED: Reads = &[
    ("id", Dart::Text),
    ("visitor_id", Dart::TextOrNull),
    ("visitor_name", Dart::Text),
    ("flat_number", Dart::Text),
    ("block_name", Dart::Text),
    ("purpose", Dart::Text),
    ("status", STATUS),
    ("invited_by_name", Dart::TextOrNull),
    ("approver_name", Dart::TextOrNull),
    ("expected_start", Dart::Time),
    ("created_at", Dart::Time),
    ("updated_at", Dart::TimeOrNull),
    ("timeout", Dart::FlagOrNull),
    ("visit_id", Dart::TextOrNull),
];
/// The screen after a scan.
const SCANNED: Reads = &[
    ("id", Dart::Text),
    ("visitor_name", Dart::Text),
    ("phone", Dart::Text),
    ("purpose", Dart::Text),
    ("number_of_people", Dart::WholeOrNull),
    ("flat_number", Dart::Text),
    ("block_name", Dart::Text),
    ("invited_by_name", Dart::TextOrNull),
    ("invited_by_phone", Dart::TextOrNull),
    ("expected_start", Dart::TimeOrNull),
    ("expected_end", Dart::TimeOrNull),
    ("status", STATUS),
    ("visit_id", Dart::TextOrNull),
];
/// A card of the list of emergencies.
const EMERGENCIES: Reads = &[
    ("id", Dart::Text),
    ("created_at", Dart::Time),
    ("flat_number", Dart::Text),
    ("block_name", Dart::Text),
    ("description", Dart::TextOrNull),
    ("reported_by_name", Dart::TextOrNull),
    ("reported_by_phone", Dart::TextOrNull),
    ("status", EMERGENCY),
];
/// An answer of the flat, which becomes a card of the approvals.
const APPROVED: Reads = &[
    ("visitor_id", Dart::Text),
    ("visitor_name", Dart::Text),
    ("approver_name", Dart::Text),
    ("decision", Dart::Word(&["accept", "deny"])),
    ("status", STATUS),
];
const TIMED_OUT: Reads = &[
    ("visitor_id", Dart::Text),
    ("visitor_name", Dart::Text),
    ("flat_number", Dart::Text),
    ("block_name", Dart::Text),
    ("purpose", Dart::TextOrNull),
];
const CLEARED: Reads = &[("deleted_count", Dart::Whole)];
const MOVED: Reads = &[("visitor_id", Dart::Text), ("visitor_name", Dart::Text), ("visit_id", Dart::Text)];
const ALERT: Reads = &[
    ("emergency_id", Dart::Text),
    ("flat_number", Dart::Text),
    ("block_name", Dart::Text),
    ("description", Dart::TextOrNull),
];
const UPDATED: Reads = &[
    ("emergency_id", Dart::Text),
    ("status", EMERGENCY),
    ("addressed_at", Dart::TimeOrNull),
    ("resolved_at", Dart::TimeOrNull),
];

#[tokio::test]
async fn the_guards_app_is_served() {
    let world = gate().await;
    // One resident has no name: phones sign in without.
    let nameless = "UPDATE users SET name = NULL WHERE id = $1";
    world.db.execute(nameless, &[&world.neighbour.user_id]).await.unwrap();
    let app = Phone::new(App::Guard, &world, &world.guard, &CALLS);
    let post = starts(&app).await;
    chooses_a_flat(&app).await;
    lets_a_visitor_in_and_out(&app, &world, &post).await;
    clears_the_denied(&app, &world).await;
    scans_a_pass(&app, &world).await;
    scans_what_is_no_good(&app, &world).await;
    answers_an_emergency(&app, &world).await;
    app.has_done_everything();
}

/// `app_initialization_service.dart`, `fcm_service.dart`, `visitor_service.dart`. Answers the guard's post.
async fn starts(app: &Phone<'_>) -> String {
    let profile = app.get("GET /profile/me", "/profile/me").await.data();
    read(&profile["guard"], &[("guard_id", Dart::Text), ("society_id", Dart::Text)]);
    read(&profile["user"], &[("id", Dart::Text)]);
    let phone = json!({"token": "gate-phone", "device_type": "android",
                       "device_info": {"platform": "android", "is_web": false}});
    app.post("POST /fcm-token", "/fcm-token", phone).await.succeeded();
    let phone = json!({"fcm_token": "gate-phone", "user_id": profile["user"]["id"],
                       "device_info": {"platform": "android", "app_version": "1.0.0"}});
    app.post("POST /guards/register-device", "/guards/register-device", phone).await.succeeded();
    profile["guard"]["guard_id"].as_str().unwrap().to_owned()
}

/// `society_repository.dart`, `visitor_entry_simple.dart`.
async fn chooses_a_flat(app: &Phone<'_>) {
    const PLACE: Reads = &[("id", Dart::Text), ("name", Dart::Text)];
    let complexes =
        app.get("GET /complexes?society_id", &format!("/complexes?society_id={GREEN_ACRES}")).await;
    assert_eq!(read_all(&complexes.data(), PLACE)[0]["id"], TOWER.to_string());
    let blocks = app.get("GET /blocks?complex_id", &format!("/blocks?complex_id={TOWER}")).await.data();
    for block in read_all(&blocks, PLACE) {
        let path = format!("/flats?block_id={}", block["id"].as_str().unwrap());
        let flats = app.get("GET /flats?block_id", &path).await.data();
        const FLAT: Reads =
            &[("id", Dart::Text), ("flat_number", Dart::Text), ("resident_name", Dart::TextOrNull)];
        for flat in read_all(&flats, FLAT) {
            let (_, number) = flat["flat_number"].as_str().unwrap().split_once('-').expect("`split('-')[1]`");
            assert!(number.starts_with(|c: char| c.is_ascii_digit()), "`int.parse` of {number}");
            // A flat without a name cannot be chosen, and somebody lives in each of these.
            assert!(flat["resident_name"].is_string(), "nobody could visit {flat}");
        }
    }
}

/// The form, the approvals, and what other phones are told meanwhile.
async fn lets_a_visitor_in_and_out(app: &Phone<'_>, world: &World, post: &str) {
    let mut socket = app.open_socket("connect, join_room, leave_room").await;
    assert_eq!(socket.join_society(GREEN_ACRES, world.guard.user_id).await, []);

    let entry = json!({
        "visitor_name": "Kiran", "phone": "+919876543210", "vehicle_no": null, "purpose": "cab/taxi", "flat_id": FLAT_101,
        "expected_start": app.clock(0).await, "expected_end": app.clock(2).await,
        "idempotency_key": format!("guard_{}", milliseconds()),
    });
    let made = app.post("POST /visitors, from the form", "/visitors", entry.clone()).await.data();
    app.is_in_hours(&made["visitor"]["expected_start"], 0).await;
    app.is_in_hours(&made["visitor"]["expected_end"], 2).await;
    // A guard who sees no answer sends the form again, as it was.
    let again = app.post("POST /visitors, from the form", "/visitors", entry).await.data();
    assert_eq!(again, made);

    let waiting = app.get("GET /visitors?status=pending", "/visitors?status=pending").await.data();
    let visitor = read_all(&waiting, LISTED)[0]["id"].as_str().unwrap().to_owned();
    world.answer(visitor.parse().unwrap(), "accept").await;
    let approved = app.hear(&mut socket, "on request_approved", APPROVED).await;
    assert_eq!((&approved["visitor_id"], &approved["approver_name"]), (&json!(visitor), &json!("Asha")));

    let accepted = app.get("GET /visitors?status=accepted", "/visitors?status=accepted").await.data();
    assert_eq!(read_all(&accepted, LISTED)[0]["id"], visitor);
    let entering = json!({"visitor_id": visitor, "guard_id": post, "checkin_method": "manual",
                          "notes": "Checked in via Approvals screen"});
    let visit =
        app.post("POST /visits/checkin, from the approvals", "/visits/checkin", entering).await.data();
    read(&visit, &[("id", Dart::Text)]);
    let inside = app.get("GET /visitors?status=checked_in", "/visitors?status=checked_in").await.data();
    assert_eq!(read_all(&inside, LISTED)[0]["visit_id"], visit["id"], "the way out leads over it");
    let leaving =
        json!({"visit_id": visit["id"], "guard_id": post, "notes": "Checked out via Approvals screen"});
    app.post("POST /visits/checkout", "/visits/checkout", leaving).await.succeeded();
    for event in ["on visitor_checkin", "on visitor_checkout"] {
        let told = app.hear(&mut socket, event, MOVED).await;
        assert_eq!((&told["visitor_id"], &told["visit_id"]), (&json!(visitor), &visit["id"]));
    }
    let gone = app.get("GET /visitors?status=checked_out", "/visitors?status=checked_out").await.data();
    assert_eq!(read_all(&gone, LISTED)[0]["id"], visitor);

    let period = format!(
        "/visits?limit=100&flat_id={FLAT_101}&from={}&to={}",
        app.clock(-1).await.replace(':', "%3A"),
        app.clock(1).await.replace(':', "%3A")
    );
    assert_eq!(
        read_all(&app.get("GET /visits", &period).await.data(), &[("id", Dart::Text)])[0]["id"],
        visit["id"]
    );
    socket.emit("leave_room", json!({"room_type": "society", "room_id": GREEN_ACRES})).await;
    socket.told_until("room_left").await;
}

/// One is denied by the flat and one by time; the guard clears both away.
async fn clears_the_denied(app: &Phone<'_>, world: &World) {
    let mut socket = app.open_socket("connect, join_room, leave_room").await;
    socket.join_society(GREEN_ACRES, world.guard.user_id).await;
    let mut ids: Vec<Uuid> = Vec::new();
    for (name, key) in [("Kiran", milliseconds()), ("Omar", milliseconds() + 1)] {
        let entry = json!({
            "visitor_name": name, "phone": "+919876543211", "purpose": "delivery", "flat_id": FLAT_101,
            "expected_start": app.clock(0).await, "expected_end": app.clock(2).await, "idempotency_key": format!("guard_{key}"),
        });
        let made = app.post("POST /visitors, from the wizard", "/visitors", entry).await.data();
        ids.push(made["visitor"]["id"].as_str().unwrap().parse().unwrap());
    }
    world.answer(ids[0], "deny").await;
    let denied = app.hear(&mut socket, "on request_approved", APPROVED).await;
    assert_eq!((&denied["decision"], &denied["status"]), (&json!("deny"), &json!("denied")));
    world
        .db
        .execute("UPDATE visitors SET approval_deadline = now() WHERE id = $1", &[&ids[1]])
        .await
        .unwrap();
    let late = format!("/v1/visitors/{}/respond", ids[1]);
    world.spouse.post(&late, json!({"decision": "accept"})).await.refused(409, "DEADLINE_PASSED");
    let timed_out = app.hear(&mut socket, "on visitor_timeout", TIMED_OUT).await;
    assert_eq!(timed_out["visitor_id"], ids[1].to_string());

    let all = app.get("GET /visitors", "/visitors").await.data();
    assert_eq!(read_all(&all, LISTED).len(), 3);
    let flat = app.get("GET /visitors?flat_id", &format!("/visitors?flat_id={FLAT_101}")).await.data();
    assert_eq!(read_all(&flat, LISTED).len(), 3);
    let rejected = app.get("GET /visitors?status=denied", "/visitors?status=denied").await.data();
    assert_eq!(read_all(&rejected, LISTED).len(), 2);
    let cleared = app.delete("DELETE /visitors/rejected", "/visitors/rejected", None).await.succeeded();
    read(&cleared, CLEARED);
    let told = app.hear(&mut socket, "on rejected_visitors_cleared", CLEARED).await;
    assert_eq!((&cleared["deleted_count"], &told["deleted_count"]), (&json!(2), &json!(2)));
    let rejected = app.get("GET /visitors?status=denied", "/visitors?status=denied").await.data();
    assert_eq!(rejected, json!([]));
}

/// `qr_scanner_screen.dart`: scanned, approved and checked in in one tap, and scanned again on the way out and after.
async fn scans_a_pass(app: &Phone<'_>, world: &World) {
    let pass = world.make_pass().await;
    let by_code = format!("/visitors/by-access-code/{}", pass["access_code"].as_str().unwrap());
    let by_qr = format!("/visitors/by-qr/{}", pass["qr_code"].as_str().unwrap());
    let scanned = app.get("GET /visitors/by-access-code/{code}", &by_code).await.data();
    read(&scanned, SCANNED);
    assert_eq!(scanned, app.get("GET /visitors/by-qr/{text}", &by_qr).await.data());
    // "Approve & Check In" is offered.
    assert_eq!((&scanned["status"], &scanned["visit_id"]), (&json!("pending"), &Value::Null));

    let path = format!("/visitors/{}/guard-respond", scanned["id"].as_str().unwrap());
    let approve = json!({"decision": "accept", "note": "Guest pass verified at gate"});
    let enter = json!({"visitor_id": scanned["id"]});
    app.post("POST /visitors/{id}/guard-respond", &path, approve.clone()).await.succeeded();
    // The network fails, and the button is pressed once more.
    app.post("POST /visitors/{id}/guard-respond", &path, approve).await.succeeded();
    let visit = app.post("POST /visits/checkin, from the scanner", "/visits/checkin", enter).await.data();

    let inside = app.get("GET /visitors/by-qr/{text}", &by_qr).await.data();
    read(&inside, SCANNED);
    assert_eq!(inside["visit_id"], visit["id"], "\"Already Checked In\"");
    let leaving = json!({"visit_id": visit["id"], "guard_id": visit["guard_id"], "notes": "Checked out via Approvals screen"});
    app.post("POST /visits/checkout", "/visits/checkout", leaving).await.succeeded();
    let used = app.get("GET /visitors/by-qr/{text}", &by_qr).await.data();
    read(&used, SCANNED);
    assert_eq!((&used["status"], &used["visit_id"]), (&json!("checked_out"), &Value::Null));
}

/// What the dialog says where a pass is withdrawn, outside its window, or none at all.
async fn scans_what_is_no_good(app: &Phone<'_>, world: &World) {
    let by_qr = |pass: &Value| format!("/visitors/by-qr/{}", pass["qr_code"].as_str().unwrap());
    let pass = world.make_pass().await;
    world.answer(pass["id"].as_str().unwrap().parse().unwrap(), "deny").await;
    let shown = app.get("GET /visitors/by-qr/{text}", &by_qr(&pass)).await.shown();
    assert_eq!(shown, "Error 409: This pass was withdrawn: a resident of the flat took it back.");

    let pass = world.make_pass().await;
    for (window, sentence) in [
        (
            "expected_start = now() + interval '1 h', expected_end = now() + interval '2 h'",
            "This pass is not valid yet.",
        ),
        (
            "expected_start = now() - interval '2 h', expected_end = now() - interval '1 h'",
            "This pass has expired.",
        ),
    ] {
        let id: Uuid = pass["id"].as_str().unwrap().parse().unwrap();
        world.db.execute(&format!("UPDATE visitors SET {window} WHERE id = $1"), &[&id]).await.unwrap();
        let shown = app.get("GET /visitors/by-qr/{text}", &by_qr(&pass)).await.shown();
        assert_eq!(shown, format!("Error 400: {sentence}"));
    }

    for text in [
        "0b8f6c1e-2d4a-4c57-9a3e-7f1d2c3b4a59",
        "Milk, 2 l",
        "WIFI:T:WPA;S:Clubhouse;P:secret;;",
        "upi:pay",
        "https://example.com/menu?table=7#top",
        "https://example.com/",
    ] {
        let shown = app.get("GET /visitors/by-qr/{text}", &format!("/visitors/by-qr/{text}")).await.shown();
        assert_eq!(shown, "Error 404: No pass has this code.", "{text}");
    }
    let shown =
        app.get("GET /visitors/by-access-code/{code}", "/visitors/by-access-code/ZZZZZZ").await.shown();
    assert_eq!(shown, "Error 404: No pass has this code.");
}

/// The alarm sounds once for each emergency, and at a reconnection only where nobody is on it.
async fn answers_an_emergency(app: &Phone<'_>, world: &World) {
    let mut socket = app.open_socket("connect, join_room, leave_room").await;
    assert_eq!(socket.join_society(GREEN_ACRES, world.guard.user_id).await, []);
    let mut ids = Vec::new();
    for (who, body) in [
        (
            &world.resident,
            json!({"flat_id": FLAT_101, "description": "Emergency alert triggered by resident"}),
        ),
        (&world.neighbour, json!({"flat_id": FLAT_102})),
    ] {
        let made = who.post("/v1/emergencies", body).await.data(201);
        let alert = app.hear(&mut socket, "on emergency_alert", ALERT).await;
        assert_eq!(alert["emergency_id"], made["id"]);
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let listed = app.get("GET /emergencies?limit", "/emergencies?limit=100").await.data();
    assert_eq!(read_all(&listed, EMERGENCIES).len(), 2);

    let address = format!("/emergencies/{}/address", ids[0]);
    app.post_nothing("POST /emergencies/{id}/address", &address).await.succeeded();
    let told = app.hear(&mut socket, "on emergency_updated", UPDATED).await;
    assert_eq!((&told["emergency_id"], &told["status"]), (&json!(ids[0]), &json!("addressed")));
    assert!(told["addressed_at"].is_string(), "{told}");

    let mut back = app.open_socket("connect, join_room, leave_room").await;
    let told = back.join_society(GREEN_ACRES, world.guard.user_id).await;
    let told: Vec<_> =
        told.iter().map(|(event, data)| (event.as_str(), data["emergency_id"].as_str().unwrap())).collect();
    assert_eq!(told, [("emergency_alert", &*ids[1]), ("emergency_updated", &*ids[0])]);

    let resolve = format!("/emergencies/{}/resolve", ids[0]);
    app.post_nothing("POST /emergencies/{id}/resolve", &resolve).await.succeeded();
    let told = app.hear(&mut socket, "on emergency_updated", UPDATED).await;
    assert_eq!((&told["emergency_id"], &told["status"]), (&json!(ids[0]), &json!("resolved")));
    assert!(told["resolved_at"].is_string(), "{told}");
}
