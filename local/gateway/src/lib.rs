//! API Gateway and Lambda on one port of this machine, from a SAM template: the HTTP API, the WebSocket API,
//! `@connections`, schedules, and Lambda's Invoke API, with the events, limits and refusals of AWS.
//!
//! Which functions there are is told by a [`Host`], what goes wrong on purpose by [`Faults`]. [`Gateway::answer`] takes a
//! request, so that a program can serve pages of its own beside it.

mod faults;
mod http;
mod invoke;
mod lambda;
mod management;
pub mod schedules;
mod way;
mod websocket;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::Arc,
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
use serde_json::json;
use time::{OffsetDateTime, macros::format_description};
use tokio::net::TcpListener;
use uuid::Uuid;

pub use self::http::http_event;
pub use faults::{At, Fault, Faults, NoFaults};
pub use lambda::{
    Environment, Failed, Functions, Host, Lambda, Outcome, Refused, Usage, read_event, write_answer,
};
pub use lambda_runtime::Context;
pub use management::PostCount;
use management::Posts;
pub use template;
use template::Template;
use websocket::Registry;

/// The account that everything here pretends to be in.
pub const ACCOUNT: &str = "000000000000";

/// API Gateway quotas for HTTP and WebSocket APIs: request line and headers together, in bytes.
const MAX_HEAD: usize = 10_240;
/// How long a client may take for request line and headers, and for its next request on a connection.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

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

/// What a gateway is told before it serves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Host and port as clients name them.
    pub domain: String,
    /// The paths of the WebSocket API, which on AWS has a host of its own.
    pub websocket_paths: Vec<String>,
    /// How long things of the WebSocket API take.
    pub limits: WebSocketLimits,
}

/// Both APIs and the functions behind them.
pub struct Gateway {
    template: Template,
    lambda: Lambda,
    options: Options,
    connections: Registry,
    posts: Posts,
}

impl Gateway {
    /// Serves what the template says, by these functions.
    pub fn new(template: Template, lambda: Lambda, options: Options) -> Self {
        let (connections, posts) = (Registry::default(), Posts::default());
        Self { template, lambda, options, connections, posts }
    }

    /// The functions, to be invoked without the APIs.
    pub fn lambda(&self) -> &Lambda {
        &self.lambda
    }

    /// Host and port as clients name them.
    pub fn domain(&self) -> &str {
        &self.options.domain
    }

    /// How many WebSocket connections are open or pending.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Ids of the open WebSocket connections.
    pub fn connection_ids(&self) -> Vec<String> {
        self.connections.open_ids()
    }

    /// What functions have posted to connections since the last call of this.
    pub fn take_posts(&self) -> PostCount {
        self.posts.take()
    }

    /// Serves until the runtime ends.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let answer = move |client, request| self.clone().answer(client, request);
        serve(listener, HEAD_TIMEOUT, answer).await;
    }

    /// Answers a request.
    pub async fn answer(self: Arc<Self>, client: SocketAddr, request: Request) -> Response {
        let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
        if let Some((caller, id)) = management::read_path(&path) {
            return self.manage(caller, id, request).await;
        }
        if let Some(name) =
            path.strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"))
        {
            return self.invoke_directly(name, request).await;
        }
        if self.options.websocket_paths.iter().any(|of_websocket| of_websocket == path.trim_end_matches('/'))
        {
            return self.upgrade(client, request).await;
        }
        self.http_api(client, request).await
    }
}

/// Serves HTTP as API Gateway does, until the runtime ends: a larger head than it takes is refused, and a client that takes
/// longer for the next one than `head_timeout` is left.
pub async fn serve<F>(
    listener: TcpListener,
    head_timeout: Duration,
    answer: impl Fn(SocketAddr, Request) -> F + Clone + Send + 'static,
) where
    F: Future<Output = Response> + Send + 'static,
{
    let mut http = http1::Builder::new();
    // A head that is larger is answered with 431.
    http.timer(TokioTimer::new()).header_read_timeout(head_timeout).max_header_size(MAX_HEAD);
    loop {
        let Ok((socket, client)) = listener.accept().await else {
            // Only a lack of descriptors lasts, and nothing tells when there are some again.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let answer = answer.clone();
        let answer = service_fn(move |request: ::http::Request<Incoming>| {
            let answering = answer(client, request.map(Body::new));
            async move { Ok::<_, Infallible>(answering.await) }
        });
        let connection = http.serve_connection(TokioIo::new(socket), answer).with_upgrades();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a client's connection broke");
            }
        });
    }
}

/// An answer of the gateway itself, not of a function.
pub fn said(status: StatusCode, message: &str) -> Response {
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
pub async fn read_body(body: Body, limit: usize) -> Result<axum::body::Bytes, Response> {
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
pub fn epoch_millis() -> i64 {
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
pub fn query_pairs(query: &str) -> Vec<(String, String)> {
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
