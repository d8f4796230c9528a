//! API Gateway on one port: the HTTP API, the WebSocket API, `@connections`, Lambda's Invoke API,
//! and beside them what a developer and the tests need: pages at `/` and `/docs`, tools under `/_local/`.

mod faults;
mod http;
mod invoke;
mod management;
mod messages;
mod pages;
mod tools;
mod way;
mod websocket;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ::http::{HeaderMap, StatusCode, header};
use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
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

/// API Gateway quotas for HTTP and WebSocket APIs: request line and headers together, in bytes.
const MAX_HEAD: usize = 10_240;
/// How long a client may take for request line and headers, and for its next request on a connection.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

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
    /// Who grants access tokens for FCM, with any issuer of ID tokens.
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
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener, head_timeout: Duration) {
        let mut http = http1::Builder::new();
        // A head that is larger is answered with 431.
        http.timer(TokioTimer::new()).header_read_timeout(head_timeout).max_header_size(MAX_HEAD);
        loop {
            let Ok((socket, client)) = listener.accept().await else {
                // Only a lack of descriptors lasts, and nothing tells when there are some again.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let gateway = self.clone();
            let answer = service_fn(move |request: ::http::Request<Incoming>| {
                let gateway = gateway.clone();
                async move { Ok::<_, Infallible>(gateway.dispatch(client, request.map(Body::new)).await) }
            });
            let connection = http.serve_connection(TokioIo::new(socket), answer).with_upgrades();
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a client's connection broke");
                }
            });
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
pub(crate) fn epoch_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Now, as `requestContext` says it: `12/Mar/2020:19:03:58 +0000`.
fn request_time() -> String {
    let format = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    OffsetDateTime::now_utc().format(format).unwrap_or_default()
}

/// Whether a request names exactly one host, which can be one (RFC 9112, section 3.2). On AWS only requests to
/// the API's own domain arrive.
fn has_one_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    let named = hosts.next().and_then(|host| host.to_str().ok());
    named.is_some_and(is_host) && hosts.next().is_none()
}

fn is_host(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    host.bytes().all(allowed) && url::Url::parse(&format!("http://{host}/")).is_ok()
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

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for host in ["127.0.0.1:3000", "localhost", "[::1]:80", "gate.example.in"] {
            assert!(is_host(host), "{host}");
        }
        for host in ["", "a b", "x/y", "127.0.0.1:port", "1.2.3.4.5", "u@h"] {
            assert!(!is_host(host), "{host}");
        }
    }
}
