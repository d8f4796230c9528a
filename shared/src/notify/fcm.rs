//! Firebase Cloud Messaging, HTTP v1 (Firebase: "FCM HTTP v1 API").

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use http::{Request, StatusCode, header};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Channel, Message, Outcome, SEND_TIMEOUT, google_token::GoogleTokens, text};
use crate::{
    StartError,
    config::PushConfig,
    outbound::{Outbound, Reply},
};

/// Push messages of one Firebase project.
#[derive(Clone)]
pub(super) struct Fcm {
    tokens: Arc<GoogleTokens>,
    outbound: Outbound,
    url: Arc<str>,
}

impl Fcm {
    pub(super) fn new(config: PushConfig, outbound: Outbound) -> Result<Self, StartError> {
        let tokens = GoogleTokens::new(&config.service_account, outbound.clone())?;
        let url = format!("{}/v1/projects/{}/messages:send", config.endpoint, tokens.project());
        Ok(Self { tokens: Arc::new(tokens), outbound, url: url.into() })
    }

    async fn post(&self, message: &Message) -> Result<Reply, String> {
        let token = self.tokens.get().await.map_err(|cause| format!("google token: {cause}"))?;
        let request = Request::post(&*self.url)
            .header(header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body(message).to_string().into())
            .map_err(|_| "FCM_ENDPOINT is malformed".to_owned())?;
        self.outbound.send(request, SEND_TIMEOUT).await
    }
}

impl Channel for Fcm {
    async fn send(&self, message: &Message) -> Outcome {
        let reply = match self.post(message).await {
            Ok(reply) => reply,
            Err(cause) => {
                let Message { id, request_id, .. } = message;
                tracing::warn!(message_id = %id, request_id, cause, "a push could not be handed over");
                return Outcome::retry("unreachable", None);
            }
        };
        if reply.status == StatusCode::UNAUTHORIZED {
            self.tokens.forget().await;
        }
        judge(&reply, message)
    }
}

/// A message as FCM reads it. It is worth something only until it expires, so it is kept no longer.
fn body(message: &Message) -> Value {
    let (title, body) = text::title_and_body(message);
    let mut data: Map<String, Value> =
        message.payload.iter().map(|(name, value)| (name.clone(), text_of(value).into())).collect();
    // By this the app says that it came, and tells a repeat.
    data.insert("notification_id".to_owned(), message.id.to_string().into());
    let left = message.time_left();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    json!({"message": {
        "token": message.address(),
        "notification": {"title": title, "body": body},
        "data": data,
        "android": {
            "priority": "high",
            "ttl": format!("{left}s"),
            "collapse_key": message.subject(),
            // No `click_action`: it opens only what an intent filter of the app names, and neither app has one.
            "notification": android_notification(message),
        },
        "apns": {
            "headers": {
                "apns-priority": "10",
                "apns-expiration": (now + left).to_string(),
                "apns-collapse-id": message.subject(),
            },
            // Without it iOS does not start the app, which could not say that the message came (Apple, "Pushing
            // background updates to your App").
            "payload": {"aps": {"content-available": 1, "sound": "default"}},
        },
    }})
}

fn android_notification(message: &Message) -> Value {
    let mut notification = json!({"tag": message.subject(), "sound": "default"});
    if let Some(channel) = android_channel(&message.kind) {
        notification["channel_id"] = channel.into();
    }
    notification
}

/// The channel of the app that rings for this, by the app's own name. Anything else goes through the app's default
/// one, and so does what comes before the app has made the channel.
fn android_channel(kind: &str) -> Option<&'static str> {
    match kind {
        "visitor_request" => Some("visitor_requests"),
        "emergency_alert" => Some("society360_guard_channel"),
        _ => None,
    }
}

/// Data fields are texts, all of them.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: RefusalError,
}

#[derive(Default, Deserialize)]
struct RefusalError {
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(default)]
    error_code: String,
    #[serde(default)]
    field_violations: Vec<Violation>,
}

#[derive(Deserialize)]
struct Violation {
    #[serde(default)]
    field: String,
}

