//! The events of the WebSocket API. Headers and query exist in `$connect` alone, as on AWS.

use http::request::Parts;
use serde_json::{Map, Value, json};

use super::Connection;
use crate::gateway::{epoch_millis, new_id, query_pairs, request_time};

pub(super) fn connect(connection: &Connection, parts: &Parts, domain: &str) -> Value {
    let mut event = event(connection, "$connect", "CONNECT", domain);
    let headers = parts.headers.iter().map(|(name, value)| {
        (canonical(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let (single, multiple) = both(headers);
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
    event["headers"] = json!({"Host": domain});
    event["multiValueHeaders"] = json!({"Host": [domain]});
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

    #[test]
    fn headers_are_spelt_as_clients_spell_them() {
        let mut headers = http::HeaderMap::new();
        headers.insert("sec-websocket-key", http::HeaderValue::from_static("k"));
        let names: Vec<_> = headers.keys().map(|name| canonical(name.as_str())).collect();
        assert_eq!(names, ["Sec-WebSocket-Key"]);
        assert_eq!(canonical("user-agent"), "User-Agent");
    }

    #[test]
    fn all_values_of_a_name_are_handed_on() {
        let (single, multiple) = both(query_pairs("a=1&a=2&b=%26"));
        assert_eq!(single, json!({"a": "2", "b": "&"}));
        assert_eq!(multiple, json!({"a": ["1", "2"], "b": ["&"]}));
    }
}
