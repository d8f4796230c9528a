//! WhatsApp's Cloud API: `POST /<phone number id>/messages`.

use axum::{body::Bytes, response::Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Messages, Reply, Service, google::json_answer, hang};

/// The access token of this machine's business.
pub(crate) const TOKEN: &str = "local-whatsapp-token";

impl Messages {
    /// A template message.
    pub(crate) async fn template(&self, headers: &HeaderMap, body: &Bytes) -> Response {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if token != Some(&format!("Bearer {TOKEN}")) {
            return refuse(StatusCode::UNAUTHORIZED, 190);
        }
        let message: Value = serde_json::from_slice(body).unwrap_or_default();
        let to = message["to"].as_str().unwrap_or_default().to_owned();
        let is_template = message["messaging_product"] == "whatsapp"
            && message["type"] == "template"
            && message["template"]["name"].is_string()
            && message["template"]["language"]["code"].is_string();
        if to.is_empty() || !is_template {
            return refuse(StatusCode::BAD_REQUEST, 100);
        }
        match self.take(Service::Whatsapp, &to, message, status) {
            Reply::Accept => json_answer(
                StatusCode::OK,
                &json!({"messaging_product": "whatsapp", "messages": [{"id": format!("wamid.{}", Uuid::new_v4())}]}),
            ),
            Reply::Unregistered => refuse(StatusCode::BAD_REQUEST, 131_026),
            Reply::Throttle(seconds) => {
                let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, 130_429);
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
                response
            }
            Reply::Fail => refuse(StatusCode::INTERNAL_SERVER_ERROR, 131_000),
            Reply::Hang => hang().await,
            Reply::Unauthorised => refuse(StatusCode::UNAUTHORIZED, 190),
        }
    }
}

fn status(reply: Reply) -> StatusCode {
    match reply {
        Reply::Accept | Reply::Hang => StatusCode::OK,
        Reply::Unregistered => StatusCode::BAD_REQUEST,
        Reply::Throttle(_) => StatusCode::TOO_MANY_REQUESTS,
        Reply::Fail => StatusCode::INTERNAL_SERVER_ERROR,
        Reply::Unauthorised => StatusCode::UNAUTHORIZED,
    }
}

/// An error of Meta's Graph API (WhatsApp Cloud API: "Error Codes").
fn refuse(status: StatusCode, code: u32) -> Response {
    json_answer(status, &json!({"error": {"message": "refused", "type": "OAuthException", "code": code}}))
}
