//! Bad input: a clear 4xx that names every problem, never a 500, and nothing written.

use regress::Regex;
use reqwest::Method;
use serde_json::{Map, Value, json};
use tasks::{
    catalogue::{Endpoint, endpoints},
    openapi::document,
};

use crate::support::{
    Reply, World,
    world::{FLAT_101, GREEN_ACRES},
};

/// Texts of which each schema with a pattern refuses some.
const TEXTS: [&str; 25] = [
    "a\u{0}b",
    "a\u{7}b",
    "a\u{202e}b",
    "a\u{200b}b",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\u{2028}b",
    "two words",
    "π",
    "12",
    "phone",
    "+0123456789",
    "98765432101234567",
    "98765\u{0}43210",
    "25:00",
    "22:60",
    "tomorrow",
    "2026-01-01",
    "2026-13-01T00:00:00Z",
    "1066-10-14T09:00:00Z",
    "9999-12-31T23:59:59Z",
    "maybe",
    "ACCEPTED",
    "accept\u{0}",
];

/// Texts that are no id.
const NO_IDS: [&str; 6] = [
    "x",
    "1111",
    "{11111111-1111-1111-1111-111111111111}",
    "11111111111111111111111111111111",
    "11111111-1111-1111-1111-11111111111g",
    "1' OR '1'='1",
];

/// Aadhaar numbers, as people hide them.
const AADHAAR: [&str; 3] = ["9999 4105 7058", "9999,  4105 / 7058", "९९९९४१०५७०५८"];

/// An object in an object, so many times.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!({"a": inner}))
}

/// What a schema says in words only: values that it refuses nevertheless.
fn refused_by_description(schema: &str) -> Vec<Value> {
    let aadhaar = AADHAAR.map(Value::from);
    match schema {
        "PersonName" => {
            let links = ["http://pay.example", "pay.com", "gate@okbank", "a\u{200d}b"].map(Value::from);
            [aadhaar.as_slice(), &links].concat()
        }
        "IdNumber" | "Text120" | "Text1000" => [aadhaar.as_slice(), &[json!("a\u{200d}b")]].concat(),
        "DeviceInfo" => vec![
            json!({"a": "x".repeat(3000)}),
            json!({"a": "\u{0}"}),
            json!({"a": 1e308}),
            json!({"a": 1e-300}),
            nested(17),
            json!({"a": "9999 4105 7058"}),
        ],
        "Docs" => vec![
            json!(["x".repeat(5000)]),
            json!(["999941057058"]),
            json!(["\u{0}"]),
            json!([1e308]),
            nested(17),
        ],
        _ => Vec::new(),
    }
}

/// What a field with this schema has to refuse, whatever it is named.
fn refused_by(document: &Value, schema: &Value) -> Vec<Value> {
    if let Some(location) = schema["$ref"].as_str() {
        let named = document.pointer(location.trim_start_matches('#')).unwrap();
        let in_words = refused_by_description(location.rsplit('/').next().unwrap());
        return [in_words, refused_by(document, named)].concat();
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        // What one of them refuses is refused where the others do, too.
        let refused = choices.iter().flat_map(|choice| refused_by(document, choice));
        return refused
            .filter(|value| choices.iter().all(|choice| refuses(document, choice, value)))
            .collect();
    }
    let long = |length: &Value| length.as_u64().map(|length| "x".repeat(length as usize + 1));
    let candidates = [
        [json!(5), json!(true), json!("x"), json!([]), json!({"a": 1})].to_vec(),
        [json!(0), json!(-1), json!(1.5), json!("2"), json!(1e9), json!(i64::MAX)].to_vec(),
        TEXTS.into_iter().chain(NO_IDS).map(Value::from).collect(),
        long(&schema["maxLength"]).into_iter().map(Value::from).collect(),
        vec![json!([1]), json!(["x"]), json!(vec!["11111111-1111-1111-1111-111111111111"; 101])],
    ];
    candidates.concat().into_iter().filter(|value| refuses(document, schema, value)).collect()
}

