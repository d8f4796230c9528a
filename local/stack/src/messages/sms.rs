//! SNS, as far as an SMS needs it: `Publish` of the Query API, whose answers are XML (SNS API Reference).

use std::collections::HashMap;

use axum::{
    body::Bytes,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Messages, Reply, Service, hang};

impl Messages {
    /// `POST /` with `Action=Publish`.
    pub(crate) async fn publish(&self, headers: &HeaderMap, body: &Bytes) -> Response {
        let signed = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if !signed.is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 ")) {
            return refuse(StatusCode::FORBIDDEN, "MissingAuthenticationToken");
        }
        let form: HashMap<_, _> = url::form_urlencoded::parse(body).into_owned().collect();
        let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let to = text("PhoneNumber");
        if text("Action") != "Publish" || !to.starts_with('+') || text("Message").is_empty() {
            return refuse(StatusCode::BAD_REQUEST, "InvalidParameter");
        }
        let Some(attributes) = attributes(&form) else {
            return refuse(StatusCode::BAD_REQUEST, "ParameterValueInvalid");
        };
        let message = json!({"text": text("Message"), "attributes": attributes});
        match self.take(Service::Sms, to, message, status) {
            Reply::Accept => accepted(),
            Reply::Unregistered => refuse(StatusCode::BAD_REQUEST, "OptedOut"),
            Reply::Throttle(_) => refuse(StatusCode::BAD_REQUEST, "Throttled"),
            Reply::Fail => refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
            Reply::Hang => hang().await,
            Reply::Unauthorised => refuse(StatusCode::FORBIDDEN, "AuthorizationError"),
        }
    }
}

fn status(reply: Reply) -> StatusCode {
    match reply {
        Reply::Accept | Reply::Hang => StatusCode::OK,
        Reply::Unregistered | Reply::Throttle(_) => StatusCode::BAD_REQUEST,
        Reply::Fail => StatusCode::INTERNAL_SERVER_ERROR,
        Reply::Unauthorised => StatusCode::FORBIDDEN,
    }
}

/// The attributes of a message; `None` where a value is missing, or not of the type it says.
fn attributes(form: &HashMap<String, String>) -> Option<Map<String, Value>> {
    let mut attributes = Map::new();
    for number in 1.. {
        let prefix = format!("MessageAttributes.entry.{number}.");
        let Some(name) = form.get(&format!("{prefix}Name")) else { break };
        let value = form.get(&format!("{prefix}Value.StringValue"))?;
        let is_fine = match form.get(&format!("{prefix}Value.DataType"))?.as_str() {
            "Number" => value.parse::<f64>().is_ok_and(|number| number > 0.0),
            "String" => name != "AWS.SNS.SMS.MaxPrice",
            _ => false,
        };
        if !is_fine {
            return None;
        }
        attributes.insert(name.clone(), json!(value));
    }
    Some(attributes)
}

fn accepted() -> Response {
    let id = Uuid::new_v4();
    xml(
        StatusCode::OK,
        format!(
            "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>{id}</MessageId>\
             </PublishResult><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></PublishResponse>"
        ),
    )
}

fn refuse(status: StatusCode, code: &str) -> Response {
    let id = Uuid::new_v4();
    xml(
        status,
        format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{code}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
        ),
    )
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}
