//! An HTTP function as Lambda calls it, with an event of the gateway (payload format 2.0).
//!
//! `lambda_http` 1.3 makes an address of the event's host, scheme and path, and panics where that is none, or
//! where a body is not the base64 that it is said to be. What it would make of them is therefore made here,
//! and an event that is no request is answered with 400.

use std::{borrow::Cow, convert::Infallible, net::IpAddr};

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use axum::{Router, routing};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderName, Uri,
    header::{FORWARDED, HOST},
    uri::PathAndQuery,
};
use lambda_http::{Adapter, Body, LambdaEvent, Request, Service, request::LambdaRequest, service_fn};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::{Value, value::RawValue};

use super::{ApiError, finish};
use crate::input::{Problem, ProblemCode};

/// What clients and proxies say about the way a request came. What counts of it is in the gateway's context.
const HEARSAY: [HeaderName; 6] = [
    HOST,
    FORWARDED,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-proto"),
];
/// What cannot stand in a query (RFC 3986, section 3.4).
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');
/// What cannot stand in a path (RFC 3986, section 3.3), apart from `%`.
const PATH: &AsciiSet =
    &QUERY.add(b'?').add(b'[').add(b'\\').add(b']').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// An event of the HTTP API.
pub struct HttpEvent(Result<ApiGatewayV2httpRequest, Unreadable>);

/// What is known of an event in which something cannot be part of a request, such as a header with a line end.
struct Unreadable {
    request_id: Option<String>,
    source_ip: Option<String>,
}

impl Unreadable {
    fn of(event: &Value) -> Option<Self> {
        let text = |place: &str| event.pointer(place).and_then(Value::as_str).map(str::to_owned);
        (text("/version")? == "2.0").then(|| Self {
            request_id: text("/requestContext/requestId"),
            source_ip: text("/requestContext/http/sourceIp"),
        })
    }
}

impl<'de> Deserialize<'de> for HttpEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        serde_json::from_str(text.get()).map(|event| Self(Ok(event))).or_else(|reason| {
            let event = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
            Unreadable::of(&event).map(|known| Self(Err(known))).ok_or_else(|| D::Error::custom(reason))
        })
    }
}

/// Has a router answer an event.
pub async fn answer(router: Router, event: LambdaEvent<HttpEvent>) -> impl Serialize + Send {
    let (mut request, target) = match event.payload.0 {
        Ok(mut request) => {
            let target = take_target(&mut request);
            (request, target)
        }
        Err(known) => (known.into(), Err(wrong("request", "must be a request of HTTP"))),
    };
    let context = &mut request.request_context;
    // They are stored and logged, and the gateway's own have no other form.
    context.http.source_ip = context.http.source_ip.take().filter(|ip| ip.parse::<IpAddr>().is_ok());
    context.request_id = context.request_id.take().filter(|id| id.chars().all(|c| c.is_ascii_graphic()));
    let served = service_fn(move |mut request: Request| {
        let mut router = match &target {
            Ok(target) => {
                *request.uri_mut() = target.uri.clone();
                if let Some(bytes) = &target.bytes {
                    *request.body_mut() = Body::Binary(bytes.clone());
                }
                router.clone()
            }
            Err(problem) => refusing(problem.clone()),
        };
        async move { router.call(request).await }
    });
    let event = LambdaEvent::new(LambdaRequest::ApiGatewayV2(request), event.context);
    let answering = Adapter::from(served).call(event);
    answering.await.unwrap_or_else(|never: Infallible| match never {})
}

/// What a request asks for, and its body where that is not text.
struct Target {
    uri: Uri,
    bytes: Option<Vec<u8>>,
}

