//! The gateway behaves as AWS's does where the functions or the apps can tell.

use std::time::Duration;

use aws_sdk_apigatewaymanagement::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    error::ProvideErrorMetadata,
    primitives::Blob,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use futures_util::{SinkExt, StreamExt};
use gateway::WebSocketLimits;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client as HttpClient, rt::TokioExecutor};
use serde_json::{Value, json};
use stack::Stack;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Error, Message,
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

use crate::support::PATIENCE;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What has no route, is too large or asks for another origin's leave is answered by the gateway.
#[tokio::test]
async fn the_http_api_answers_what_functions_never_see() {
    let stack = Stack::start().await.unwrap();
    let (status, body, _) = call(&stack, Method::TRACE, "/v1/visitors", &[], "").await;
    assert_eq!((status, body), (StatusCode::NOT_FOUND, json!({"message": "Not Found"})));

    let (status, ..) = call(&stack, Method::POST, "/v1/visitors", &[], "x".repeat((10 << 20) + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);

    let origin = [("origin", "https://gate.example"), ("access-control-request-method", "POST")];
    let (status, _, headers) = call(&stack, Method::OPTIONS, "/v1/visitors", &origin, "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(headers["access-control-allow-origin"], "*");
    let (_, _, headers) = call(&stack, Method::GET, "/health", &origin, "").await;
    assert!(headers["access-control-expose-headers"].to_str().unwrap().contains("retry-after"));
}

/// Paths and queries that a decoding gateway makes odd reach the function and come back as its answers.
#[tokio::test]
async fn odd_paths_and_queries_are_no_errors_of_the_gateway() {
    let stack = Stack::start().await.unwrap();
    let bearer = bearer(&stack);
    let headers = [("authorization", &*bearer)];
    for path in [
        "/v1/visitors/%20",
        "/v1/visitors/%00",
        "/v1/visitors/%ff",
        "/v1/visitors/a%3Fb%23c",
        "/v1/visitors/%F0%9F%9A%AA",
        "/v1/visitors?limit=%ff&date_from=%00",
        "/v1/visitors?&&=&a",
        "/v1/visitors/%2e%2e",
        "/v1/visitors/a|b",
    ] {
        let (status, body, _) = call(&stack, Method::GET, path, &headers, "").await;
        assert!(status.as_u16() < 500, "{path} answered {status} {body}");
    }
}

/// An event with type `Event` is taken and served later; an unknown function is a 404.
#[tokio::test]
async fn functions_can_be_invoked_directly() {
    let stack = Stack::start().await.unwrap();
    let event = json!({
        "version": "2.0", "routeKey": "GET /health", "rawPath": "/health", "rawQueryString": "", "headers": {},
        "requestContext": {"http": {"method": "GET", "path": "/health", "protocol": "HTTP/1.1", "sourceIp": "::1", "userAgent": ""}, "requestId": "r", "stage": "$default", "timeEpoch": 0},
        "isBase64Encoded": false,
    })
    .to_string();
    let path = |name: &str| format!("/2015-03-31/functions/{name}/invocations");
    let (status, body, _) = call(&stack, Method::POST, &path("health"), &[], event.clone()).await;
    assert_eq!((status, &body["statusCode"]), (StatusCode::OK, &json!(200)), "{body}");
    let later = [("x-amz-invocation-type", "Event")];
    let (status, ..) = call(&stack, Method::POST, &path("health"), &later, event).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let (status, ..) = call(&stack, Method::POST, &path("nobody"), &[], "{}").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _, headers) =
        call(&stack, Method::POST, &path("health"), &[], r#"{"not":"an event"}"#).await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers.contains_key("x-amz-function-error"));
}

/// `$connect` decides: its status is what a refused client sees.
#[tokio::test]
async fn a_refused_connection_gets_the_status_of_the_function() {
    let stack = Stack::start().await.unwrap();
    for url in [stack.websocket_url(), format!("{}?token=rubbish", stack.websocket_url())] {
        match connect_async(&url).await.map(drop) {
            Err(Error::Http(response)) => assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{url}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stack.connections(), 0);
}

/// Frames over 32 KB, messages over 128 KB and binary ones end a connection, each with its code.
#[tokio::test]
async fn frames_the_gateway_does_not_take_end_the_connection() {
    let stack = Stack::start().await.unwrap();
    let text = |length: usize| Message::text("x".repeat(length));

    let mut socket = connect(&stack).await;
    socket.send(text(32 * 1024)).await.unwrap();
    assert!(next_text(&mut socket).await.contains("error"), "a frame of 32 KB is allowed");
    socket.send(text(32 * 1024 + 1)).await.unwrap();
    assert_eq!(closed_with(&mut socket).await, 1009);

    let mut socket = connect(&stack).await;
    socket.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(closed_with(&mut socket).await, 1003);

    let mut socket = connect(&stack).await;
    for part in 0..5 {
        let code = OpCode::Data(if part == 0 { Data::Text } else { Data::Continue });
        let frame = Frame::message("x".repeat(32 * 1024), code, part == 4);
        if socket.send(Message::Frame(frame)).await.is_err() {
            break;
        }
    }
    assert_eq!(closed_with(&mut socket).await, 1009);
}

/// A connection nobody uses ends after the idle time, and one that is used after its lifetime.
#[tokio::test]
async fn connections_end_when_their_time_is_up() {
    let hour = Duration::from_secs(3600);
    let short = Duration::from_millis(200);
    for limits in [(short, hour), (hour, short)].map(|(idle, lifetime)| WebSocketLimits {
        idle,
        lifetime,
        ..WebSocketLimits::default()
    }) {
        let stack = Stack::builder().websocket_limits(limits).start().await.unwrap();
        let mut socket = connect(&stack).await;
        assert_eq!(closed_with(&mut socket).await, 1001, "{limits:?}");
    }
}

/// The real SDK posts, looks up and hangs up; after the end everything is 410 Gone.
#[tokio::test]
async fn the_sdk_manages_connections() {
    let stack = Stack::start().await.unwrap();
    let client = management(&stack);
    let mut socket = connect(&stack).await;
    let id = connection_id(&stack).await;

    client.post_to_connection().connection_id(&id).data(Blob::new("hello")).send().await.unwrap();
    assert_eq!(next_text(&mut socket).await, "hello");
    let large = "x".repeat(128 * 1024);
    client.post_to_connection().connection_id(&id).data(Blob::new(large.clone())).send().await.unwrap();
    assert_eq!(next_text(&mut socket).await, large);
    let refused = client.post_to_connection().connection_id(&id).data(Blob::new(large + "x")).send().await;
    assert_eq!(refused.unwrap_err().code(), Some("PayloadTooLargeException"));

    let known = client.get_connection().connection_id(&id).send().await.unwrap();
    assert_eq!(known.identity().unwrap().source_ip(), Some("127.0.0.1"));
    assert!(known.connected_at().is_some() && known.last_active_at() >= known.connected_at());

    client.delete_connection().connection_id(&id).send().await.unwrap();
    assert_eq!(closed_with(&mut socket).await, 1000);
    let gone = client.post_to_connection().connection_id(&id).data(Blob::new("late")).send().await;
    assert_eq!(gone.unwrap_err().code(), Some("GoneException"));
    let unknown = client.get_connection().connection_id("nobody=").send().await;
    assert_eq!(unknown.unwrap_err().code(), Some("GoneException"));
}

/// Clients encode the path of `@connections` in different ways; all mean the same connection.
#[tokio::test]
async fn a_connection_is_found_however_its_path_is_encoded() {
    let stack = Stack::start().await.unwrap();
    let mut socket = connect(&stack).await;
    let id = connection_id(&stack).await;
    for path in [format!("/@connections/{id}"), format!("/%40connections/{}", id.replace('=', "%3D"))] {
        let (status, ..) = call(&stack, Method::POST, &path, &[], path.clone()).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(next_text(&mut socket).await, path);
    }
}

/// Cutting the wire costs requests at most a 503, and the next ones find a new connection.
#[tokio::test]
async fn a_cut_wire_heals() {
    let stack = Stack::start().await.unwrap();
    let bearer = bearer(&stack);
    let headers = [("authorization", &*bearer)];
    let get = || call(&stack, Method::GET, "/v1/cities", &headers, "");
    assert_eq!(get().await.0, StatusCode::OK);
    let before = stack.wire().total();
    assert_eq!(get().await.0, StatusCode::OK);
    assert!((stack.wire().total() - before).round_trips <= 2, "a warm read makes at most two round trips");

    stack.wire().refuse(true);
    stack.wire().cut();
    assert_eq!(get().await.0, StatusCode::SERVICE_UNAVAILABLE);
    stack.wire().refuse(false);
    assert_eq!(get().await.0, StatusCode::OK);
}

async fn call(
    stack: &Stack,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> (StatusCode, Value, HeaderMap) {
    let client = HttpClient::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut request = Request::builder().method(method).uri(format!("{}{path}", stack.base_url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, serde_json::from_slice(&body).unwrap_or_default(), parts.headers)
}

fn bearer(stack: &Stack) -> String {
    format!("Bearer {}", stack.token("somebody").unwrap())
}

async fn connect(stack: &Stack) -> Socket {
    let url = format!("{}?token={}", stack.websocket_url(), stack.token("somebody").unwrap());
    connect_async(url).await.unwrap().0
}

/// The id of the only connection, as the functions' table knows it.
async fn connection_id(stack: &Stack) -> String {
    let [id] = &stack.connection_ids()[..] else {
        panic!("not one connection: {:?}", stack.connection_ids())
    };
    id.clone()
}

async fn next_text(socket: &mut Socket) -> String {
    match next(socket).await {
        Some(Ok(Message::Text(text))) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The code with which the gateway closes.
async fn closed_with(socket: &mut Socket) -> u16 {
    loop {
        match next(socket).await {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(Message::Text(_))) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn next(socket: &mut Socket) -> Option<Result<Message, Error>> {
    tokio::time::timeout(PATIENCE, socket.next()).await.expect("nothing came in time")
}

fn management(stack: &Stack) -> Client {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build_https();
    let config = aws_sdk_apigatewaymanagement::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-south-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(stack.base_url())
        .http_client(http)
        .build();
    Client::from_conf(config)
}
