//! Bad input: a clear 4xx that names every problem, never a 500, and nothing written.

use serde_json::{Value, json};

use crate::support::{
    Reply, World,
    world::{FLAT_101, GREEN_ACRES},
};

/// What a field takes, by which the values it must refuse are chosen.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// Text of one line.
    Line,
    /// Text of one line without links.
    Name,
    Phone,
    Id,
    Time,
    Word,
    Whole,
    Token,
    Info,
    List,
    Ids,
}

/// An object in an object, so many times.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!({"a": inner}))
}

fn refused_by(kind: Kind) -> Vec<Value> {
    let not_text = [json!(5), json!(true), json!([]), json!({"a": 1})];
    let text = |more: &[&str]| not_text.iter().cloned().chain(more.iter().map(|text| json!(text))).collect();
    match kind {
        Kind::Text => {
            let mut values: Vec<Value> = text(&[
                "a\u{0}b",
                "a\u{7}b",
                "a\u{202e}b",
                "a\u{200b}b",
                "a\u{200d}b",
                "9999 4105 7058",
                "9999,  4105 / 7058",
                "९९९९४१०५७०५८",
            ]);
            values.push(json!("x".repeat(5000)));
            values
        }
        Kind::Line => {
            let mut values = refused_by(Kind::Text);
            values.extend(["a\nb", "a\rb", "a\tb", "a\u{2028}b"].map(Value::from));
            values
        }
        Kind::Name => {
            let mut values = refused_by(Kind::Line);
            values.extend(["http://pay.example", "pay.com", "gate@okbank"].map(Value::from));
            values
        }
        Kind::Phone => text(&["12", "phone", "+0123456789", "98765432101234567", "98765\u{0}43210"]),
        Kind::Id => text(&[
            "x",
            "1111",
            "{11111111-1111-1111-1111-111111111111}",
            "11111111111111111111111111111111",
            "11111111-1111-1111-1111-11111111111g",
            "1' OR '1'='1",
        ]),
        Kind::Time => text(&[
            "tomorrow",
            "2026-01-01",
            "2026-13-01T00:00:00Z",
            "1066-10-14T09:00:00Z",
            "9999-12-31T23:59:59Z",
        ]),
        Kind::Word => text(&["maybe", "ACCEPTED", "accept\u{0}"]),
        Kind::Whole => vec![
            json!("2"),
            json!(1.5),
            json!(0),
            json!(-1),
            json!(1e9),
            json!(9_223_372_036_854_775_807_i64),
            json!([]),
        ],
        Kind::Token => text(&["two words", "tab\ttab", "π", &"x".repeat(2049)]),
        Kind::Info => {
            vec![
                json!("x"),
                json!(1),
                json!([]),
                json!({"a": "x".repeat(3000)}),
                json!({"a": "\u{0}"}),
                json!({"a": 1e308}),
                json!({"a": 1e-300}),
                nested(17),
                json!({"a": "9999 4105 7058"}),
            ]
        }
        Kind::Ids => vec![
            json!("x"),
            json!([]),
            json!([1]),
            json!(["x"]),
            json!({"a": 1}),
            json!(vec!["11111111-1111-1111-1111-111111111111"; 101]),
        ],
        Kind::List => {
            vec![
                json!("x"),
                json!(1),
                json!(["x".repeat(5000)]),
                json!(["999941057058"]),
                json!(["\u{0}"]),
                json!([1e308]),
                nested(17),
            ]
        }
    }
}

