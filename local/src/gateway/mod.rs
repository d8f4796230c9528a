//! API Gateway on one port: the HTTP API, the WebSocket API, `@connections`, Lambda's Invoke API,
//! and beside them what a developer and the tests need: pages at `/` and `/docs`, tools under `/_local/`.

mod faults;
mod http;
mod invoke;
mod management;
mod messages;
mod pages;
mod tools;
mod websocket;

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ::http::{HeaderMap, StatusCode, header};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::format_description};
use tokio::net::TcpListener;
use uuid::Uuid;

pub(crate) use self::http::http_event;
use crate::{faults::Faults, issuer::Issuer, lambda::Lambda, messages::Messages, template::Template};
pub use management::PostCount;
use management::Posts;
use websocket::Registry;

/// How long things of the WebSocket API take.
#[derive(Clone, Copy, Debug)]
pub struct WebSocketLimits {
    /// Without a message in either direction.
    pub idle: Duration,
    /// In all.
    pub lifetime: Duration,
    /// How long a post takes; here nothing is far away.
    pub post: Duration,
}

impl Default for WebSocketLimits {
    /// API Gateway quotas for WebSocket APIs: ten minutes and two hours.
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(10 * 60),
            lifetime: Duration::from_secs(2 * 60 * 60),
            post: Duration::ZERO,
        }
    }
}

/// What all requests share.
pub(crate) struct Gateway {
    pub(crate) template: Template,
    pub(crate) lambda: Lambda,
    pub(crate) faults: Faults,
    pub(crate) issuer: Option<Arc<Issuer>>,
    /// Who grants access tokens for FCM, whoever issues ID tokens.
    pub(crate) google: Arc<Issuer>,
    pub(crate) messages: Messages,
    pub(crate) limits: WebSocketLimits,
    /// Host and port as clients name them.
    pub(crate) domain: String,
    pub(crate) connections: Registry,
    pub(crate) posts: Posts,
    /// What `/_local/info` answers, once all is up.
    pub(crate) info: OnceLock<Value>,
}

impl Gateway {
    pub(crate) fn new(
        template: Template,
        lambda: Lambda,
        faults: Faults,
        issuer: Option<Arc<Issuer>>,
        google: Arc<Issuer>,
        limits: WebSocketLimits,
        domain: String,
    ) -> Self {
        Self {
            template,
            lambda,
            faults,
            issuer,
            google,
            messages: Messages::default(),
            limits,
            domain,
            connections: Registry::default(),
            posts: Posts::default(),
            info: OnceLock::new(),
        }
    }

    /// Serves until the runtime ends.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let all = move |ConnectInfo(client): ConnectInfo<SocketAddr>, request: Request| {
            let gateway = self.clone();
            async move { gateway.dispatch(client, request).await }
        };
        let service = Router::new().fallback(all).into_make_service_with_connect_info::<SocketAddr>();
        if let Err(error) = axum::serve(listener, service).await {
            tracing::error!(%error, "the gateway has stopped");
        }
    }

    async fn dispatch(self: Arc<Self>, client: SocketAddr, request: Request) -> Response {
        let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
        if let Some((caller, id)) = management::read_path(&path) {
            return self.manage(caller, id, request).await;
        }
        if let Some(page) = pages::answer(request.method(), &path) {
            return page;
        }
        if path == "/_local/faults" {
            return self.switch_faults(request).await;
        }
        if let Some(path) = path.strip_prefix("/_local/").filter(|path| {
            ["messages", "fcm/", "sns", "whatsapp/"].iter().any(|service| path.starts_with(service))
        }) {
            return self.message(path, request).await;
        }
        if let Some(tool) = path.strip_prefix("/_local/") {
            return self.tool(tool, &request);
        }
        if let Some(name) =
            path.strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"))
        {
            return self.invoke_directly(name, request).await;
        }
        if matches!(path.trim_end_matches('/'), "/ws" | "/socket.io") {
            return self.upgrade(client, request).await;
        }
        self.http_api(client, request).await
    }
}

/// An answer of the gateway itself, not of a function.
fn said(status: StatusCode, message: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], json!({ "message": message }).to_string())
        .into_response()
}

/// An error in the form that the AWS SDKs read.
fn refused(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let mut response = said(status, message);
    response.headers_mut().insert("x-amzn-errortype", ::http::HeaderValue::from_static(kind));
    response
}

/// The whole body, unless it is longer than `limit`.
async fn read_body(body: Body, limit: usize) -> Result<axum::body::Bytes, Response> {
    axum::body::to_bytes(body, limit).await.map_err(|_| {
        refused(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException", "Request Entity Too Large")
    })
}

/// An id as API Gateway gives them to requests and connections.
fn new_id() -> String {
    // Eleven bytes make fifteen characters and one `=`.
    URL_SAFE.encode(&Uuid::new_v4().as_bytes()[..11])
}

/// Milliseconds since 1970.
fn epoch_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Now, as `requestContext` says it: `12/Mar/2020:19:03:58 +0000`.
fn request_time() -> String {
    let format = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    OffsetDateTime::now_utc().format(format).unwrap_or_default()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Decoded pairs of a query string.
fn query_pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
