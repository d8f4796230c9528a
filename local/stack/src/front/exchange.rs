//! `/_local/identitytoolkit` and `/_local/securetoken`: what Firebase's client does with a custom token, and with what it is
//! answered for it (Identity Platform: "accounts.signInWithCustomToken", "Exchange a refresh token for an ID token").

use axum::response::Response;
use gateway::said;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::Front;
use crate::{issuer::Exchanged, messages::ACCOUNT};

impl Front {
    /// An ID token for a custom token.
    pub(super) fn exchange(&self, body: &str) -> Response {
        let Some(issuer) = &self.issuer else {
            return said(StatusCode::NOT_FOUND, "Custom tokens are exchanged by the Firebase project");
        };
        let token = serde_json::from_str::<Value>(body).ok().and_then(|body| {
            (body["returnSecureToken"] == true).then(|| body["token"].as_str().map(str::to_owned)).flatten()
        });
        let Some(token) = token else { return refused("MISSING_CUSTOM_TOKEN") };
        match issuer.exchange(&self.google, ACCOUNT, &token) {
            Ok(Exchanged { id_token, refresh_token, is_new, .. }) => answer(
                StatusCode::OK,
                &json!({
                    "kind": "identitytoolkit#VerifyCustomTokenResponse", "idToken": id_token,
                    "refreshToken": refresh_token, "expiresIn": "3600", "isNewUser": is_new,
                }),
            ),
            Err(why) => refused(why),
        }
    }

    /// Another ID token of the same sign-in.
    pub(super) fn refresh(&self, form: &str) -> Response {
        let field = |name: &str| {
            url::form_urlencoded::parse(form.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let Some(issuer) = &self.issuer else {
            return said(StatusCode::NOT_FOUND, "Tokens are refreshed by the Firebase project");
        };
        if field("grant_type").as_deref() != Some("refresh_token") {
            return refused("INVALID_GRANT_TYPE");
        }
        let refresh_token = field("refresh_token").unwrap_or_default();
        match issuer.refresh(&refresh_token) {
            Ok(Exchanged { id_token, refresh_token, uid, .. }) => answer(
                StatusCode::OK,
                &json!({
                    "access_token": id_token, "id_token": id_token, "expires_in": "3600", "token_type": "Bearer",
                    "refresh_token": refresh_token, "user_id": uid, "project_id": issuer.project(),
                }),
            ),
            Err(why) => refused(why),
        }
    }
}

fn refused(why: &str) -> Response {
    answer(StatusCode::BAD_REQUEST, &json!({ "error": { "code": 400, "message": why, "errors": [] } }))
}

fn answer(status: StatusCode, body: &Value) -> Response {
    use axum::response::IntoResponse;
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
