//! The event a function of the HTTP API is called with (AWS, "Payload format version 2.0").
//!
//! Two things that surprise are as on AWS: `rawPath` is decoded, and bodies that are not of a text
//! type are base64, forms included.

use std::{collections::BTreeMap, net::SocketAddr};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header, request::Parts};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::route::Found;
use crate::{
    ACCOUNT, epoch_millis, new_id, query_pairs, request_time, text,
    way::{PROTO, forwarded_for, new_trace_id, port},
};

/// Headers that end at the gateway.
const DROPPED: [&str; 6] = ["connection", "cookie", "keep-alive", "transfer-encoding", "te", "upgrade"];

/// The event for a request.
pub(super) fn build(
    parts: &Parts,
    body: &[u8],
    found: &Found<'_>,
    client: SocketAddr,
    domain: &str,
) -> Value {
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy().into_owned();
    let query = parts.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": found.key(),
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(parts, body.len(), client, domain),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", parts.version),
                "sourceIp": client.ip().to_string(),
                "userAgent": text(&parts.headers, header::USER_AGENT),
            },
            "requestId": new_id(),
            "routeKey": found.key(),
            "stage": "$default",
            "time": request_time(),
            "timeEpoch": epoch_millis(),
        },
        "isBase64Encoded": false,
    });
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = json!(joined(query_pairs(query)));
    }
    if !found.parameters.is_empty() {
        event["pathParameters"] = json!(found.parameters);
    }
    match as_text(body, text(&parts.headers, header::CONTENT_TYPE)) {
        Some("") => {}
        Some(text) => event["body"] = json!(text),
        None => {
            event["body"] = json!(STANDARD.encode(body));
            event["isBase64Encoded"] = json!(true);
        }
    }
    event
}

fn headers(parts: &Parts, length: usize, client: SocketAddr, domain: &str) -> Map<String, Value> {
    let pairs = parts.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let mut headers = joined(pairs.filter(|(name, _)| !DROPPED.contains(&name.as_str())));
    // That of the body as the function gets it, which may have come in chunks; 0 where there is none.
    headers.insert("content-length".to_owned(), length.to_string());
    let said = headers.get("x-forwarded-for").cloned();
    headers.insert("x-forwarded-for".to_owned(), forwarded_for(said.as_deref(), client));
    headers.insert("x-forwarded-proto".to_owned(), PROTO.to_owned());
    headers.insert("x-forwarded-port".to_owned(), port(domain).to_owned());
    headers.entry("x-amzn-trace-id".to_owned()).or_insert_with(new_trace_id);
    headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}

/// Values of one name, with commas between.
fn joined(pairs: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in pairs {
        joined
            .entry(name)
            .and_modify(|list| {
                list.push(',');
                list.push_str(&value);
            })
            .or_insert(value);
    }
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).map(|cookie| cookie.trim().to_owned()).collect()
}

fn as_text<'a>(body: &'a [u8], content_type: &str) -> Option<&'a str> {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = kind.is_empty()
        || kind.starts_with("text/")
        || matches!(&*kind, "application/json" | "application/javascript" | "application/xml")
        || kind.ends_with("+json")
        || kind.ends_with("+xml");
    std::str::from_utf8(body).ok().filter(|text| is_text || text.is_empty())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use template::HttpRoute;

    fn event(request: Request<()>, body: &[u8]) -> Value {
        let route = HttpRoute { method: "POST".to_owned(), path: "/v/{id}".to_owned() };
        let parameters = BTreeMap::from([("id".to_owned(), "a b".to_owned())]);
        let found = Found { function: "v", route: &route, parameters };
        build(&request.into_parts().0, body, &found, "192.0.2.1:5000".parse().unwrap(), "127.0.0.1:3000")
    }

    #[test]
    fn an_event_is_as_aws_builds_it() {
        let request = Request::post("/v/a%20b?x=1&x=2&y=%26")
            .header("X-Two", "one")
            .header("X-Two", "two")
            .header("Cookie", "a=1; b=2")
            .header("X-Forwarded-For", "203.0.113.9")
            .header("Content-Type", "application/json; charset=utf-8")
            .body(())
            .unwrap();
        let event = event(request, br#"{"a":1}"#);
        assert_eq!(event["routeKey"], "POST /v/{id}");
        assert_eq!(event["rawPath"], "/v/a b");
        assert_eq!(event["rawQueryString"], "x=1&x=2&y=%26");
        assert_eq!(event["queryStringParameters"], json!({"x": "1,2", "y": "&"}));
        assert_eq!(event["pathParameters"], json!({"id": "a b"}));
        assert_eq!(event["headers"]["x-two"], "one,two");
        assert_eq!(event["headers"]["x-forwarded-for"], "203.0.113.9, 192.0.2.1");
        assert_eq!(event["headers"].get("cookie"), None);
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "192.0.2.1");
        assert_eq!(event["requestContext"]["http"]["protocol"], "HTTP/1.1");
        assert_eq!(event["body"], r#"{"a":1}"#);
        assert_eq!(event["isBase64Encoded"], false);
    }

    /// What curl's GET brings to a function on AWS (recorded in 2020 and 2026; the fields of an authorizer and of a
    /// client's certificate are there where the API has one).
    #[test]
    fn an_event_has_the_parts_of_recorded_ones() {
        let request =
            Request::get("/v/1").header("accept", "*/*").header("host", "a").header("user-agent", "curl/8");
        let event = event(request.body(()).unwrap(), b"");
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            keys(&event["headers"]),
            [
                "accept",
                "content-length",
                "host",
                "user-agent",
                "x-amzn-trace-id",
                "x-forwarded-for",
                "x-forwarded-port",
                "x-forwarded-proto",
            ]
        );
        assert_eq!(event["headers"]["content-length"], "0");
        assert_eq!(
            keys(&event["requestContext"]),
            [
                "accountId",
                "apiId",
                "domainName",
                "domainPrefix",
                "http",
                "requestId",
                "routeKey",
                "stage",
                "time",
                "timeEpoch",
            ]
        );
        assert_eq!(
            keys(&event["requestContext"]["http"]),
            ["method", "path", "protocol", "sourceIp", "userAgent"]
        );
    }

    #[test]
    fn what_comes_in_chunks_has_a_length() {
        let request = Request::post("/v/1").header("transfer-encoding", "chunked").body(()).unwrap();
        let event = event(request, b"{}");
        assert_eq!(event["headers"]["content-length"], "2");
        assert_eq!(event["headers"].get("transfer-encoding"), None);
    }

    #[test]
    fn what_is_not_text_is_base64() {
        for (kind, body) in
            [("application/x-www-form-urlencoded", &b"a=1"[..]), ("application/json", b"\xff\xfe")]
        {
            let event = event(Request::post("/v/1").header("Content-Type", kind).body(()).unwrap(), body);
            assert_eq!(event["isBase64Encoded"], true, "{kind}");
            assert_eq!(event["body"], STANDARD.encode(body));
        }
        assert_eq!(event(Request::post("/v/1").body(()).unwrap(), b"").get("body"), None);
    }
}
