//! `@connections`: what a function posts to a client (API Gateway, "Use @connections commands").

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, header};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Gateway, read_body, refused, websocket::Posted};

/// API Gateway quotas for WebSocket APIs.
const MAX_MESSAGE: usize = 128 * 1024;

impl Gateway {
    /// `id` is decoded; clients encode it in different ways.
    pub(super) async fn manage(&self, id: &str, request: Request) -> Response {
        let method = request.method().clone();
        let body = match read_body(request.into_body(), MAX_MESSAGE).await {
            Ok(body) => body,
            Err(response) => return response,
        };
        let Some(connection) = self.connections.find(id) else { return gone() };
        match method {
            Method::POST => answer(connection.post(&body), StatusCode::OK),
            Method::DELETE => answer(connection.hang_up(), StatusCode::NO_CONTENT),
            Method::GET => {
                let status = json!({
                    "connectedAt": timestamp(connection.connected_at),
                    "identity": {"sourceIp": connection.source_ip, "userAgent": connection.user_agent},
                    "lastActiveAt": timestamp(connection.last_active()),
                });
                ([(header::CONTENT_TYPE, "application/json")], status.to_string()).into_response()
            }
            _ => refused(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden"),
        }
    }
}

fn answer(posted: Posted, done: StatusCode) -> Response {
    match posted {
        Posted::Yes => done.into_response(),
        Posted::Gone => gone(),
        Posted::Full => refused(
            StatusCode::TOO_MANY_REQUESTS,
            "LimitExceededException",
            "The client does not read its messages",
        ),
    }
}

fn gone() -> Response {
    refused(StatusCode::GONE, "GoneException", "Gone")
}

fn timestamp(millis: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}