/// An endpoint, a body that it takes, and what its fields take.
type Endpoint = (&'static str, Value, &'static [(&'static str, Kind)]);

fn endpoints(id: &str) -> Vec<Endpoint> {
    let path = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    vec![
        ("/v1/auth/firebase", json!({"idToken": "x"}), &[("idToken", Kind::Whole)]),
        (
            "/v1/visitors",
            json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101}),
            &[
                ("visitor_name", Kind::Name),
                ("phone", Kind::Phone),
                ("flat_id", Kind::Id),
                ("purpose", Kind::Line),
                ("vehicle_no", Kind::Line),
                ("id_type", Kind::Line),
                ("id_number", Kind::Line),
                ("invited_by", Kind::Id),
                ("expected_start", Kind::Time),
                ("expected_end", Kind::Time),
            ],
        ),
        (
            "/v1/visitors/guest-pass",
            json!({"visitor_name": "Leela", "phone": "9876543210", "flat_id": FLAT_101}),
            &[
                ("visitor_name", Kind::Name),
                ("phone", Kind::Phone),
                ("flat_id", Kind::Id),
                ("purpose", Kind::Line),
                ("number_of_people", Kind::Whole),
                ("qr_code", Kind::Id),
                ("expected_start", Kind::Time),
                ("expected_end", Kind::Time),
            ],
        ),
        (
            path(format!("/v1/visitors/{id}/respond")),
            json!({"decision": "accept"}),
            &[("decision", Kind::Word), ("note", Kind::Text)],
        ),
        ("/v1/decide/visitor", json!({"token": "x"}), &[("token", Kind::Whole)]),
        (
            "/v1/decide",
            json!({"token": "x", "decision": "accept"}),
            &[("token", Kind::Whole), ("decision", Kind::Word), ("note", Kind::Text)],
        ),
        (
            path(format!("/v1/visitors/{id}/guard-respond")),
            json!({"decision": "accept"}),
            &[("decision", Kind::Word), ("note", Kind::Text)],
        ),
        (path(format!("/v1/visitors/{id}/send-invite")), json!({}), &[("channel", Kind::Word)]),
        (
            "/v1/visits/checkin",
            json!({"visitor_id": id}),
            &[
                ("visitor_id", Kind::Id),
                ("checkin_method", Kind::Line),
                ("notes", Kind::Text),
                ("guard_id", Kind::Id),
            ],
        ),
        (
            "/v1/visits/checkout",
            json!({"visit_id": id}),
            &[("visit_id", Kind::Id), ("notes", Kind::Text), ("guard_id", Kind::Id)],
        ),
        (
            "/v1/guards/register-device",
            json!({"device_identifier": "d"}),
            &[
                ("device_identifier", Kind::Line),
                ("fcm_token", Kind::Token),
                ("platform", Kind::Word),
                ("device_info", Kind::Info),
            ],
        ),
        (
            "/v1/fcm-token",
            json!({"token": "t"}),
            &[("token", Kind::Token), ("device_type", Kind::Word), ("device_info", Kind::Info)],
        ),
        (
            "/v1/resident-requests",
            json!({"flat_id": FLAT_101, "requested_role": "owner"}),
            &[
                ("flat_id", Kind::Id),
                ("requested_role", Kind::Word),
                ("docs", Kind::List),
                ("note", Kind::Text),
            ],
        ),
        (path(format!("/v1/resident-requests/{id}/approve")), json!({}), &[("note", Kind::Text)]),
        (path(format!("/v1/resident-requests/{id}/reject")), json!({}), &[("note", Kind::Text)]),
        (
            "/v1/resident-requests/reject",
            json!({"ids": [id]}),
            &[("ids", Kind::Ids), ("user_id", Kind::Id), ("note", Kind::Text)],
        ),
        (
            "/v1/ensure-occupancy",
            json!({"flat_id": FLAT_101}),
            &[("flat_id", Kind::Id), ("requested_role", Kind::Word)],
        ),
        (
            "/v1/emergencies",
            json!({"flat_id": FLAT_101}),
            &[("flat_id", Kind::Id), ("description", Kind::Text)],
        ),
        ("/v1/emergencies/resolve", json!({"ids": [id]}), &[("ids", Kind::Ids), ("flat_id", Kind::Id)]),
    ]
}

#[track_caller]
fn names(reply: Reply, field: &str) {
    let call = reply.call.clone();
    let body = reply.expect(400);
    let details = body["details"].as_array().unwrap_or_else(|| panic!("{call}: no details in {body}"));
    assert!(details.iter().any(|detail| detail["field"] == field), "{call}: {field} is not named in {body}");
}

/// Each field refuses each wrong value, and says which field it was.
#[tokio::test]
async fn every_field_refuses_what_it_cannot_take() {
    let world = World::open().await;
    let id = uuid::Uuid::now_v7().to_string();
    for (path, valid, fields) in endpoints(&id) {
        for (field, kind) in fields {
            for value in refused_by(*kind) {
                if matches!(*field, "idToken" | "token") && matches!(kind, Kind::Whole) && value.is_string() {
                    continue;
                }
                let mut body = valid.clone();
                body[field] = value;
                names(world.guard.post(path, body).await, field);
            }
        }
    }
    for table in ["visitors", "visits", "devices", "resident_requests", "emergencies", "outbox", "audit_logs"]
    {
        assert_eq!(world.count(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
}

/// All problems are told at once, in words and in codes.
#[tokio::test]
async fn all_problems_are_told_at_once() {
    let world = World::open().await;
    let body = json!({"phone": "12", "flat_id": 7, "purpose": "x".repeat(500), "expected_start": "soon"});
    let refused = world.guard.post("/v1/visitors", body).await.refused(400, "VALIDATION_FAILED");
    let told: Vec<(&str, &str)> = refused["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|detail| (detail["field"].as_str().unwrap(), detail["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("visitor_name", "REQUIRED"),
            ("phone", "WRONG_FORMAT"),
            ("flat_id", "WRONG_TYPE"),
            ("purpose", "TOO_LONG"),
            ("expected_start", "WRONG_FORMAT"),
        ]
    );
    let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101, "id_number": "9999 4105 7058"});
    world.guard.post("/v1/visitors", body).await.refused(400, "AADHAAR_NOT_ACCEPTED");
}

/// What is no JSON object is refused for what it is.
#[tokio::test]
async fn bodies_that_are_no_json_object_are_refused() {
    let world = World::open().await;
    let send = |content_type: &'static str, body: Vec<u8>| {
        let request = world.guard.http.post(format!("{}/v1/visitors", world.guard.base_url));
        let request = request.bearer_auth(&world.guard.token).header("content-type", content_type).body(body);
        async move {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let body: Value = response.json().await.unwrap();
            (status, body["error_code"].as_str().unwrap_or_default().to_owned())
        }
    };
    let deep = format!("{}{}", "[".repeat(40_000), "]".repeat(40_000)).into_bytes();
    for (content_type, body, expected) in [
        ("application/json", b"{".to_vec(), (400, "MALFORMED_JSON")),
        ("application/json", b"[]".to_vec(), (400, "MALFORMED_JSON")),
        ("application/json", b"null".to_vec(), (400, "MALFORMED_JSON")),
        ("application/json", vec![0xff, 0xfe, 0x00], (400, "MALFORMED_JSON")),
        ("application/json", deep, (400, "MALFORMED_JSON")),
        ("application/json", b"".to_vec(), (400, "VALIDATION_FAILED")),
        (
            "application/json",
            format!("{{\"a\":\"{}\"}}", "x".repeat(103_000)).into_bytes(),
            (413, "BODY_TOO_LARGE"),
        ),
        ("text/plain", b"{}".to_vec(), (415, "UNSUPPORTED_MEDIA_TYPE")),
        ("multipart/form-data", b"{}".to_vec(), (415, "UNSUPPORTED_MEDIA_TYPE")),
    ] {
        let what = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
        let (status, code) = send(content_type, body).await;
        assert_eq!((status, code.as_str()), expected, "{content_type} {what}");
    }
}

