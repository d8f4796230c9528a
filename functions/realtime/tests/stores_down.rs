//! Events of the gateway while PostgreSQL, DynamoDB and the token keys are all out of reach: every
//! one of them is answered, none fails towards the gateway.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use aws_lambda_events::{apigw::ApiGatewayProxyResponse, encodings::Body};
use lambda_runtime::{Context, LambdaEvent};
use realtime::Realtime;
use serde_json::{Value, json};
use shared::config::Env;

/// Nothing listens on the discard port.
const NOWHERE: &str = "127.0.0.1:9";

async fn realtime() -> Realtime {
    let values = [
        ("DATABASE_URL", format!("postgres://app@{NOWHERE}/gate?sslmode=disable")),
        ("FIREBASE_PROJECT_ID", "demo".to_owned()),
        ("FIREBASE_JWKS_URL", format!("http://{NOWHERE}/jwks")),
        ("CONNECTIONS_TABLE", "connections".to_owned()),
        ("WEBSOCKET_API_ENDPOINT", format!("http://{NOWHERE}/local")),
        ("AWS_REGION", "ap-south-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("DISPATCHER_FUNCTION", "dispatcher".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{NOWHERE}")),
        ("AWS_ENDPOINT_URL_LAMBDA", format!("http://{NOWHERE}")),
    ];
    let env = Env::from_map(values.map(|(name, value)| (name.to_owned(), value)).into());
    realtime::start(env).await.unwrap()
}

/// Sends an event as the gateway writes it, and returns the answer and its body.
async fn send(realtime: &Realtime, route: &str, more: Value) -> (ApiGatewayProxyResponse, Value) {
    let mut event = json!({
        "requestContext": {
            "routeKey": route,
            "connectionId": "L0SM9cOFvHcCIhw=",
            "connectedAt": 1_700_000_000_000_i64,
            "requestTimeEpoch": 1_700_000_000_000_i64,
            "requestId": "r1",
            "messageId": "m1",
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "isBase64Encoded": false,
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let payload = serde_json::from_str(&event.to_string()).unwrap();
    let response = realtime.handle(LambdaEvent::new(payload, Context::default())).await.unwrap();
    let body = match &response.body {
        Some(Body::Text(text)) => serde_json::from_str(text).unwrap_or_default(),
        _ => Value::Null,
    };
    (response, body)
}

#[tokio::test]
async fn a_connection_without_a_good_token_is_refused() {
    let realtime = realtime().await;
    for (request, status, code) in [
        (json!({}), 401, "TOKEN_MISSING"),
        (json!({"headers": {"Authorization": "Basic eDp5"}}), 401, "TOKEN_MISSING"),
        (json!({"headers": {"authorization": "Bearer rubbish"}}), 401, "TOKEN_INVALID"),
        (json!({"queryStringParameters": {"token": "rubbish"}}), 401, "TOKEN_INVALID"),
        (json!({"queryStringParameters": {"token": ""}}), 401, "TOKEN_MISSING"),
        (json!({"headers": {"Sec-WebSocket-Protocol": "society360"}}), 401, "TOKEN_MISSING"),
        (
            json!({"multiValueHeaders": {"Sec-WebSocket-Protocol": ["society360, rubbishrubbish.x.y"]}}),
            401,
            "TOKEN_INVALID",
        ),
    ] {
        let (response, body) = send(&realtime, "$connect", request.clone()).await;
        assert_eq!((response.status_code, body["error_code"].as_str()), (status, Some(code)), "{request}");
        assert_eq!((&body["success"], &body["request_id"]), (&json!(false), &json!("r1")));
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_checked_now_is_unavailable() {
    // Header and payload are well-formed, so that only the key is missing.
    let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ1MSJ9.c2ln";
    let request = json!({"headers": {"Authorization": format!("Bearer {token}")}});
    let (response, body) = send(&realtime().await, "$connect", request).await;
    assert_eq!((response.status_code, body["error_code"].as_str()), (503, Some("UNAVAILABLE")), "{body}");
}

#[tokio::test]
async fn messages_are_answered_with_an_error_event() {
    let realtime = realtime().await;
    let rubbish = "\u{1F4A5}".repeat(32 * 1024);
    let join =
        r#"{"action":"join_room","room_type":"flat","room_id":"0198c0de-0000-7000-8000-00000000abcd"}"#;
    for message in [
        json!({"body": rubbish}),
        json!({"body": "eyJhY3Rpb24iOiJwaW5nIn0=", "isBase64Encoded": true}),
        json!({"body": null}),
        json!({"body": "{}"}),
        json!({"body": r#"{"action":"ping"}"#}),
        json!({"body": join}),
    ] {
        let (response, body) = send(&realtime, "$default", message).await;
        assert_eq!(
            (response.status_code, &body["event"], &body["code"]),
            (200, &json!("error"), &json!("UNAVAILABLE"))
        );
    }
}

/// A client of Socket.IO throws on a frame that begins with a brace or is empty.
#[tokio::test]
async fn a_client_of_socket_io_is_answered_in_its_protocol() {
    let realtime = realtime().await;
    for (text, start) in [
        (r#"42["join_room",{}]"#, r#"42["error",{"code":"UNAVAILABLE""#),
        (r#"427["join_room",{}]"#, r#"437[{"code":"UNAVAILABLE","event":"error""#),
        ("40", r#"44{"data":{"code":"UNAVAILABLE"}"#),
        ("3", "6"),
    ] {
        let (response, _) = send(&realtime, "$default", json!({"body": text})).await;
        let Some(Body::Text(frame)) = response.body else { panic!("no frame") };
        assert!(frame.starts_with(start), "{text}: {frame}");
    }
}

#[tokio::test]
async fn a_transport_that_is_not_spoken_is_refused() {
    let realtime = realtime().await;
    for query in [
        json!({"EIO": "4", "transport": "polling"}),
        json!({"EIO": "3", "transport": "websocket"}),
        json!({"EIO": "4"}),
        json!({"transport": "websocket"}),
    ] {
        let (response, body) = send(&realtime, "$connect", json!({"queryStringParameters": query})).await;
        assert_eq!(
            (response.status_code, &body["error_code"]),
            (400, &json!("VALIDATION_FAILED")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_disconnect_is_always_fine() {
    let (response, body) =
        send(&realtime().await, "$disconnect", json!({"disconnectStatusCode": 1001})).await;
    assert_eq!((response.status_code, body), (200, Value::Null));
}
