//! What is served on the stack's port: both APIs, and beside them what a developer and the tests need, pages at `/` and
//! tools under `/_local/`.

mod exchange;
mod faults;
mod messages;
mod pages;
mod tools;

use std::{net::SocketAddr, sync::Arc};

use axum::{extract::Request, response::Response};
use gateway::Gateway;
use percent_encoding::percent_decode_str;
use serde_json::Value;

pub use pages::Pages;

use crate::{faults::Faults, issuer::Issuer, messages::Messages};

/// What all requests share.
pub(crate) struct Front {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) faults: Faults,
    /// Who issues ID tokens, where the stack does.
    pub(crate) issuer: Option<Arc<Issuer>>,
    /// Who grants access tokens for FCM, with any issuer of ID tokens.
    pub(crate) google: Arc<Issuer>,
    pub(crate) messages: Messages,
    /// Pages beside those of the stack.
    pub(crate) pages: Option<Pages>,
    /// What `/_local/info` answers.
    pub(crate) info: Value,
}

impl Front {
    /// Answers a request.
    pub(crate) async fn answer(self: Arc<Self>, client: SocketAddr, request: Request) -> Response {
        let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
        if let Some(page) = pages::answer(request.method(), &path, self.pages) {
            return page;
        }
        if path == "/_local/faults" {
            return self.switch_faults(request).await;
        }
        if let Some(path) = path.strip_prefix("/_local/").filter(|path| {
            ["messages", "fcm/", "sns", "whatsapp/", "identitytoolkit/", "securetoken/"]
                .iter()
                .any(|service| path.starts_with(service))
        }) {
            return self.message(path, request).await;
        }
        if let Some(tool) = path.strip_prefix("/_local/") {
            return self.tool(tool, &request);
        }
        self.gateway.clone().answer(client, request).await
    }
}
