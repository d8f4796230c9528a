//! Google: access tokens for a service account (RFC 7523), and FCM's HTTP v1 API.

use axum::{
    body::Bytes,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Messages, Reply, Service, hang};
use crate::{Error, issuer::Issuer};

/// Whom the service account of this machine is.
pub(crate) const ACCOUNT: &str = "push@society360-local.iam.gserviceaccount.com";
/// What a token must be asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// Seconds that an access token lasts.
const LIFETIME: u64 = 3600;

/// The file of a service account whose access tokens are granted at `base_url`, for a program that signs as the issuer.
pub fn service_account(issuer: &Issuer, base_url: &str) -> Result<Value, Error> {
    let (id, key) = issuer.private_key()?;
    Ok(json!({
        "type": "service_account",
        "project_id": issuer.project(),
        "private_key_id": id,
        "private_key": key,
        "client_email": ACCOUNT,
        "token_uri": token_uri(base_url),
    }))
}

fn token_uri(base_url: &str) -> String {
    format!("{base_url}/_local/fcm/token")
}

impl Messages {
    /// An access token for a caller that signs as the service account.
    pub(crate) fn grant(&self, issuer: &Issuer, base_url: &str, form: &str) -> Response {
        let field = |name: &str| {
            url::form_urlencoded::parse(form.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
        };
        let claims = field("assertion").and_then(|assertion| issuer.verified(&assertion));
        let is_good = claims.is_some_and(|claims| {
            claims["iss"] == ACCOUNT
                && claims["aud"] == token_uri(base_url)
                && claims["scope"] == SCOPE
                && claims["exp"].as_i64().is_some_and(|exp| exp > crate::issuer::now())
        });
        if !is_good || field("grant_type").as_deref() != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
            return (StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}).to_string()).into_response();
        }
        let token = format!("ya29.{}", Uuid::new_v4().simple());
        self.inner().access_tokens.push(token.clone());
        json_answer(
            StatusCode::OK,
            &json!({"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"}),
        )
    }

    /// `POST /v1/projects/<project>/messages:send`.
    pub(crate) async fn push(&self, headers: &HeaderMap, body: &Bytes) -> Response {
        if !self.is_authorised(headers) {
            return refuse(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "", None);
        }
        let Some(message) = serde_json::from_slice::<Value>(body).ok().map(|mut body| body["message"].take())
        else {
            return refuse(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", "INVALID_ARGUMENT", None);
        };
        let token = message["token"].as_str().unwrap_or_default().to_owned();
        let is_text = |data: &Value| data.as_object().is_some_and(|data| data.values().all(Value::is_string));
        if token.is_empty() || !is_text(&message["data"]) {
            return refuse(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", "INVALID_ARGUMENT", None);
        }
        let distance = self.inner().distance;
        tokio::time::sleep(distance).await;
        match self.take(Service::Fcm, &token, message, status) {
            Reply::Accept => json_answer(
                StatusCode::OK,
                &json!({"name": format!("projects/p/messages/{}", Uuid::new_v4())}),
            ),
            Reply::Unregistered => refuse(StatusCode::NOT_FOUND, "NOT_FOUND", "UNREGISTERED", None),
            Reply::Throttle(seconds) => {
                refuse(StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", Some(seconds))
            }
            Reply::Fail => refuse(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "INTERNAL", None),
            Reply::Hang => hang().await,
            Reply::Unauthorised => {
                self.inner().access_tokens.clear();
                refuse(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "", None)
            }
        }
    }

    fn is_authorised(&self, headers: &HeaderMap) -> bool {
        let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer "));
        token.is_some_and(|token| self.inner().access_tokens.iter().any(|good| good == token))
    }
}

fn status(reply: Reply) -> StatusCode {
    match reply {
        Reply::Accept | Reply::Hang => StatusCode::OK,
        Reply::Unregistered => StatusCode::NOT_FOUND,
        Reply::Throttle(_) => StatusCode::TOO_MANY_REQUESTS,
        Reply::Fail => StatusCode::INTERNAL_SERVER_ERROR,
        Reply::Unauthorised => StatusCode::UNAUTHORIZED,
    }
}

/// An error of Google's APIs (Firebase: "FcmError").
fn refuse(status: StatusCode, name: &str, code: &str, retry_after: Option<u64>) -> Response {
    let mut details = Vec::new();
    if !code.is_empty() {
        details
            .push(json!({"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}));
    }
    let body =
        json!({"error": {"code": status.as_u16(), "status": name, "message": name, "details": details}});
    let mut response = json_answer(status, &body);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

pub(super) fn json_answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