/// Takes out of an event all that `lambda_http` would make an address or bytes of.
fn take_target(event: &mut ApiGatewayV2httpRequest) -> Result<Target, Problem> {
    event.request_context.domain_name = None;
    event.request_context.stage = None;
    let one_host = {
        let mut hosts = event.headers.get_all(HOST).into_iter();
        hosts.next().is_none_or(|host| is_host(host.as_bytes())) && hosts.next().is_none()
    };
    for name in HEARSAY {
        event.headers.remove(name);
    }
    let (path, query) = (event.raw_path.take(), event.raw_query_string.take());
    let body = event.body.take_if(|_| event.is_base64_encoded);
    if !one_host {
        return Err(wrong("Host", "must be one host"));
    }
    let uri = target(&path.unwrap_or_default(), &query.unwrap_or_default())?;
    let bytes = body.map(|body| STANDARD.decode(body)).transpose();
    let bytes = bytes.map_err(|_| wrong("body", "must be base64, as the event says it is"))?;
    event.is_base64_encoded = false;
    Ok(Target { uri, bytes })
}

/// A name or an address, with a port or without (RFC 9112, section 3.2).
fn is_host(host: &[u8]) -> bool {
    !host.is_empty() && host.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(byte))
}

/// Path and query as a client writes them. The gateway has decoded the path, so that a `?` or `#` in it is part of
/// it. Other senders of such events leave it encoded; a `%` with two hexadecimal digits is therefore left alone.
fn target(path: &str, query: &str) -> Result<Uri, Problem> {
    let mut text = String::with_capacity(path.len() + query.len() + 2);
    if !path.starts_with('/') {
        text.push('/');
    }
    for (place, part) in path.split('%').enumerate() {
        if place > 0 {
            let is_encoded =
                part.as_bytes().iter().take(2).filter(|byte| byte.is_ascii_hexdigit()).count() == 2;
            text.push_str(if is_encoded { "%" } else { "%25" });
        }
        text.extend(utf8_percent_encode(part, PATH));
    }
    if !query.is_empty() {
        text.push('?');
        text.extend(utf8_percent_encode(query, QUERY));
    }
    PathAndQuery::try_from(text).map(Uri::from).map_err(|_| wrong("path", "is too long"))
}

fn wrong(field: &str, problem: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(ProblemCode::WrongFormat, problem.into()).of(field)
}

/// What answers in a function's place where there is nothing to ask it; what has no address is at `/`.
fn refusing(problem: Problem) -> Router {
    let refuse = move || {
        let problem = problem.clone();
        async move { ApiError::Invalid(vec![problem]) }
    };
    finish(Router::new().route("/", routing::any(refuse)))
}

