//! `/_local/messages` shows what phones were sent and says how services answer; `/_local/fcm`, `/_local/sns` and
//! `/_local/whatsapp` are those services, see [`crate::messages`], and `/_local/identitytoolkit` and `/_local/securetoken`
//! those of Firebase Auth, see [`crate::issuer`].

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use gateway::{read_body, said};
use http::{Method, StatusCode};

use super::{Front, tools};

/// SNS takes 256 kB, the others less.
const MAX_MESSAGE: usize = 256 * 1024;

impl Front {
    /// A call to one of the services, or about them.
    pub(super) async fn message(&self, path: &str, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = match read_body(body, MAX_MESSAGE).await {
            Ok(body) => body,
            Err(response) => return response,
        };
        match (&parts.method, path) {
            (&Method::GET, "messages") => tools::answer(&self.messages.report()),
            (&Method::PUT, "messages") => match self.messages.order(&body) {
                Ok(()) => StatusCode::NO_CONTENT.into_response(),
                Err(error) => said(StatusCode::BAD_REQUEST, &error.to_string()),
            },
            (&Method::DELETE, "messages") => {
                self.messages.clear();
                StatusCode::NO_CONTENT.into_response()
            }
            (&Method::POST, "fcm/token") => {
                let base_url = format!("http://{}", self.gateway.domain());
                self.messages.grant(&self.google, &base_url, &String::from_utf8_lossy(&body))
            }
            (&Method::POST, "identitytoolkit/v1/accounts:signInWithCustomToken") => {
                self.exchange(&String::from_utf8_lossy(&body))
            }
            (&Method::POST, "securetoken/v1/token") => self.refresh(&String::from_utf8_lossy(&body)),
            (&Method::POST, "sns/" | "sns") => self.messages.publish(&parts.headers, &body).await,
            (&Method::POST, path) if path.starts_with("fcm/v1/projects/") => {
                self.messages.push(&parts.headers, &body).await
            }
            (&Method::POST, path) if path.starts_with("whatsapp/") => {
                self.messages.template(&parts.headers, &body).await
            }
            _ => said(StatusCode::NOT_FOUND, "Not Found"),
        }
    }
}
