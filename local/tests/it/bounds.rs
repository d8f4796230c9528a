//! What people and phones may send has an end: in depth, in size, in number, in time, and in signs.

use futures_util::future::join_all;
use serde_json::{Value, json};
use stack::Identity;
use uuid::Uuid;

use crate::support::{Actor, Dice, Reply, World, world::FLAT_101};

/// A list in a list, so many times.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!("the last"), |inner, _| json!([inner]))
}

/// As Firebase writes tokens, of which no part comes again.
fn token(length: usize, seed: u64) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut dice = Dice(seed);
    (0..length).map(|_| char::from(dice.pick(SIGNS))).collect()
}

impl World {
    async fn log(&self, more: Value) -> Reply {
        let mut body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.guard.post("/v1/visitors", body).await
    }

    async fn pass(&self, more: Value) -> Reply {
        let mut body = json!({"visitor_name": "Leela", "phone": "9876543210", "flat_id": FLAT_101});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.resident.post("/v1/visitors/guest-pass", body).await
    }
}

/// JSON of an app's own is answered as it was sent, or is refused before anything is written.
#[tokio::test]
async fn json_of_an_apps_own_is_bounded_before_it_is_written() {
    let world = World::open().await;
    for depth in [120, 60, 17] {
        let info = json!({"a": nested(depth - 1)});
        for (path, body) in [
            ("/v1/fcm-token", json!({"token": "t", "device_info": info})),
            ("/v1/guards/register-device", json!({"device_identifier": "d", "device_info": info})),
            (
                "/v1/resident-requests",
                json!({"flat_id": FLAT_101, "requested_role": "owner", "docs": nested(depth)}),
            ),
        ] {
            world.stranger.post(path, body).await.refused(400, "VALIDATION_FAILED");
        }
    }
    // PostgreSQL would write out all of its places.
    let tiny = json!({"token": "t", "device_info": {"a": [1e-300]}});
    world.stranger.post("/v1/fcm-token", tiny).await.refused(400, "VALIDATION_FAILED");
    for table in ["devices", "resident_requests", "audit_logs"] {
        assert_eq!(world.count(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }

    let info = json!({"a": nested(15)});
    let phone = json!({"token": "t", "device_info": info});
    assert_eq!(world.stranger.post("/v1/fcm-token", phone).await.data(200)["device_info"], info);
    assert_eq!(world.stranger.get("/v1/fcm-tokens").await.data(200)[0]["device_info"], info);
    let docs = json!({"flat_id": FLAT_101, "requested_role": "owner", "docs": nested(16)});
    assert_eq!(world.stranger.post("/v1/resident-requests", docs).await.data(201)["docs"], nested(16));
}

/// A token that the index cannot hold is refused; ten times what Firebase's have is taken.
#[tokio::test]
async fn a_push_token_is_no_longer_than_its_index_holds() {
    let world = World::open().await;
    for length in [2049, 2704, 4096, 9000] {
        let long = token(length, 1);
        for (path, field) in [("/v1/fcm-token", "token"), ("/v1/guards/register-device", "fcm_token")] {
            let refused =
                world.guard.post(path, json!({field: long})).await.refused(400, "VALIDATION_FAILED");
            assert_eq!(refused["details"][0]["field"], field, "{length}");
        }
    }
    let longest = token(2048, 2);
    world.guard.post("/v1/fcm-token", json!({"token": longest})).await.data(200);
    assert_eq!(world.guard.get("/v1/fcm-tokens").await.data(200)[0]["token"], longest);
}

/// A phone that says something else each day is known by what it said last, not by all it ever said.
#[tokio::test]
async fn what_a_phone_says_of_itself_does_not_grow() {
    let world = World::open().await;
    let say = |path: &'static str, info: Value| {
        let body = json!({"token": "t", "fcm_token": "f", "device_identifier": "d", "device_info": info});
        world.guard.post(path, body)
    };
    for path in ["/v1/fcm-token", "/v1/guards/register-device"] {
        say(path, json!({"platform": "android"})).await.data(200);
        say(path, json!({"version": "1.4"})).await.data(200);
        let both = "SELECT count(*) FROM devices WHERE device_info = '{\"platform\": \"android\", \"version\": \"1.4\"}'";
        assert_eq!(world.count(both).await, 1, "{path}: what fits is kept beside the new");
        for day in 0..12 {
            let mut info = json!({});
            info[format!("day {day}")] = json!("x".repeat(1500));
            say(path, info).await.data(200);
        }
        assert!(
            world.count("SELECT max(length(device_info::text))::bigint FROM devices").await <= 2000,
            "{path}"
        );
        let last = "SELECT count(*) FROM devices WHERE device_info ? 'day 11'";
        assert_eq!(world.count(last).await, 1, "{path}");
        world.db.execute("DELETE FROM devices", &[]).await.unwrap();
    }
}

/// A twenty-first phone takes the place of the one that was not heard of for longest; a ring reaches twenty.
#[tokio::test]
async fn a_user_has_twenty_phones_at_most() {
    let world = World::open().await;
    world.neighbour.register_phone("of-the-neighbour").await;
    for number in 0..25 {
        world.resident.register_phone(&format!("phone-{number}")).await;
        if number == 22 {
            // It is heard of again.
            world.resident.register_phone("phone-4").await;
        }
    }
    let tokens = world.resident.get("/v1/fcm-tokens").await.data(200);
    let mut tokens: Vec<String> =
        tokens.as_array().unwrap().iter().map(|phone| phone["token"].as_str().unwrap().to_owned()).collect();
    tokens.sort_unstable();
    let mut expected: Vec<String> =
        [4].into_iter().chain(6..25).map(|number| format!("phone-{number}")).collect();
    expected.sort_unstable();
    assert_eq!(tokens, expected);

    // Those that the app names count, too, and so do those that come all at once.
    let register = |number: usize| {
        let body =
            json!({"device_identifier": format!("gate-{number}"), "fcm_token": format!("gate-{number}")});
        world.resident.post("/v1/guards/register-device", body)
    };
    for reply in join_all((0..30).map(register)).await {
        reply.data(200);
    }
    let of = |actor: &Actor| format!("SELECT count(*) FROM devices WHERE user_id = '{}'", actor.user_id);
    assert_eq!(world.count(&of(&world.resident)).await, 20);
    assert_eq!(world.count(&of(&world.neighbour)).await, 1, "other users' phones stay");
    world.log_visitor().await;
    assert_eq!(
        world.count("SELECT (SELECT count(*) FROM deliveries WHERE kind = 'visitor_request') + (SELECT count(*) FROM notifications WHERE kind = 'visitor_request')").await,
        20
    );
}

/// An Aadhaar number is found in each field that takes a text, whatever stands between its digits.
#[tokio::test]
async fn an_aadhaar_number_is_found_behind_any_separators_in_every_field() {
    let world = World::open().await;
    let none = Uuid::now_v7();
    let numbers = [
        "9999  4105  7058",
        "9999/4105/7058",
        "9999_4105_7058",
        "9999, 4105, 7058",
        "9999:4105:7058",
        "9999\u{b7}4105\u{b7}7058",
        "+9999 4105 7058",
        "seen: (9999) [4105] <7058>",
        "۹۹۹۹ ۴۱۰۵ ۷۰۵۸",
    ];
    let respond = format!("/v1/visitors/{none}/respond");
    let guard_respond = format!("/v1/visitors/{none}/guard-respond");
    let approve = format!("/v1/resident-requests/{none}/approve");
    let visitor = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
    let request = json!({"flat_id": FLAT_101, "requested_role": "owner"});
    for (path, body, fields) in [
        ("/v1/visitors", &visitor, &["visitor_name", "purpose", "vehicle_no", "id_type", "id_number"][..]),
        ("/v1/visitors/guest-pass", &visitor, &["visitor_name", "purpose"]),
        (&respond, &json!({"decision": "accept"}), &["note"]),
        (&guard_respond, &json!({"decision": "accept"}), &["note"]),
        ("/v1/visits/checkin", &json!({"visitor_id": none}), &["checkin_method", "notes"]),
        ("/v1/visits/checkout", &json!({"visit_id": none}), &["notes"]),
        ("/v1/emergencies", &json!({"flat_id": FLAT_101}), &["description"]),
        ("/v1/resident-requests", &request, &["docs", "note"]),
        (&approve, &json!({}), &["note"]),
        ("/v1/guards/register-device", &json!({}), &["device_identifier"]),
        ("/v1/fcm-token", &json!({"token": "t"}), &["device_info"]),
    ] {
        for field in fields {
            for number in numbers {
                let mut body = body.clone();
                body[field] = match *field {
                    "docs" => json!([{"name": "proof", "text": number}]),
                    "device_info" => json!({"owner": number}),
                    _ => json!(number),
                };
                world.guard.post(path, body).await.refused(400, "AADHAAR_NOT_ACCEPTED");
            }
        }
    }
    // Behind a plus there is a phone, but not in the number of an ID.
    world.log(json!({"id_number": "+999941057058"})).await.refused(400, "AADHAAR_NOT_ACCEPTED");
    let docs = |docs: Value| {
        let body = json!({"flat_id": FLAT_101, "requested_role": "owner", "docs": docs});
        world.stranger.post("/v1/resident-requests", body)
    };
    for wrong in
        [json!(["9999", "4105", "7058"]), json!({"id": [9999, 4105, 7058]}), json!([999_941_057_058_u64])]
    {
        docs(wrong).await.refused(400, "AADHAAR_NOT_ACCEPTED");
    }
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 0);
}

