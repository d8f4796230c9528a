//! The resident's app, from the first start to the last screen.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    dart::{Dart, Reads, STATUS, read, read_all},
    gate,
    phone::{App, Call, Phone},
};
use crate::support::{
    Actor, World, eventually,
    world::{BLOCK_A, FLAT_101, GREEN_ACRES, TOWER},
};

/// What the app can do: its calls, what its socket sends, what it listens to, and the messages it is woken by.
const CALLS: [Call; 24] = [
    "GET /cities",
    "GET /societies?city",
    "GET /complexes?society_id",
    "GET /blocks?complex_id",
    "GET /flats?block_id",
    "POST /resident-requests",
    "POST /resident-requests/ensure-occupancy",
    "GET /resident-requests/my-flats",
    "POST /fcm-token",
    "DELETE /fcm-token",
    "GET /visitors/pending",
    "GET /visitors/{id}",
    "GET /visitors?flat_id",
    "POST /visitors/{id}/respond, accept, of the approvals",
    "POST /visitors/{id}/respond, deny, of the approvals",
    "POST /visitors/{id}/respond, accept, of my visitors",
    "POST /visitors/{id}/respond, deny, of my visitors",
    "POST /visitors/{id}/respond, deny, of a pass",
    "POST /visitors/guest-pass",
    "POST /emergencies",
    "connect, join_room",
    "leave_room",
    "on visitor_request",
    "a message of FCM",
];

/// `Visitor.fromJson`.
const VISITOR: Reads = &[
    ("id", Dart::Text),
    ("visitor_name", Dart::Text),
    ("phone", Dart::Text),
    ("vehicle_no", Dart::TextOrNull),
    ("purpose", Dart::TextOrNull),
    ("expected_start", Dart::Time),
    ("expected_end", Dart::TimeOrNull),
    ("status", STATUS),
    ("created_at", Dart::Time),
    ("guard_note", Dart::TextOrNull),
    ("qr_code", Dart::TextOrNull),
    ("approval_deadline", Dart::TimeOrNull),
    ("flat_id", Dart::TextOrNull),
    ("flat_number", Dart::TextOrNull),
    ("block_name", Dart::TextOrNull),
    ("complex_name", Dart::TextOrNull),
];
/// A card of "My Visitors", and of the visitors of today.
const LISTED: Reads = &[
    ("id", Dart::Text),
    ("visitor_name", Dart::Text),
    ("purpose", Dart::Text),
    ("phone", Dart::Text),
    ("status", STATUS),
    ("expected_start", Dart::Time),
    ("created_at", Dart::Time),
];
/// What is kept of a home.
const HOME: Reads = &[
    ("flat_id", Dart::Text),
    ("flat_number", Dart::Text),
    ("block_name", Dart::Text),
    ("society_name", Dart::Text),
    ("city", Dart::Text),
    ("is_primary", Dart::FlagOrNull),
];
const ASKED: Reads =
    &[("visitor_name", Dart::TextOrNull), ("purpose", Dart::TextOrNull), ("flat_number", Dart::TextOrNull)];

#[tokio::test]
async fn the_residents_app_is_served() {
    let world = gate().await;
    let newcomer = world.newcomer(stack::Identity::of("dev").phone("+919811112222"));
    let app = Phone::new(App::Resident, &world, &newcomer, &CALLS);
    moves_in(&app, &world).await;
    is_rung(&app, &world).await;
    answers(&app, &world).await;
    invites(&app, &world).await;
    calls_for_help_and_signs_out(&app, &world, &newcomer).await;
    app.has_done_everything();
}

