//! Lambda's Invoke API, for `aws lambda invoke --endpoint-url` and for functions that call others.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, header};

use crate::{Gateway, Outcome, Refused, read_body, refused};

/// Lambda quotas: 6 MB for a synchronous invocation, 1 MB for an asynchronous one.
const MAX_EVENT: usize = 6 * 1024 * 1024;
const MAX_ASYNCHRONOUS_EVENT: usize = 1024 * 1024;

impl Gateway {
    pub(crate) async fn invoke_directly(&self, name: &str, request: Request) -> Response {
        if request.method() != Method::POST {
            return refused(
                StatusCode::METHOD_NOT_ALLOWED,
                "UnsupportedOperationException",
                "Only POST is possible",
            );
        }
        // A caller may name the function by its ARN.
        let name = name.rsplit(':').next().unwrap_or(name);
        let name = self.template.function(name).map_or(name, |function| &function.name);
        let kind = request.headers().get("x-amz-invocation-type").and_then(|kind| kind.to_str().ok());
        let asynchronous = kind == Some("Event");
        let dry = kind == Some("DryRun");
        let limit = if asynchronous { MAX_ASYNCHRONOUS_EVENT } else { MAX_EVENT };
        let body = match read_body(request.into_body(), limit).await {
            Ok(body) => body,
            Err(_) => {
                return refused(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "RequestTooLargeException",
                    "The event is too large",
                );
            }
        };
        let event =
            if body.is_empty() { "{}".to_owned() } else { String::from_utf8_lossy(&body).into_owned() };
        if dry {
            return StatusCode::NO_CONTENT.into_response();
        }
        if asynchronous {
            return match self.lambda.send(name, event) {
                Ok(_) => StatusCode::ACCEPTED.into_response(),
                Err(reason) => explain(name, &reason),
            };
        }
        let json = (header::CONTENT_TYPE, "application/json");
        match self.lambda.invoke(name, event).await {
            Ok(Outcome::Answered(answer)) => ([json], answer).into_response(),
            Ok(Outcome::Failed(error)) => {
                let mut response = ([json], error).into_response();
                response
                    .headers_mut()
                    .insert("x-amz-function-error", http::HeaderValue::from_static("Unhandled"));
                response
            }
            Err(reason) => explain(name, &reason),
        }
    }
}

fn explain(name: &str, reason: &Refused) -> Response {
    match reason {
        Refused::Unknown => refused(
            StatusCode::NOT_FOUND,
            "ResourceNotFoundException",
            &format!("Function not found: {name}"),
        ),
        Refused::Throttled => {
            refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.")
        }
        Refused::Malformed => {
            refused(StatusCode::BAD_REQUEST, "InvalidRequestContentException", "The event is not JSON")
        }
        Refused::Unreachable(reason) => refused(StatusCode::BAD_GATEWAY, "ServiceException", reason),
    }
}