/// Numbers of phones, days and flats are what people write down at a gate.
#[tokio::test]
async fn phones_and_days_are_no_aadhaar_numbers() {
    let world = World::open().await;
    for number in 0..10 {
        for note in [
            format!("call +91 98765 4321{number}"),
            format!("call +91987654321{number}"),
            format!("987654321{number}, 12 people"),
            format!("98765-4321{number} / 24"),
            format!("since 2026-11-24 10:1{number}"),
            format!("left 24/11/2026, 10.1{number}"),
            format!("for 201, 202, 203, 204, 20{number}"),
        ] {
            world.log(json!({"purpose": note})).await.data(201);
        }
    }
}

/// What is shown is what was typed: one line, nothing hidden, and letters of every script of India.
#[tokio::test]
async fn names_hold_nothing_that_nobody_sees() {
    let world = World::open().await;
    let hidden = [
        "Ki\nran",
        "Ki\r\nran",
        "Ki\tran",
        "Ki\u{2028}ran",
        "Ki\u{202e}nar",
        "Ki\u{2066}ran\u{2069}",
        "Ki\u{200e}ran",
        "Ki\u{61c}ran",
        "Ki\u{200b}ran",
        "Ki\u{200d}ran",
        "Ki\u{200c}ran",
        "Ki\u{feff}ran",
        "Ki\u{ad}ran",
        "Ki\u{3164}ran",
        "Ki\u{e0041}ran",
        "Ki\u{7f}ran",
    ];
    for name in hidden {
        for reply in [
            world.log(json!({"visitor_name": name})).await,
            world.log(json!({"vehicle_no": name})).await,
            world.pass(json!({"visitor_name": name})).await,
            world
                .resident
                .send(reqwest::Method::PATCH, "/v1/profile/me", Some(json!({"name": name})), None)
                .await,
        ] {
            let refused = reply.refused(400, "VALIDATION_FAILED");
            assert!(refused["error"].as_str().unwrap().contains(" must "), "{refused}");
        }
    }
    for name in [
        "രാജന്\u{200d}",
        "क्\u{200d}षमा",
        "خوش\u{200c}نما",
        "রায়",
        "K. R. Ratan",
        "D'Souza-Nair",
        "Omar 👩\u{200d}👧",
    ] {
        let made = world.log(json!({"visitor_name": name})).await.data(201);
        assert_eq!(made["visitor"]["visitor_name"], name);
    }
    // A note has lines, of one kind.
    let id = world.log_visitor().await;
    let note = json!({"decision": "accept", "note": "Leave it\r\nat the door"});
    let path = format!("/v1/visitors/{id}/respond");
    world
        .resident
        .post(&path, json!({"decision": "accept", "note": "a\u{202e}b"}))
        .await
        .refused(400, "VALIDATION_FAILED");
    world.resident.post(&path, note).await.data(200);
    let stored: String = world.db.query_one("SELECT note FROM visitor_approvals", &[]).await.unwrap().get(0);
    assert_eq!(stored, "Leave it\nat the door");
}

