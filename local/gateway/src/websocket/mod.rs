//! The WebSocket API.
//!
//! - A connection is pending until `$connect` has answered; a status other than 2xx refuses it.
//! - Messages of one connection are handed to the function as they come, each in an invocation of
//!   its own: as on AWS two messages sent without waiting may be served in any order.
//! - The answer to a message goes back only where its route has a route response.
//! - `$disconnect` comes once, after the connection has ended, and nobody waits for it.

mod connection;
mod event;
mod registry;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use hyper::upgrade::OnUpgrade;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::{At, Fault, Gateway, Outcome, has_one_host, new_id, said};
use connection::Ending;
pub(crate) use registry::Registry;
pub(crate) use registry::{Connection, Posted};

/// API Gateway quotas for WebSocket APIs.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(29);
/// The headers with which a request becomes a WebSocket (RFC 6455, section 4.2.1).
const VERSION: &str = "13";

/// What came of calling the function of a route.
enum Called {
    /// The function answered so.
    Answered(Value),
    /// The template has no such route, so nobody was asked.
    NoRoute,
    /// The function failed, or could not be called.
    Failed,
}

impl Gateway {
    /// Turns a request into a connection, if `$connect` allows it.
    pub(crate) async fn upgrade(self: Arc<Self>, client: SocketAddr, request: Request) -> Response {
        let (mut parts, _) = request.into_parts();
        if !has_one_host(&parts.headers) {
            return said(StatusCode::BAD_REQUEST, "Bad Request");
        }
        let Some(key) = websocket_key(&parts.headers) else {
            return said(StatusCode::UPGRADE_REQUIRED, "This is a WebSocket");
        };
        let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
            return said(StatusCode::UPGRADE_REQUIRED, "This is a WebSocket");
        };
        // In a task of its own: on AWS `$connect` goes on when the client has gone.
        let connecting = tokio::spawn(self.connect(client, parts, key, upgrade));
        connecting.await.unwrap_or_else(|_| said(StatusCode::BAD_GATEWAY, "Internal server error"))
    }

    async fn connect(
        self: Arc<Self>,
        client: SocketAddr,
        parts: Parts,
        key: String,
        upgrade: OnUpgrade,
    ) -> Response {
        let (connection, posts) = self.connections.add(new_id(), client, &parts.headers);
        let event = event::connect(&connection, &parts, client, self.domain());
        let answer = match self.call_route("$connect", event).await {
            Called::NoRoute => json!({"statusCode": 200}),
            Called::Answered(answer) => answer,
            Called::Failed => {
                self.connections.remove(&connection.id);
                return refusal(StatusCode::BAD_GATEWAY, "Internal server error", &connection);
            }
        };
        let status =
            answer.get("statusCode").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let status =
            status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::BAD_GATEWAY);
        if !status.is_success() {
            self.connections.remove(&connection.id);
            return refusal(status, status.canonical_reason().unwrap_or_default(), &connection);
        }
        connection.open();
        let response = switch(&key, &answer);
        tokio::spawn(async move {
            let ending = match upgrade.await {
                Ok(upgraded) => connection::serve(self.clone(), connection.clone(), upgraded, posts).await,
                Err(_) => Ending::lost(),
            };
            self.connections.remove(&connection.id);
            if self.lambda.faults().strikes(Fault::DisconnectLost, At::default()) {
                return;
            }
            let event = event::disconnect(&connection, ending.code, &ending.reason, self.domain());
            self.call_route("$disconnect", event).await;
        });
        response
    }

    async fn call_route(&self, route: &str, event: Value) -> Called {
        let Some(target) = self.template.websocket.get(route) else { return Called::NoRoute };
        let invocation = self.lambda.invoke(&target.function, event.to_string());
        let reason = match timeout(INTEGRATION_TIMEOUT, invocation).await {
            Ok(Ok(Outcome::Answered(answer))) => match serde_json::from_str(&answer) {
                Ok(answer) => return Called::Answered(answer),
                Err(error) => error.to_string(),
            },
            Ok(Ok(Outcome::Failed(reason))) => reason,
            Ok(Err(reason)) => format!("{reason:?}"),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::error!(route, reason, "a function of the WebSocket API failed");
        Called::Failed
    }

    /// What the client hears of a message: the function's answer where the route has a response,
    /// and of a failure always.
    async fn answer_message(&self, connection: &Connection, text: String) -> Option<String> {
        let route = "$default";
        let event = event::message(connection, route, text, self.domain());
        let request_id = event["requestContext"]["requestId"].clone();
        match self.call_route(route, event).await {
            Called::Answered(answer) => {
                let responds = self.template.websocket.get(route).is_some_and(|route| route.responds);
                let body = answer.get("body").and_then(Value::as_str).filter(|body| !body.is_empty());
                body.filter(|_| responds).map(str::to_owned)
            }
            Called::NoRoute | Called::Failed => Some(
                json!({
                    "message": "Internal server error",
                    "connectionId": connection.id,
                    "requestId": request_id,
                })
                .to_string(),
            ),
        }
    }
}

/// The client's key, where the request is a well-formed handshake.
fn websocket_key(headers: &HeaderMap) -> Option<String> {
    let has = |name: header::HeaderName, token: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
    };
    let asks = has(header::UPGRADE, "websocket")
        && has(header::CONNECTION, "upgrade")
        && has(header::SEC_WEBSOCKET_VERSION, VERSION);
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok())?;
    asks.then(|| key.to_owned())
}

/// The protocol is only named where the function names it.
fn switch(key: &str, answer: &Value) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(derive_accept_key(key.as_bytes())) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    let protocol = ["headers", "multiValueHeaders"].into_iter().find_map(|kind| {
        let mut headers = answer.get(kind)?.as_object()?.iter();
        let (_, value) = headers.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))?;
        value.as_str().or_else(|| value.get(0)?.as_str())
    });
    if let Some(protocol) = protocol.and_then(|protocol| HeaderValue::from_str(protocol).ok()) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

fn refusal(status: StatusCode, message: &str, connection: &Connection) -> Response {
    let body = json!({"message": message, "connectionId": connection.id, "requestId": new_id()}).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
