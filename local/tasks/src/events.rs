//! Sample events of every function, for `cargo lambda invoke` and `sam local invoke`: made from the
//! examples of the API reference and the routes of the template, as the gateways build them.
//!
//! `cargo dev events` writes them to `events/`, and a test fails when they are stale. They hold no
//! token: [`TOKEN`], [`ID_TOKEN`] and [`LINK_TOKEN`](shared::catalogue::LINK_TOKEN) stand where one belongs,
//! [`EXAMPLE_ID`](shared::catalogue::EXAMPLE_ID) where the id of something that has to be made first, [`OPENED_AT`] where
//! the present, and [`RESPONSE_URL`] where an answer goes.

use std::{collections::BTreeMap, fs, path::Path};

use gateway::{ACCOUNT, schedules};
use http::Request;
use serde_json::{Map, Value, json};
use stack::{REGION, own_template};
use template::Template;
use time::macros::datetime;

use crate::{Error, catalogue::example_path, openapi};

/// Where the events are kept.
pub const DIRECTORY: &str = "events";
/// Stands for a Firebase ID token in headers, queries and messages.
pub const TOKEN: &str = "TOKEN";
/// Stands for a Firebase ID token in the body with which a user signs in.
pub const ID_TOKEN: &str = "ID_TOKEN";
/// Stands for the time of an event, in milliseconds since 1970. A connection ends two hours after it.
pub const OPENED_AT: i64 = 1_769_884_200_000;
/// Stands for the address to which CloudFormation has its answer put.
pub const RESPONSE_URL: &str = "RESPONSE_URL";

const HTTP_API: &str = "a1b2c3d4e5";
const WEBSOCKET_API: &str = "f6g7h8i9j0";
const CONNECTION: &str = "Zx3kAeXhPHMCJdg=";
/// When everything happens: 31 January 2026, 18:30 UTC.
const TIME: &str = "31/Jan/2026:18:30:00 +0000";
const TRACE: &str = "Root=1-697e4a68-5f84c2a1b3d0e9f876543210";
/// An address of those that are for documents.
const CLIENT: ([u8; 4], u16) = ([192, 0, 2, 1], 50_000);

/// All events, by their path in [`DIRECTORY`].
pub fn all() -> Result<BTreeMap<String, Value>, Error> {
    let template = own_template()?;
    let mut events = http(&template)?;
    events.extend(realtime());
    for function in &template.functions {
        for schedule in &function.schedules {
            if let Some(task) =
                schedule.input.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok())
            {
                let name = task.as_object().and_then(|task| task.keys().next().cloned()).unwrap_or_default();
                events.insert(format!("{}/{name}.json", function.name), task);
                continue;
            }
            let rule = format!("{}{}", function.logical_id, schedule.name);
            let mut event = schedules::event(&rule, datetime!(2026-01-31 18:30 UTC), REGION);
            event["id"] = json!("53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa");
            events.insert(format!("{}/scheduled.json", function.name), event);
        }
    }
    let greeting = json!({"greet": {"connection_id": CONNECTION, "connected_at": OPENED_AT}});
    events.insert("dispatcher/drain.json".to_owned(), json!({"drain": {}}));
    events.insert("dispatcher/send.json".to_owned(), json!({"send": {}}));
    events.insert("dispatcher/watch.json".to_owned(), json!({"watch": {}}));
    events.insert("dispatcher/greet.json".to_owned(), greeting);
    events.insert("migrator/by_hand.json".to_owned(), json!({}));
    let person = json!({"firebase_uid": "demo-super-admin"});
    events.insert("migrator/grant_super_admin.json".to_owned(), json!({"grant_super_admin": person}));
    for request in ["Create", "Update", "Delete"] {
        events.insert(format!("migrator/{}.json", request.to_lowercase()), migrations(request));
    }
    Ok(events)
}

/// What CloudFormation asks of the migrator (CloudFormation template reference, "Custom resource request
/// objects"): `Create`, `Update` or `Delete`.
pub fn migrations(request: &str) -> Value {
    let mut event = json!({
        "RequestType": request,
        "ResponseURL": RESPONSE_URL,
        "StackId": format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/society360/guid"),
        "RequestId": "unique id for this request",
        "ResourceType": "Custom::Migrations",
        "LogicalResourceId": "Migrations",
        "ResourceProperties": {"Release": "1769884200"},
    });
    if request != "Create" {
        event["PhysicalResourceId"] = json!("schema");
    }
    event
}

/// Writes the events into a checkout.
pub fn write(checkout: &Path) -> Result<(), Error> {
    for (path, event) in all()? {
        let path = checkout.join(DIRECTORY).join(path);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(Error::path(directory))?;
        }
        fs::write(&path, openapi::text(&event)).map_err(Error::path(&path))?;
    }
    Ok(())
}

/// An event for each operation of the API reference.
fn http(template: &Template) -> Result<BTreeMap<String, Value>, Error> {
    let document = openapi::document();
    let mut events = BTreeMap::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let Some(name) = operation["operationId"].as_str() else { continue };
            let wrong = || template::Error(format!("no route for {method} {path}"));
            let (function, event) = http_event(template, method, path, operation).ok_or_else(wrong)?;
            events.insert(format!("{function}/{name}.json"), event);
        }
    }
    Ok(events)
}