impl From<Unreadable> for ApiGatewayV2httpRequest {
    fn from(known: Unreadable) -> Self {
        let mut request = Self::default();
        request.request_context.request_id = known.request_id;
        request.request_context.http.source_ip = known.source_ip;
        request
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use lambda_http::Context as Invocation;
    use proptest::prelude::{any, *};
    use serde_json::json;

    use super::*;

    /// A function with one route, which says what it was asked.
    fn served(event: &Value) -> Value {
        let asked = |uri: Uri| async move { uri.to_string() };
        let router = finish(Router::new().route("/v1/visitors/{id}", get(asked).post(asked)));
        let event: HttpEvent = serde_json::from_str(&event.to_string()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        serde_json::to_value(runtime.block_on(answer(router, LambdaEvent::new(event, Invocation::default()))))
            .unwrap()
    }

    fn event(path: &str, query: &str) -> Value {
        json!({
            "version": "2.0", "rawPath": path, "rawQueryString": query,
            "headers": {"host": "api.example.in"}, "body": "e30=", "isBase64Encoded": true,
            "requestContext": {
                "http": {"method": "GET", "sourceIp": "192.0.2.1"}, "domainName": "api.example.in",
                "stage": "$default", "requestId": "r",
            },
        })
    }

    #[test]
    fn a_request_is_what_the_gateway_was_asked() {
        for (path, query, asked) in [
            ("/v1/visitors/1", "", "/v1/visitors/1"),
            ("/v1/visitors/1", "a=%20b&a=c+d", "/v1/visitors/1?a=%20b&a=c+d"),
            ("/v1/visitors/a b", "", "/v1/visitors/a%20b"),
            ("/v1/visitors/a?b=c#d", "e=f", "/v1/visitors/a%3Fb=c%23d?e=f"),
            ("/v1/visitors/..", "", "/v1/visitors/.."),
            ("/v1/visitors/\u{1F6AA}", "a=\"<>", "/v1/visitors/%F0%9F%9A%AA?a=%22%3C%3E"),
            ("/v1/visitors/100%", "", "/v1/visitors/100%25"),
            ("/v1/visitors/%41", "", "/v1/visitors/%41"),
        ] {
            assert_eq!(served(&event(path, query))["body"], asked, "{path:?} {query:?}");
        }
    }

    #[test]
    fn an_event_that_is_no_request_is_refused() {
        let wrong = |place: &str, value: Value| {
            let mut event = event("/v1/visitors/1", "");
            let (parent, name) = place.rsplit_once('/').unwrap();
            event.pointer_mut(parent).unwrap()[name] = value;
            (place.to_owned(), event)
        };
        for (place, event) in [
            wrong("/headers/host", json!("a,b")),
            wrong("/headers/host", json!(["a", "a"])),
            wrong("/headers/host", json!("")),
            wrong("/headers/x", json!("a\nb")),
            wrong("/headers/a b", json!("c")),
            wrong("/body", json!("no base64!")),
            wrong("/requestContext/http/method", json!("NO METHOD")),
            wrong("/rawPath", json!("/v1/visitors/".to_owned() + &"x".repeat(70_000))),
        ] {
            let answer = served(&event);
            assert_eq!(answer["statusCode"], 400, "{place}: {answer}");
            let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert_eq!(
                (&body["error_code"], &body["request_id"]),
                (&json!("VALIDATION_FAILED"), &json!("r"))
            );
        }
        assert!(serde_json::from_str::<HttpEvent>(r#"{"not": "an event"}"#).is_err());
    }

    /// What clients and proxies say of the way reaches no handler, and nothing of it is believed.
    #[test]
    fn hearsay_ends_here() {
        let mut event = event("/v1/visitors/1", "");
        for name in HEARSAY {
            event["headers"][name.as_str()] = json!("a");
        }
        let headers = |headers: http::HeaderMap| async move {
            headers.keys().map(|name| name.as_str()).collect::<String>()
        };
        let router = Router::new().route("/v1/visitors/1", get(headers));
        let event: HttpEvent = serde_json::from_str(&event.to_string()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(answer(router, LambdaEvent::new(event, Invocation::default())));
        assert_eq!(serde_json::to_value(answer).unwrap()["body"], "");
    }

    /// Any text, and such as addresses are made of.
    fn odd() -> impl Strategy<Value = String> {
        prop_oneof!["\\PC{0,20}", "[\\x00-\\xff]{0,20}", "[a-z:/?#@%\\[\\]., \\\\]{0,20}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_event_is_answered(
            texts in proptest::collection::vec(odd(), 12),
            is_base64: bool,
            places in proptest::collection::vec(any::<bool>(), 12),
        ) {
            let mut event = event("/v1/visitors/1", "");
            event["isBase64Encoded"] = json!(is_base64);
            let name = &texts[11];
            let chosen = [
                "/rawPath", "/rawQueryString", "/body", "/cookies", "/headers/host", "/headers/x-forwarded-proto",
                "/requestContext/domainName", "/requestContext/stage", "/requestContext/requestId",
                "/requestContext/http/method", "/requestContext/http/sourceIp",
            ];
            for ((place, text), is_odd) in chosen.iter().zip(&texts).zip(&places) {
                if *is_odd {
                    let (parent, key) = place.rsplit_once('/').unwrap();
                    let value = if key == "cookies" { json!([text]) } else { json!(text) };
                    event.pointer_mut(parent).unwrap()[key] = value;
                }
            }
            if places[11] {
                event["headers"][name] = json!(texts[0]);
            }
            let status = served(&event)["statusCode"].as_u64().unwrap();
            prop_assert!(status == 200 || (400..500).contains(&status), "{status} to {event}");
        }
    }
}
