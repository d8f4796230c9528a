use std::{any::Any, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
        X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use lambda_http::request::RequestContext;
use tokio::time::Instant;

use super::ApiError;
use crate::{
    App,
    auth::{Counting, RateState, RequestMeta},
};

/// How long a handler may take: less than the function's own limit in `template.yaml`, after which
/// nobody could answer any more.
const TIMEOUT: Duration = Duration::from_secs(8);

tokio::task_local! {
    static REQUEST_ID: String;
}

/// The gateway's id of the request being served; empty outside of one.
pub(crate) fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// The outermost layer: request id, time limit, security and rate headers, one line of access log.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let meta = request_meta(&request);
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    request.extensions_mut().insert(meta.clone());
    let served = REQUEST_ID.scope(meta.request_id.clone(), async {
        match tokio::time::timeout(TIMEOUT, next.run(request)).await {
            Ok(response) => response,
            Err(_) => ApiError::Unavailable("the handler took too long".into()).into_response(),
        }
    });
    let mut response = served.await;
    let rate = response.extensions().get::<RateState>().copied();
    add_headers(response.headers_mut(), &meta, rate);
    tracing::info!(
        request_id = %meta.request_id,
        %method,
        route,
        status = response.status().as_u16(),
        duration_ms = started.elapsed().as_millis(),
        "request"
    );
    response
}

/// Puts the verified caller into the request, and their standing into the answer.
pub(super) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(meta) = request.extensions().get::<RequestMeta>().cloned() else {
        return ApiError::Internal("the request has no gateway context".into()).into_response();
    };
    let identified = match bearer_token(request.headers()) {
        Ok(token) => app.identify(token, &meta).await,
        Err(error) => Err(app.unverified(error, &meta).await),
    };
    match identified {
        Ok(identified) => {
            request.extensions_mut().insert(identified.caller);
            with_rate(identified.rate, next.run(request).await)
        }
        Err(error) => error.into_response(),
    }
}

/// An answer that says where the caller stands, unless it says so of a limit of its own.
pub fn with_rate(rate: RateState, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if response.extensions().get::<RateState>().is_none() {
        response.extensions_mut().insert(rate);
    }
    response
}

/// A panic is a defect: 500 to the caller, one line in the log, and the next request is served.
pub(super) fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| cause.downcast_ref::<String>().cloned());
    ApiError::Internal(format!("panic: {}", text.unwrap_or_default())).into_response()
}

/// The token of an `Authorization: Bearer` header (RFC 6750, section 2.1).
fn bearer_token(headers: &HeaderMap) -> Result<&str, ApiError> {
    let header = headers.get(AUTHORIZATION).ok_or(ApiError::TokenMissing)?;
    let text = header.to_str().map_err(|_| ApiError::TokenInvalid)?;
    let (scheme, token) = text.split_once(' ').ok_or(ApiError::TokenMissing)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(ApiError::TokenMissing);
    }
    Ok(token)
}

/// Who asks, under which id and as what it counts, from the gateway's context and never from a header.
fn request_meta(request: &Request) -> RequestMeta {
    let (ip, request_id) = match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            (context.http.source_ip.clone(), context.request_id.clone())
        }
        _ => (None, None),
    };
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    RequestMeta {
        ip: ip.unwrap_or_default(),
        request_id: request_id.unwrap_or_default(),
        counting: Counting::of(request.method(), route),
    }
}

/// Answers are data for one caller: not to be cached, framed, sniffed or run.
fn add_headers(headers: &mut HeaderMap, meta: &RequestMeta, rate: Option<RateState>) {
    const FIXED: [(HeaderName, HeaderValue); 6] = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ];
    // A page says itself what may run in it.
    for (name, value) in FIXED {
        headers.entry(name).or_insert(value);
    }
    if let Ok(id) = HeaderValue::from_str(&meta.request_id) {
        headers.insert("x-request-id", id);
    }
    if let Some(RateState { limit, remaining, reset_seconds }) = rate {
        headers.insert("ratelimit-limit", HeaderValue::from(limit));
        headers.insert("ratelimit-remaining", HeaderValue::from(remaining.max(0)));
        headers.insert("ratelimit-reset", HeaderValue::from(reset_seconds));
    }
}