/// `metadata_repository.dart`, `auth_controller.dart`: the flat is looked for, asked for and granted.
async fn moves_in(app: &Phone<'_>, world: &World) {
    assert_eq!(
        app.get("GET /resident-requests/my-flats", "/resident-requests/my-flats").await.data(),
        json!([])
    );
    // The app makes an id of a city's name and a name of the id again: each word with its first letter in upper case.
    world
        .db
        .batch_execute("UPDATE societies SET city = 'McLeod Ganj' WHERE name = 'Blue Hills'")
        .await
        .unwrap();
    let cities = app.get("GET /cities", "/cities").await.data();
    for city in cities.as_array().expect("`List<String>.from`") {
        let id = city.as_str().expect("a text").to_lowercase().replace(' ', "_");
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        let name = id.split('_').map(capital).collect::<Vec<_>>().join("+");
        let societies = app.get("GET /societies?city", &format!("/societies?city={name}")).await.data();
        read_all(&societies, &[("id", Dart::Text), ("name", Dart::Text), ("address", Dart::TextOrNull)]);
    }
    let path = format!("/complexes?society_id={GREEN_ACRES}");
    let complexes = app.get("GET /complexes?society_id", &path).await.data();
    assert_eq!(read_all(&complexes, &[("id", Dart::Text)])[0]["id"], TOWER.to_string());
    let blocks = app.get("GET /blocks?complex_id", &format!("/blocks?complex_id={TOWER}")).await.data();
    read_all(&blocks, &[("id", Dart::Text), ("name", Dart::Text)]);
    let flats = app.get("GET /flats?block_id", &format!("/flats?block_id={BLOCK_A}")).await.data();
    read_all(&flats, &[("id", Dart::Text), ("flat_number", Dart::Text), ("bhk", Dart::WholeOrNull)]);

    let ask = json!({"flat_id": FLAT_101, "requested_role": "owner", "note": "Resident registration from mobile app"});
    let request = app.post("POST /resident-requests", "/resident-requests", ask).await.data();
    let ensure = json!({"flat_id": FLAT_101, "role": "owner"});
    let path = "/resident-requests/ensure-occupancy";
    let call = "POST /resident-requests/ensure-occupancy";
    let shown = app.post(call, path, ensure.clone()).await.shown();
    assert_eq!(shown, "Error 409: An admin of your society has to confirm first that you live there.");
    let approve = format!("/v1/resident-requests/{}/approve", request["id"].as_str().unwrap());
    world.admin.post(&approve, json!({})).await.data(200);
    let ensured = app.post(call, path, ensure).await.data();
    read(&ensured, &[("created", Dart::FlagOrNull)]);
    let homes = app.get("GET /resident-requests/my-flats", "/resident-requests/my-flats").await.data();
    assert_eq!(read_all(&homes, HOME)[0]["is_primary"], true);
}

/// `fcm_service.dart`, `socket_service.dart`: a visitor rings through both.
async fn is_rung(app: &Phone<'_>, world: &World) {
    let phone = json!({"token": "dev-phone", "device_type": "android",
                       "device_info": {"platform": "android", "version": "TP1A.220624.014"}});
    app.post("POST /fcm-token", "/fcm-token", phone).await.succeeded();
    let mut socket = app.open_socket("connect, join_room").await;
    assert_eq!(socket.join_flat(FLAT_101).await, []);
    let visitor = world.log_visitor().await;
    let asked = app.hear(&mut socket, "on visitor_request", ASKED).await;
    assert_eq!(asked["visitor_name"], "Kiran");

    app.note("a message of FCM");
    eventually("the phone was handed a message", async || !world.stack.messages().handed().is_empty()).await;
    let handed = world.stack.messages().handed().remove(0);
    let notification = &handed.message["notification"];
    read(notification, &[("title", Dart::Text), ("body", Dart::Text)]);
    let data = &handed.message["data"];
    assert!(data.as_object().unwrap().values().all(Value::is_string), "`message.data` holds texts: {data}");
    // A tap leads to the approvals by either of these.
    assert_eq!((&data["screen"], &data["type"]), (&json!("visitor_approvals"), &json!("visitor_request")));
    let android = &handed.message["android"]["notification"];
    assert_eq!(
        (&android["channel_id"], &android["click_action"]),
        (&json!("visitor_requests"), &Value::Null)
    );

    app.note("leave_room");
    socket.emit("leave_room", json!({"room_type": "flat", "room_id": FLAT_101})).await;
    socket.told_until("room_left").await;
    world.answer(visitor, "deny").await;
}