/// Whether a value is none that the schema describes. `null` is a field that is left out.
fn refuses(document: &Value, schema: &Value, value: &Value) -> bool {
    if let Some(location) = schema["$ref"].as_str() {
        return refuses(document, document.pointer(location.trim_start_matches('#')).unwrap(), value);
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return choices.iter().all(|choice| refuses(document, choice, value));
    }
    let (one, kinds) = (&schema["type"], schema["type"].as_array());
    let is = |kind: &str| kinds.map_or(one == kind, |kinds| kinds.iter().any(|one| one == kind));
    let over = |most: &Value, count: usize| most.as_u64().is_some_and(|most| count as u64 > most);
    match value {
        Value::Null => !is("null"),
        Value::Bool(_) => !is("boolean"),
        Value::Number(number) => {
            let within = |whole: i64| {
                schema["minimum"].as_i64().is_none_or(|least| whole >= least)
                    && schema["maximum"].as_i64().is_none_or(|most| whole <= most)
            };
            !is("integer") || !number.as_i64().is_some_and(within)
        }
        Value::String(text) => {
            let pattern = schema["pattern"].as_str().map(|pattern| Regex::new(pattern).unwrap());
            !is("string")
                || schema["enum"].as_array().is_some_and(|words| !words.contains(value))
                || schema["format"] == "uuid" && NO_IDS.contains(&&**text)
                || schema["format"] == "uuid" && TEXTS.contains(&&**text)
                || schema["format"] == "date-time" && TEXTS.contains(&&**text)
                || over(&schema["maxLength"], text.chars().count())
                || pattern.is_some_and(|pattern| pattern.find(text).is_none())
        }
        Value::Array(items) => {
            !is("array")
                || over(&schema["maxItems"], items.len())
                || schema["minItems"].as_u64().is_some_and(|least| (items.len() as u64) < least)
                || items.iter().any(|item| {
                    !schema["items"]["type"].is_null() && refuses(document, &schema["items"], item)
                })
        }
        Value::Object(_) => !is("object"),
    }
}

/// The fields of an endpoint's body with their schemas, and the names of those that have to be there.
fn fields(document: &Value, endpoint: &Endpoint) -> (Map<String, Value>, Vec<String>) {
    let path = endpoint.route.replace("+}", "}");
    let operation = &document["paths"][&path][endpoint.method.to_lowercase()];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let schema =
        schema["$ref"].as_str().and_then(|location| document.pointer(location.trim_start_matches('#')));
    let Some(schema) = schema else { return Default::default() };
    let required = schema["required"].as_array().into_iter().flatten();
    let required = required.map(|name| name.as_str().unwrap().to_owned()).collect();
    (schema["properties"].as_object().cloned().unwrap_or_default(), required)
}

#[track_caller]
fn names(reply: Reply, field: &str) {
    let call = reply.call.clone();
    let body = reply.expect(400);
    let details = body["details"].as_array().unwrap_or_else(|| panic!("{call}: no details in {body}"));
    assert!(details.iter().any(|detail| detail["field"] == field), "{call}: {field} is not named in {body}");
}

/// Each field of each body refuses each value that the API reference does not describe, and says which field it was;
/// one that has to be there is missed.
#[tokio::test]
async fn every_field_refuses_what_it_cannot_take() {
    let world = World::open().await;
    let document = document();
    let mut tried = 0;
    for endpoint in endpoints() {
        let Some(valid) = endpoint.body.clone() else { continue };
        let (fields, required) = fields(&document, &endpoint);
        let method: Method = endpoint.method.parse().unwrap();
        let send = async |field: &str, body: Value| {
            names(world.guard.send(method.clone(), &endpoint.path, Some(body), None).await, field);
        };
        for (field, schema) in &fields {
            let refused = refused_by(&document, schema);
            assert!(refused.len() > 3, "{} of {} takes all but {refused:?}", field, endpoint.operation);
            for value in refused {
                let mut body = valid.clone();
                body[field] = value;
                send(field, body).await;
                tried += 1;
            }
        }
        for field in required {
            let mut body = valid.clone();
            body[&field] = Value::Null;
            send(&field, body.clone()).await;
            body.as_object_mut().unwrap().remove(&field);
            send(&field, body).await;
        }
        let reply = world.guard.send(method.clone(), &endpoint.path, Some(json!([])), None).await;
        reply.refused(400, "MALFORMED_JSON");
    }
    assert!(tried > 1000, "only {tried} values were tried");
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
    let (audit, of) = ("/v1/admin/audit", format!("society_id={GREEN_ACRES}"));
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
        ("/v1/admin/audit/verify", "society_id"),
        (&format!("{audit}/verify?{of}&anchor=5"), "anchor"),
        (&format!("{audit}/verify?{of}&anchor=0:{}", "a".repeat(64)), "anchor"),
        (&format!("{audit}/verify?{of}&cursor=AAAA"), "cursor"),
        (&format!("{audit}/verify?{of}&limit=10001"), "limit"),
        ("/v1/admin/audit/export?society_id=x", "society_id"),
        (&format!("{audit}/export?{of}&after=-1"), "after"),
        (&format!("{audit}/export?{of}&after=9223372036854775808"), "after"),
        (&format!("{audit}/export?{of}&limit=2001"), "limit"),
        ("/v1/admin/societies/x", "id"),
        ("/v1/admin/societies?cursor=AAAA", "cursor"),
        ("/v1/admin/message-templates?limit=0", "limit"),
        (&format!("/v1/admin/societies/{GREEN_ACRES}/roles?role=guard"), "role"),
        (&format!("/v1/admin/societies/{GREEN_ACRES}/audit?from=soon"), "from"),
        (&format!("/v1/admin/societies/{GREEN_ACRES}/audit?actor_user_id=1"), "actor_user_id"),
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