fn http_event(template: &Template, method: &str, path: &str, operation: &Value) -> Option<(String, Value)> {
    let domain = format!("{HTTP_API}.execute-api.{REGION}.amazonaws.com");
    let mut request = Request::builder()
        .method(&*method.to_uppercase())
        .uri(example_path(path, operation))
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("host", &domain)
        .header("user-agent", "curl/8.5.0")
        .header("x-amzn-trace-id", TRACE);
    let mut body = operation["requestBody"]["content"]["application/json"]["example"].clone();
    if let Some(token) = body.get_mut("idToken") {
        *token = json!(ID_TOKEN);
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    let request = request.body(()).ok()?;
    let (function, mut event) =
        gateway::http_event(&template.functions, request, body.as_bytes(), CLIENT.into(), &domain)?;
    // What differs from the gateway of the local stack, and what is another one each time.
    let context = &mut event["requestContext"];
    context["apiId"] = json!(HTTP_API);
    context["requestId"] = json!("YHh1bjQ3hcwEJYw=");
    context["time"] = json!(TIME);
    context["timeEpoch"] = json!(OPENED_AT);
    event["headers"]["x-forwarded-port"] = json!("443");
    event["headers"]["x-forwarded-proto"] = json!("https");
    Some((function, event))
}

/// The life of a connection; the function does not ask which of the two addresses was dialled.
fn realtime() -> impl Iterator<Item = (String, Value)> {
    let join = json!({
        "action": "join_room",
        "room_type": "flat",
        "room_id": "44444444-4444-4444-4444-444444444444",
    });
    let leave = json!({
        "action": "leave_room",
        "room_type": "flat",
        "room_id": "44444444-4444-4444-4444-444444444444",
    });
    let events = [
        ("connect", connect(Some(TOKEN), &[])),
        ("connect_socket_io", connect(None, &[("EIO", "4"), ("transport", "websocket")])),
        ("join_room", message(&join.to_string())),
        ("leave_room", message(&leave.to_string())),
        ("ping", message(&json!({"action": "ping"}).to_string())),
        ("hello_socket_io", message(&format!("40{}", json!({"token": TOKEN})))),
        ("disconnect", disconnect()),
    ];
    events.into_iter().map(|(name, event)| (format!("realtime/{name}.json"), event))
}

fn connect(token: Option<&str>, query: &[(&str, &str)]) -> Value {
    let mut event = websocket("$connect", "CONNECT");
    let mut headers = vec![
        ("Host", websocket_domain()),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
        ("Sec-WebSocket-Version", "13".to_owned()),
        ("X-Amzn-Trace-Id", TRACE.to_owned()),
        ("X-Forwarded-For", "192.0.2.1".to_owned()),
        ("X-Forwarded-Port", "443".to_owned()),
        ("X-Forwarded-Proto", "https".to_owned()),
    ];
    headers.extend(token.map(|token| ("Authorization", format!("Bearer {token}"))));
    (event["headers"], event["multiValueHeaders"]) = both(&headers);
    if !query.is_empty() {
        (event["queryStringParameters"], event["multiValueQueryStringParameters"]) = both(query);
    }
    event
}

fn message(body: &str) -> Value {
    let mut event = websocket("$default", "MESSAGE");
    event["requestContext"]["messageId"] = json!("Zx3kBcW9PHMCJdg=");
    event["body"] = json!(body);
    event
}

fn disconnect() -> Value {
    let mut event = websocket("$disconnect", "DISCONNECT");
    event["requestContext"]["disconnectStatusCode"] = json!(1001);
    event["requestContext"]["disconnectReason"] = json!("Going away");
    let nothing = String::new;
    let headers = [
        ("Host", websocket_domain()),
        ("X-Forwarded-For", nothing()),
        ("x-api-key", nothing()),
        ("x-restapi", nothing()),
    ];
    (event["headers"], event["multiValueHeaders"]) = both(&headers);
    event
}

fn websocket(route: &str, kind: &str) -> Value {
    json!({
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": WEBSOCKET_API,
            "connectedAt": OPENED_AT,
            "connectionId": CONNECTION,
            "domainName": websocket_domain(),
            "eventType": kind,
            "extendedRequestId": "Zx3kAGqePHMFclA=",
            "identity": {"sourceIp": "192.0.2.1"},
            "messageDirection": "IN",
            "requestId": "Zx3kAGqePHMFclA=",
            "requestTime": TIME,
            "requestTimeEpoch": OPENED_AT,
            "routeKey": route,
            "stage": "live",
        },
        "isBase64Encoded": false,
    })
}

fn websocket_domain() -> String {
    format!("{WEBSOCKET_API}.execute-api.{REGION}.amazonaws.com")
}

/// The value of each name, and the list of it.
fn both<T: AsRef<str>>(pairs: &[(&str, T)]) -> (Value, Value) {
    let single = pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value.as_ref())));
    let multiple = pairs.iter().map(|(name, value)| ((*name).to_owned(), json!([value.as_ref()])));
    (Value::Object(single.collect::<Map<_, _>>()), Value::Object(multiple.collect()))
}
