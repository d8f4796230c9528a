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
    auth::{App, Counting, RateState, RequestMeta},
    cause::Cause,
};

/// How long a handler may take: less than the function's own limit in `template.yaml`, after which
/// nobody could answer any more.
const TIMEOUT: Duration = Duration::from_secs(8);

/// The outermost layer: request id, time limit, security and rate headers, one line of access log.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let meta = request_meta(&request);
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    request.extensions_mut().insert(meta.clone());
    let cause = Cause { request_id: Some(meta.request_id.clone()), trace_id: meta.trace_id.clone() };
    let served = cause.of(async {
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
        trace_id = meta.trace_id,
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
        Ok(identified) if identified.caller.is_off_shift() && !serves_off_shift(&request) => {
            with_rate(identified.rate, ApiError::Forbidden(OFF_SHIFT))
        }
        Ok(identified) => {
            request.extensions_mut().insert(identified.caller);
            with_rate(identified.rate, next.run(request).await)
        }
        Err(error) => error.into_response(),
    }
}

/// What a guard is told outside of their shifts.
const OFF_SHIFT: &str = "Your shift is over or has not begun. Please ask an admin if you are on duty.";

/// What a guard is answered outside of their shifts as well: who they are, and their own phones.
fn serves_off_shift(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    matches!(route, "/v1/profile/me" | "/v1/fcm-token" | "/v1/guards/pin")
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

/// Who asks, under which id and as what it counts, from the gateway's context and never from a header; but for the
/// trace, which is nowhere else.
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
        trace_id: trace_id(request.headers()),
        counting: Counting::of(request.method(), route),
    }
}

/// The root of the trace (AWS X-Ray: "Tracing header"). Callers may send one of their own, so nothing else is taken.
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let header = headers.get("x-amzn-trace-id")?.to_str().ok()?;
    let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
    let is_hex = |part: Option<&str>, length| {
        part.is_some_and(|part| part.len() == length && part.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    let mut parts = root.split('-');
    let is_one = parts.next() == Some("1") && is_hex(parts.next(), 8) && is_hex(parts.next(), 24);
    (is_one && parts.next().is_none()).then(|| root.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_what_the_gateway_writes_and_nothing_else() {
        let root = "1-697e4a68-5f84c2a1b3d0e9f876543210";
        for (header, read) in [
            (format!("Root={root}"), Some(root)),
            (format!("Self=1-67891234-12456789abcdef012345678;Root={root};Sampled=0"), Some(root)),
            (root.to_owned(), None),
            ("Root=+919876543210".to_owned(), None),
            (format!("Root={root}-1"), None),
            ("Root=2-697e4a68-5f84c2a1b3d0e9f876543210".to_owned(), None),
            ("Root=1-697e4a68-5f84c2a1b3d0e9f87654321g".to_owned(), None),
            (String::new(), None),
        ] {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("x-amzn-trace-id"),
                HeaderValue::from_str(&header).unwrap(),
            )]);
            assert_eq!(trace_id(&headers).as_deref(), read, "{header}");
        }
        assert_eq!(trace_id(&HeaderMap::new()), None);
    }
}
