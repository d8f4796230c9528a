//! The events of the WebSocket API. What the client sent as headers and query exists in `$connect` alone, as on AWS.

use std::net::SocketAddr;

use http::{HeaderName, request::Parts};
use serde_json::{Map, Value, json};

use super::Connection;
use crate::{
    epoch_millis, new_id, query_pairs, request_time, text,
    way::{PROTO, forwarded_for, new_trace_id, port},
};

/// Headers that end at the gateway, and those that it writes itself.
const NOT_HANDED_ON: [&str; 6] =
    ["connection", "upgrade", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"];

pub(super) fn connect(connection: &Connection, parts: &Parts, client: SocketAddr, domain: &str) -> Value {
    let mut event = event(connection, "$connect", "CONNECT", domain);
    let sent = parts.headers.iter().filter(|(name, _)| !NOT_HANDED_ON.contains(&name.as_str()));
    let sent = sent.map(|(name, value)| {
        (canonical(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let said = |name: &'static str| {
        Some(text(&parts.headers, HeaderName::from_static(name))).filter(|value| !value.is_empty())
    };
    let way = [
        ("X-Amzn-Trace-Id", said("x-amzn-trace-id").map_or_else(new_trace_id, str::to_owned)),
        ("X-Forwarded-For", forwarded_for(said("x-forwarded-for"), client)),
        ("X-Forwarded-Port", port(domain).to_owned()),
        ("X-Forwarded-Proto", PROTO.to_owned()),
    ];
    let (single, multiple) = both(sent.chain(way.map(|(name, value)| (name.to_owned(), value))));
    event["headers"] = single;
    event["multiValueHeaders"] = multiple;
    if let Some(query) = parts.uri.query().filter(|query| !query.is_empty()) {
        let (single, multiple) = both(query_pairs(query));
        event["queryStringParameters"] = single;
        event["multiValueQueryStringParameters"] = multiple;
    }
    event
}

pub(super) fn message(connection: &Connection, route: &str, text: String, domain: &str) -> Value {
    let mut event = event(connection, route, "MESSAGE", domain);
    event["requestContext"]["messageId"] = json!(new_id());
    event["body"] = json!(text);
    event
}

pub(super) fn disconnect(connection: &Connection, code: u16, reason: &str, domain: &str) -> Value {
    let mut event = event(connection, "$disconnect", "DISCONNECT", domain);
    event["requestContext"]["disconnectStatusCode"] = json!(code);
    event["requestContext"]["disconnectReason"] = json!(reason);
    // Nothing of the handshake but the host; AWS leaves the rest empty.
    let empty = ["X-Forwarded-For", "x-api-key", "x-restapi"].map(|name| (name.to_owned(), String::new()));
    let (single, multiple) = both([("Host".to_owned(), domain.to_owned())].into_iter().chain(empty));
    event["headers"] = single;
    event["multiValueHeaders"] = multiple;
    event
}

fn event(connection: &Connection, route: &str, kind: &str, domain: &str) -> Value {
    let mut identity = json!({"sourceIp": connection.source_ip});
    if !connection.user_agent.is_empty() {
        identity["userAgent"] = json!(connection.user_agent);
    }
    let request_id = new_id();
    json!({
        "requestContext": {
            "routeKey": route,
            "eventType": kind,
            "extendedRequestId": request_id,
            "requestTime": request_time(),
            "messageDirection": "IN",
            "stage": "local",
            "connectedAt": connection.connected_at,
            "requestTimeEpoch": epoch_millis(),
            "identity": identity,
            "requestId": request_id,
            "domainName": domain,
            "connectionId": connection.id,
            "apiId": "local",
        },
        "isBase64Encoded": false,
    })
}

/// The last value of each name, and all of them.
fn both(pairs: impl IntoIterator<Item = (String, String)>) -> (Value, Value) {
    let (mut single, mut multiple) = (Map::new(), Map::new());
    for (name, value) in pairs {
        single.insert(name.clone(), json!(value));
        match multiple.entry(name).or_insert_with(|| json!([])) {
            Value::Array(values) => values.push(json!(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {}
        }
    }
    (Value::Object(single), Value::Object(multiple))
}

/// AWS hands headers on as the client spelt them; here the spelling is lost, so the usual one stands in.
fn canonical(name: &str) -> String {
    let parts = name.split('-').map(|part| match part {
        "websocket" => "WebSocket".to_owned(),
        _ => part[..part.len().min(1)].to_uppercase() + &part[part.len().min(1)..],
    });
    parts.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::Registry;

    #[test]
    fn headers_are_spelt_as_clients_spell_them() {
        let mut headers = http::HeaderMap::new();
        headers.insert("sec-websocket-key", http::HeaderValue::from_static("k"));
        let names: Vec<_> = headers.keys().map(|name| canonical(name.as_str())).collect();
        assert_eq!(names, ["Sec-WebSocket-Key"]);
        assert_eq!(canonical("user-agent"), "User-Agent");
    }

    /// What a handshake of `ws` brings to a function on AWS (recorded from 2021 to 2024).
    #[test]
    fn connect_has_the_headers_of_recorded_ones() {
        let request = http::Request::get("/ws?token=t")
            .header("connection", "Upgrade")
            .header("host", "localhost:3000")
            .header("sec-websocket-extensions", "permessage-deflate")
            .header("sec-websocket-key", "k")
            .header("sec-websocket-version", "13")
            .header("upgrade", "websocket")
            .header("x-forwarded-for", "203.0.113.9");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let client = "192.0.2.1:5000".parse().unwrap();
        let (connection, _posts) = Registry::default().add("c".to_owned(), client, &parts.headers);
        let event = connect(&connection, &parts, client, "127.0.0.1:3000");
        let expected = [
            "Host",
            "Sec-WebSocket-Extensions",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Version",
            "X-Amzn-Trace-Id",
            "X-Forwarded-For",
            "X-Forwarded-Port",
            "X-Forwarded-Proto",
        ];
        assert_eq!(keys(&event["headers"]), expected);
        assert_eq!(keys(&event["multiValueHeaders"]), expected);
        assert_eq!(event["headers"]["X-Forwarded-For"], "203.0.113.9, 192.0.2.1");
        assert_eq!(event["headers"]["X-Forwarded-Port"], "3000");
        assert_eq!(event["requestContext"]["identity"]["sourceIp"], "192.0.2.1");
        let context = [
            "apiId",
            "connectedAt",
            "connectionId",
            "domainName",
            "eventType",
            "extendedRequestId",
            "identity",
            "messageDirection",
            "requestId",
            "requestTime",
            "requestTimeEpoch",
            "routeKey",
            "stage",
        ];
        assert_eq!(keys(&event["requestContext"]), context);
    }

    /// What the end of a connection brings (recorded in 2024): the host, and three headers without a value.
    #[test]
    fn disconnect_has_the_headers_of_recorded_ones() {
        let client = "192.0.2.1:5000".parse().unwrap();
        let (connection, _posts) = Registry::default().add("c".to_owned(), client, &http::HeaderMap::new());
        let event = disconnect(&connection, 1001, "Going away", "127.0.0.1:3000");
        let (host, nothing) = ("127.0.0.1:3000", "");
        let expected =
            json!({"Host": host, "X-Forwarded-For": nothing, "x-api-key": nothing, "x-restapi": nothing});
        assert_eq!(event["headers"], expected);
        assert_eq!(event["multiValueHeaders"]["x-restapi"], json!([""]));
        for key in ["disconnectReason", "disconnectStatusCode"] {
            assert!(event["requestContext"].get(key).is_some(), "{key}");
        }
    }

    fn keys(value: &Value) -> Vec<&String> {
        value.as_object().unwrap().keys().collect()
    }

    #[test]
    fn all_values_of_a_name_are_handed_on() {
        let (single, multiple) = both(query_pairs("a=1&a=2&b=%26"));
        assert_eq!(single, json!({"a": "2", "b": "&"}));
        assert_eq!(multiple, json!({"a": ["1", "2"], "b": ["&"]}));
    }
}