/// Ids in paths and parameters of queries are checked like everything else.
#[tokio::test]
async fn paths_and_queries_are_checked() {
    let world = World::open().await;
    let society = format!("/v1/society/{GREEN_ACRES}/expected-visitors");
    for (path, field) in [
        ("/v1/visitors/x", "id"),
        ("/v1/visitors/1'--", "id"),
        ("/v1/visitors?flat_id=x", "flat_id"),
        ("/v1/visitors?status=gone", "status"),
        ("/v1/visitors?limit=0", "limit"),
        ("/v1/visitors?limit=201", "limit"),
        ("/v1/visitors?limit=ten", "limit"),
        ("/v1/visitors?limit=1&limit=2", "limit"),
        ("/v1/visitors?cursor=xyz", "cursor"),
        ("/v1/visitors?date_from=soon", "date_from"),
        ("/v1/visitors?date_to=2026-02-30", "date_to"),
        ("/v1/visitors/pending-count", "flat_id"),
        ("/v1/visits?from=1", "from"),
        ("/v1/visits?to=x", "to"),
        ("/v1/visits?flat_id=1", "flat_id"),
        ("/v1/visits?cursor=AAAA", "cursor"),
        ("/v1/complexes", "society_id"),
        ("/v1/blocks?complex_id=1", "complex_id"),
        ("/v1/flats?block_id=", "block_id"),
        ("/v1/societies?city=%00", "city"),
        ("/v1/society/x/expected-visitors", "society_id"),
        (&format!("{society}?date=01-02-2026"), "date"),
        ("/v1/emergencies?status=on", "status"),
        ("/v1/resident-requests?status=open", "status"),
        ("/v1/resident-requests?cursor=!", "cursor"),
        ("/v1/visitors/pending?cursor=x", "cursor"),
        ("/v1/visitors/pending?limit=0", "limit"),
        ("/v1/cities?cursor=Pune", "cursor"),
        ("/v1/cities?limit=1000", "limit"),
        ("/v1/societies?cursor=AAAA", "cursor"),
        ("/v1/my-flats?cursor=!", "cursor"),
        ("/v1/my-flats?limit=x", "limit"),
        ("/v1/fcm-tokens?limit=-1", "limit"),
    ] {
        names(world.guard.get(path).await, field);
    }
    // What is wrong with the place and with the page is said at once.
    for (path, place) in
        [("/v1/complexes", "society_id"), ("/v1/blocks", "complex_id"), ("/v1/flats", "block_id")]
    {
        let body = world.guard.get(&format!("{path}?{place}=x&limit=0&cursor=x")).await.expect(400);
        let fields: Vec<_> =
            body["details"].as_array().unwrap().iter().map(|problem| &problem["field"]).collect();
        assert_eq!(fields, [place, "limit", "cursor"], "{path}");
    }
    let reply = world.guard.post("/v1/visitors", json!({"idempotency_key": "k".repeat(300)})).await;
    names(reply, "idempotency_key");
}