/// A name goes to a phone under the system's registered sender, so it takes nobody anywhere.
#[tokio::test]
async fn a_name_that_is_sent_on_holds_no_link() {
    let world = World::open().await;
    for name in [
        "Your KYC is blocked, pay at http://pay.example",
        "Pay at bit.ly/3x",
        "WWW.PAY",
        "kyc-update.com",
        "Pay.In",
        "t.me/gate",
        "refund@okbank",
        "10.20.30.40",
    ] {
        let sentence = "The visitor's name must not contain a link; put a blank behind a dot.";
        assert_eq!(
            world.log(json!({"visitor_name": name})).await.refused(400, "VALIDATION_FAILED")["error"],
            sentence
        );
        assert_eq!(
            world.pass(json!({"visitor_name": name})).await.refused(400, "VALIDATION_FAILED")["error"],
            sentence
        );
    }
    for name in ["Dr.Ratan", "A.K.Dev", "Omar @ Swiggy", "Mohd.Omar", "Omar/Zubin"] {
        world.pass(json!({"visitor_name": name})).await.data(201);
    }
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 5);
}

/// The name in a token is whatever its user typed elsewhere: what fits is taken, the rest is not.
#[tokio::test]
async fn a_name_from_elsewhere_is_cut_or_left_out() {
    let world = World::open().await;
    let long = "n".repeat(500);
    for (number, (name, taken)) in [
        ("  Nila ", Some("Nila")),
        (&long, Some(&long[..120])),
        ("Gate\u{202e}keeper", None),
        ("Ni\u{200b}la", None),
        ("Ni\nla", None),
        ("Help at pay.com", None),
        ("9999 4105 7058", None),
    ]
    .into_iter()
    .enumerate()
    {
        let newcomer = world.newcomer(Identity::of(&format!("named-{number}")).name(name));
        assert_eq!(newcomer.get("/v1/profile/me").await.data(200)["user"]["name"], json!(taken), "{name:?}");
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
