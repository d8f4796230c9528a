//! `/_local/faults`: failures switched on and off, see [`crate::faults`].

use axum::{extract::Request, response::Response};
use gateway::{read_body, said};
use http::{Method, StatusCode};

use super::{Front, tools};

/// More faults than anybody writes.
const MAX_PLAN: usize = 1024 * 1024;

impl Front {
    pub(super) async fn switch_faults(&self, request: Request) -> Response {
        match *request.method() {
            Method::GET => {}
            Method::DELETE => self.faults.clear(),
            Method::PUT => {
                let text = match read_body(request.into_body(), MAX_PLAN).await {
                    Ok(text) => text,
                    Err(response) => return response,
                };
                if let Err(error) = self.faults.put(&text) {
                    return said(StatusCode::BAD_REQUEST, &error.to_string());
                }
            }
            _ => return said(StatusCode::METHOD_NOT_ALLOWED, "Only GET, PUT and DELETE are possible here"),
        }
        tools::answer(&self.faults.report())
    }
}
