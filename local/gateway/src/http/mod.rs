//! The HTTP API, payload format 2.0.
//!
//! Limits and answers are the gateway's: 404 without a route, 413 over 10 MB, 500 where a function
//! fails, 503 where it is throttled or takes longer than 30 seconds.

mod cors;
mod event;
mod response;
mod route;

use std::{net::SocketAddr, time::Duration};

use axum::{extract::Request, response::Response};
use http::{Method, StatusCode, header};
use serde_json::Value;
use tokio::time::timeout;

use template::Function;

use crate::{Gateway, Outcome, Refused, has_one_host, read_body, said};

/// API Gateway quotas for HTTP APIs.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// API Gateway quotas for HTTP APIs.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// The function that serves a request, and the event it is called with.
pub fn http_event(
    functions: &[Function],
    request: http::Request<()>,
    body: &[u8],
    client: SocketAddr,
    domain: &str,
) -> Option<(String, Value)> {
    let (parts, ()) = request.into_parts();
    let found = route::find(functions, &parts.method, parts.uri.path())?;
    Some((found.function.to_owned(), event::build(&parts, body, &found, client, domain)))
}

impl Gateway {
    pub(crate) async fn http_api(&self, client: SocketAddr, request: Request) -> Response {
        let origin = request.headers().get(header::ORIGIN).cloned();
        let cors = self.template.cors.as_ref();
        if let Some(cors) = cors.filter(|_| request.method() == Method::OPTIONS) {
            return cors::preflight(cors, origin.as_ref());
        }
        let mut response = self.call(client, request).await;
        if let Some(cors) = cors {
            cors::finish(cors, origin.as_ref(), response.headers_mut());
        }
        response
    }

    async fn call(&self, client: SocketAddr, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        if !has_one_host(&parts.headers) {
            return said(StatusCode::BAD_REQUEST, "Bad Request");
        }
        let Some(found) = route::find(&self.template.functions, &parts.method, parts.uri.path()) else {
            return said(StatusCode::NOT_FOUND, "Not Found");
        };
        let body = match read_body(body, MAX_BODY).await {
            Ok(body) => body,
            Err(response) => return response,
        };
        let event = event::build(&parts, &body, &found, client, self.domain());
        match timeout(INTEGRATION_TIMEOUT, self.lambda.invoke(found.function, event.to_string())).await {
            Ok(Ok(Outcome::Answered(answer))) => response::read(&answer).unwrap_or_else(|reason| {
                tracing::error!(
                    function = found.function,
                    reason,
                    "the answer is not in the gateway's format"
                );
                said(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }),
            Ok(Ok(Outcome::Failed(reason))) => {
                tracing::error!(function = found.function, reason, "the function failed");
                said(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
            Ok(Err(Refused::Throttled)) | Err(_) => {
                said(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
            Ok(Err(reason @ (Refused::Unknown | Refused::Malformed | Refused::Unreachable(_)))) => {
                tracing::error!(function = found.function, ?reason, "the function could not be called");
                said(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
}
