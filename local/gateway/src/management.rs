//! `@connections`: what a function posts to a client (API Gateway, "Use @connections commands").
//!
//! Functions may post to `/_from/<function>/@connections/…`, so that faults know who posts;
//! as with the stage on AWS, the SDKs keep what stands before `/@connections`.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, header};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    At, Fault, Gateway, read_body, refused,
    websocket::{Connection, Posted},
};

/// API Gateway quotas for WebSocket APIs.
const MAX_MESSAGE: usize = 128 * 1024;
/// Longer than any caller waits.
const HANGING: Duration = Duration::from_secs(30);

/// The function that calls, where it is known, and the connection's id.
pub(crate) fn read_path(path: &str) -> Option<(Option<&str>, &str)> {
    match path.strip_prefix("/_from/") {
        Some(rest) => rest.split_once("/@connections/").map(|(caller, id)| (Some(caller), id)),
        None => path.strip_prefix("/@connections/").map(|id| (None, id)),
    }
}

/// What has been posted to connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PostCount {
    /// Posts since the last look.
    pub posts: u64,
    /// The most of them that were under way at once.
    pub at_once: u64,
}

/// Counts posts.
#[derive(Default)]
pub(crate) struct Posts(Mutex<(PostCount, u64)>);

impl Posts {
    /// What has been posted since the last look.
    pub(crate) fn take(&self) -> PostCount {
        std::mem::take(&mut self.lock().0)
    }

    /// One more is under way until the answer is dropped.
    fn begin(&self) -> impl Drop {
        let mut count = self.lock();
        count.1 += 1;
        count.0.posts += 1;
        count.0.at_once = count.0.at_once.max(count.1);
        UnderWay(self)
    }

    fn lock(&self) -> MutexGuard<'_, (PostCount, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct UnderWay<'a>(&'a Posts);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.lock().1 -= 1;
    }
}

impl Gateway {
    /// `id` is decoded; clients encode it in different ways.
    pub(crate) async fn manage(&self, caller: Option<&str>, id: &str, request: Request) -> Response {
        let method = request.method().clone();
        let body = match read_body(request.into_body(), MAX_MESSAGE).await {
            Ok(body) => body,
            Err(response) => return response,
        };
        let at = At { function: caller, connection: Some(id) };
        if method == Method::POST && self.lambda.faults().strikes(Fault::CallerKilled, at) {
            return hang().await;
        }
        let Some(connection) = self.connections.find(id) else { return gone() };
        match method {
            Method::POST => self.post(caller, &connection, &body).await,
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

    async fn post(&self, caller: Option<&str>, connection: &Connection, body: &[u8]) -> Response {
        let _under_way = self.posts.begin();
        tokio::time::sleep(self.options.limits.post).await;
        let at = At { function: caller, connection: Some(&connection.id) };
        let strikes = |fault| self.lambda.faults().strikes(fault, at);
        if strikes(Fault::PostHangs) {
            return hang().await;
        }
        if strikes(Fault::PostGone) {
            return gone();
        }
        if strikes(Fault::PostThrottled) {
            return throttled("Rate exceeded");
        }
        if strikes(Fault::PostFails) {
            return failed();
        }
        if strikes(Fault::PostLost) {
            return StatusCode::OK.into_response();
        }
        if strikes(Fault::ConnectionCut) {
            connection.cut();
            return StatusCode::OK.into_response();
        }
        let posted = connection.post(body);
        if posted == Posted::Yes && strikes(Fault::PostLate) {
            return hang().await;
        }
        answer(posted, StatusCode::OK)
    }
}

fn answer(posted: Posted, done: StatusCode) -> Response {
    match posted {
        Posted::Yes => done.into_response(),
        Posted::Gone => gone(),
        Posted::Full => throttled("The client does not read its messages"),
    }
}

fn gone() -> Response {
    refused(StatusCode::GONE, "GoneException", "Gone")
}

fn throttled(message: &str) -> Response {
    refused(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", message)
}

fn failed() -> Response {
    refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerErrorException", "Internal server error")
}

/// Answers when nobody waits any more.
async fn hang() -> Response {
    tokio::time::sleep(HANGING).await;
    failed()
}

fn timestamp(millis: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}