/// `visitor_repository.dart`, `my_visitors_screen.dart`: both lists offer both answers.
async fn answers(app: &Phone<'_>, world: &World) {
    assert_eq!(app.get("GET /visitors/pending", "/visitors/pending").await.data(), json!([]));
    for (call, decision, note, status) in [
        ("POST /visitors/{id}/respond, accept, of the approvals", "accept", true, "accepted"),
        ("POST /visitors/{id}/respond, deny, of the approvals", "deny", true, "denied"),
        ("POST /visitors/{id}/respond, accept, of my visitors", "accept", false, "accepted"),
        ("POST /visitors/{id}/respond, deny, of my visitors", "deny", false, "denied"),
    ] {
        let visitor = world.log_visitor().await;
        let waiting = app.get("GET /visitors/pending", "/visitors/pending").await.data();
        assert_eq!(read_all(&waiting, VISITOR)[0]["id"], visitor.to_string());
        let mut answer = json!({"decision": decision});
        if note {
            answer["note"] = Value::Null;
        }
        app.post(call, &format!("/visitors/{visitor}/respond"), answer).await.succeeded();
        let one = app.get("GET /visitors/{id}", &format!("/visitors/{visitor}")).await.data();
        read(&one, VISITOR);
        assert_eq!(one["status"], status);
    }
    let listed = app.get("GET /visitors?flat_id", &format!("/visitors?flat_id={FLAT_101}")).await.data();
    assert_eq!(read_all(&listed, LISTED).len(), 5);
}

/// `create_guest_pass_screen.dart`: a pass from a time of the phone's to another one, taken back in the list.
async fn invites(app: &Phone<'_>, world: &World) {
    let qr = Uuid::new_v4();
    // The picker has minutes, and what it was not asked for has microseconds.
    let until = app.clock(24).await;
    let until = format!("{}:00.000", &until[..16]);
    let pass = json!({
        "visitor_name": "Leela", "phone": "+919876543219", "purpose": "Guest Visit", "flat_id": FLAT_101,
        "expected_start": app.clock(0).await, "expected_end": until, "qr_code": qr, "number_of_people": 2,
    });
    let made = app.post("POST /visitors/guest-pass", "/visitors/guest-pass", pass).await.data();
    read(&made["visitor"], &[("access_code", Dart::Text)]);
    app.is_in_hours(&made["visitor"]["expected_start"], 0).await;
    app.is_in_hours(&made["visitor"]["expected_end"], 24).await;
    // It is good at the gate.
    let scanned = world.guard.get(&format!("/v1/visitors/by-qr/{qr}")).await.data(200);
    assert_eq!(scanned["access_code"], made["visitor"]["access_code"]);
    assert_eq!(app.get("GET /visitors/pending", "/visitors/pending").await.data(), json!([]));

    let path = format!("/visitors/{}/respond", scanned["id"].as_str().unwrap());
    let shown = app
        .post("POST /visitors/{id}/respond, accept, of my visitors", &path, json!({"decision": "accept"}))
        .await
        .shown();
    assert_eq!(shown, "Error 409: A guest pass needs no answer: it can be used, or withdrawn.");
    let call = "POST /visitors/{id}/respond, deny, of a pass";
    app.post(call, &path, json!({"decision": "deny"})).await.succeeded();
    app.post(call, &path, json!({"decision": "deny"})).await.succeeded();
    let listed = app.get("GET /visitors?flat_id", &format!("/visitors?flat_id={FLAT_101}")).await.data();
    let listed = read_all(&listed, LISTED).iter().find(|visitor| visitor["id"] == scanned["id"]).unwrap();
    assert_eq!(listed["status"], "denied");

    let long = json!({
        "visitor_name": "Leela", "phone": "+919876543219", "purpose": "Family", "flat_id": FLAT_101,
        "expected_start": app.clock(0).await, "expected_end": app.clock(24 * 89).await, "qr_code": Uuid::new_v4(),
        "number_of_people": 1,
    });
    // The picker offers ninety days, and the sentence is all that is shown.
    let shown = app.post("POST /visitors/guest-pass", "/visitors/guest-pass", long).await.shown();
    assert!(shown.starts_with("Error 400: ") && shown.contains("30 days") && shown.ends_with('.'), "{shown}");
}

/// `home_screen.dart`, and the end of `fcm_service.dart`.
async fn calls_for_help_and_signs_out(app: &Phone<'_>, world: &World, newcomer: &Actor) {
    let help = json!({"flat_id": FLAT_101, "description": "Emergency alert triggered by resident"});
    app.post("POST /emergencies", "/emergencies", help).await.succeeded();
    assert_eq!(world.count("SELECT count(*) FROM emergencies").await, 1);
    app.delete("DELETE /fcm-token", "/fcm-token", Some(json!({"token": "dev-phone"}))).await.succeeded();
    assert_eq!(newcomer.get("/v1/fcm-tokens").await.data(200), json!([]));
}