/// What an answer means (Firebase: "ErrorCode" of the HTTP v1 API).
fn judge(reply: &Reply, message: &Message) -> Outcome {
    if reply.status.is_success() {
        return Outcome::Sent;
    }
    let details = serde_json::from_slice::<Refusal>(&reply.body).unwrap_or_default().error.details;
    let code = details.iter().map(|detail| detail.error_code.as_str()).find(|code| !code.is_empty());
    let token_is_wrong = details.iter().flat_map(|detail| &detail.field_violations);
    let token_is_wrong = token_is_wrong.into_iter().any(|violation| violation.field == "message.token");
    match (reply.status, code) {
        (_, Some("UNREGISTERED")) => Outcome::Gone("unregistered".to_owned()),
        (_, Some("SENDER_ID_MISMATCH")) => Outcome::Gone("sender_id_mismatch".to_owned()),
        (_, Some("INVALID_ARGUMENT")) if token_is_wrong => Outcome::Gone("invalid_token".to_owned()),
        (StatusCode::TOO_MANY_REQUESTS, _) => Outcome::retry("throttled", reply.retry_after()),
        (StatusCode::UNAUTHORIZED, _) => Outcome::retry("unauthorised", None),
        (status, _) if status.is_server_error() => Outcome::retry("unavailable", reply.retry_after()),
        (status, code) => {
            let Message { id, request_id, .. } = message;
            tracing::error!(message_id = %id, request_id, status = status.as_u16(), code, "a push was refused");
            Outcome::failed("refused")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn message() -> Message {
        serde_json::from_value(json!({
            "id": "0198c0de-0000-7000-8000-00000000abcd", "attempt": 1, "channel": "push", "kind": "visitor_request",
            "payload": {"type": "visitor_request", "visitor_id": "v", "visitor_name": "N", "flat_number": "101", "count": 2,
                        "click_action": "FLUTTER_NOTIFICATION_CLICK"},
            "user_id": null, "expires_seconds": 119.7, "refusal": null, "address": "token", "template": null, "visitor": null
        }))
        .unwrap()
    }

    fn reply(status: u16, body: &Value) -> Reply {
        let status = StatusCode::from_u16(status).unwrap();
        Reply { status, headers: HeaderMap::new(), body: body.to_string().into() }
    }

    fn coded(code: &str) -> Value {
        json!({"error": {"details": [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}]}})
    }

    #[test]
    fn a_push_is_urgent_and_dies_with_the_deadline() {
        let body = body(&message());
        let android = &body["message"]["android"];
        assert_eq!((&android["priority"], &android["ttl"]), (&json!("high"), &json!("119s")));
        assert_eq!(android["collapse_key"], "v");
        assert_eq!(body["message"]["apns"]["headers"]["apns-priority"], "10");
        assert_eq!(body["message"]["data"]["count"], "2");
        assert_eq!(body["message"]["apns"]["payload"]["aps"]["content-available"], 1);
        assert_eq!(body["message"]["data"]["notification_id"], "0198c0de-0000-7000-8000-00000000abcd");
    }

    /// A tap opens the app, and what rings does so by the channel that the app has made for it.
    #[test]
    fn a_push_names_the_channel_of_the_app() {
        let mut message = message();
        for (kind, channel) in [
            ("visitor_request", json!("visitor_requests")),
            ("emergency_alert", json!("society360_guard_channel")),
            ("visitor_checkout", Value::Null),
        ] {
            message.kind = kind.to_owned();
            let body = body(&message);
            let notification = body["message"]["android"]["notification"].as_object().unwrap();
            assert!(!notification.contains_key("click_action"), "{body}");
            assert_eq!(notification.get("channel_id").unwrap_or(&Value::Null), &channel, "{body}");
            assert_eq!(body["message"]["data"]["click_action"], "FLUTTER_NOTIFICATION_CLICK");
        }
    }

    #[test]
    fn answers_are_judged() {
        let violation = json!({"error": {"details": [{"errorCode": "INVALID_ARGUMENT"}, {"fieldViolations": [{"field": "message.token"}]}]}});
        for (status, body, outcome) in [
            (200, json!({"name": "projects/p/messages/1"}), Outcome::Sent),
            (404, coded("UNREGISTERED"), Outcome::Gone("unregistered".into())),
            (403, coded("SENDER_ID_MISMATCH"), Outcome::Gone("sender_id_mismatch".into())),
            (400, violation, Outcome::Gone("invalid_token".into())),
            (400, coded("INVALID_ARGUMENT"), Outcome::failed("refused")),
            (401, json!({}), Outcome::retry("unauthorised", None)),
            (503, coded("UNAVAILABLE"), Outcome::retry("unavailable", None)),
            (500, json!("no json of theirs"), Outcome::retry("unavailable", None)),
        ] {
            assert_eq!(judge(&reply(status, &body), &message()), outcome, "{status} {body}");
        }
        let mut throttled = reply(429, &coded("QUOTA_EXCEEDED"));
        throttled.headers.insert("retry-after", HeaderValue::from(7));
        assert_eq!(judge(&throttled, &message()), Outcome::retry("throttled", Some(Duration::from_secs(7))));
    }
}
