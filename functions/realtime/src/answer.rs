//! What a client is told: answers to messages, and refusals of a connection.
//!
//! Nothing that a client sent is repeated to it, except a room that has been parsed.

use aws_lambda_events::{apigw::ApiGatewayProxyResponse, encodings::Body};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    http::{ApiError, ErrorCode},
    input::Problem,
    realtime::{MAX_MESSAGES_PER_MINUTE, MAX_ROOMS, Room},
};
use uuid::Uuid;

/// An answer to a message.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The connection gets the room's events from now on.
    RoomJoined {
        /// The room.
        room: Room,
        /// The room's epoch, to be given back with `seq`.
        epoch: Uuid,
        /// The last event of the room that may be missing here; each later one is pushed.
        seq: i64,
        /// Whether the client has everything up to `seq`.
        recovered: bool,
    },
    /// The connection gets the room's events no more.
    RoomLeft {
        /// The room.
        room: Room,
    },
    /// The answer to `ping`: a client with less of a room has missed something.
    Pong {
        /// The rooms of the connection, and the last event of each.
        rooms: Vec<Position>,
    },
    /// The message was not acted on.
    Error(Refusal),
}

/// How far a room has come.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    room: Room,
    epoch: Uuid,
    seq: i64,
}

/// Why a message was not acted on.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    code: Code,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Room>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Problem>,
}

/// Why a message was not acted on, for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Code {
    /// The message is not a JSON object.
    MalformedJson,
    /// Fields are wrong; `details` lists all of them.
    ValidationFailed,
    /// The room is unknown, or not one that this user may be in.
    RoomForbidden,
    /// The connection is in as many rooms as it may be.
    TooManyRooms,
    /// The connection has sent too many messages in this minute.
    RateLimited,
    /// The connection was closed, or is older than two hours.
    ConnectionUnknown,
    /// A store did not answer; the message can be repeated.
    Unavailable,
    /// A defect of this project.
    Internal,
}

impl Answer {
    pub(crate) fn malformed(why: impl Into<String>) -> Self {
        Self::refusal(&ApiError::MalformedJson(why.into()), Code::MalformedJson, Vec::new())
    }

    pub(crate) fn invalid(problems: Vec<Problem>) -> Self {
        Self::refusal(&ApiError::Invalid(problems.clone()), Code::ValidationFailed, problems)
    }

    pub(crate) fn forbidden(room: Room) -> Self {
        Self::error(Code::RoomForbidden, "There is no such room, or it is not yours.", Some(room))
    }

    pub(crate) fn too_many_rooms(room: Room) -> Self {
        let message = format!("A connection can be in {MAX_ROOMS} rooms. Please leave one first.");
        Self::error(Code::TooManyRooms, message, Some(room))
    }

    pub(crate) fn too_many_messages() -> Self {
        let message = format!("A connection may send {MAX_MESSAGES_PER_MINUTE} messages in a minute.");
        Self::error(Code::RateLimited, message, None)
    }

    pub(crate) fn connection_unknown() -> Self {
        Self::error(Code::ConnectionUnknown, "This connection is over. Please connect again.", None)
    }

    /// The answer to what is not the client's fault; logged here.
    pub(crate) fn failed(error: &ApiError, request_id: &str) -> Self {
        tracing::error!(request_id, ?error, "message failed");
        let code = match error.code() == ErrorCode::Unavailable {
            true => Code::Unavailable,
            false => Code::Internal,
        };
        Self::refusal(error, code, Vec::new())
    }

    /// The answer as an object whose `event` names it.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(
            |_| json!({"event": "error", "code": "INTERNAL", "message": "Something went wrong on our side."}),
        )
    }

    fn error(code: Code, message: impl Into<String>, room: Option<Room>) -> Self {
        Self::Error(Refusal { code, message: message.into(), room, details: Vec::new() })
    }

    fn refusal(error: &ApiError, code: Code, details: Vec<Problem>) -> Self {
        Self::Error(Refusal { code, message: error.message(), room: None, details })
    }
}

/// The frame as the route's response, which the gateway sends to the connection.
pub(crate) fn say(frame: String) -> ApiGatewayProxyResponse {
    with_body(StatusCode::OK, frame)
}

/// A response that says nothing but 200.
pub(crate) fn empty() -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = StatusCode::OK.as_u16().into();
    response
}

/// Refuses a connection, in the form of the HTTP API's errors.
pub(crate) fn refuse(error: ApiError, request_id: &str) -> ApiGatewayProxyResponse {
    if error.status().is_server_error() {
        tracing::error!(request_id, ?error, "connection failed");
    }
    let body = json!({
        "success": false,
        "error": error.message(),
        "error_code": error.code(),
        "request_id": request_id,
    });
    let mut response = with_body(error.status(), body.to_string());
    if let Some(seconds) = retry_after(&error) {
        response.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn retry_after(error: &ApiError) -> Option<u64> {
    if let ApiError::RateLimited(rate) = error {
        return Some(rate.reset_seconds);
    }
    matches!(error, ApiError::Unavailable(_)).then_some(1)
}

fn with_body(status: StatusCode, body: String) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = status.as_u16().into();
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.body = Some(Body::Text(body));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0198c0de-0000-7000-8000-00000000abcd";

    #[test]
    fn answers_are_written_as_the_design_writes_them() {
        let room: Room = format!("flat:{ID}").parse().unwrap();
        let epoch = ID.parse().unwrap();
        for (answer, frame) in [
            (
                Answer::RoomJoined { room, epoch, seq: 42, recovered: true },
                format!(
                    r#"{{"event":"room_joined","room":"flat:{ID}","epoch":"{ID}","seq":42,"recovered":true}}"#
                ),
            ),
            (Answer::RoomLeft { room }, format!(r#"{{"event":"room_left","room":"flat:{ID}"}}"#)),
            (
                Answer::Pong { rooms: vec![Position { room, epoch, seq: 4 }] },
                format!(r#"{{"event":"pong","rooms":[{{"room":"flat:{ID}","epoch":"{ID}","seq":4}}]}}"#),
            ),
            (
                Answer::forbidden(room),
                format!(
                    r#"{{"event":"error","code":"ROOM_FORBIDDEN","message":"There is no such room, or it is not yours.","room":"flat:{ID}"}}"#
                ),
            ),
        ] {
            let written: Value = serde_json::from_str(&frame).unwrap();
            assert_eq!(answer.to_json(), written);
        }
    }

    #[test]
    fn a_store_that_is_down_is_told_apart_from_a_defect() {
        for (error, code) in [
            (ApiError::Unavailable("x".into()), "UNAVAILABLE"),
            (ApiError::Internal("x".into()), "INTERNAL"),
            (ApiError::NotFound(""), "INTERNAL"),
        ] {
            let answer = serde_json::to_value(Answer::failed(&error, "r")).unwrap();
            assert_eq!((&answer["event"], &answer["code"]), (&json!("error"), &json!(code)));
        }
    }

    #[test]
    fn a_refused_connection_gets_the_http_error() {
        let response = refuse(ApiError::TokenExpired, "r1");
        assert_eq!(response.status_code, 401);
        let Some(Body::Text(body)) = response.body else { panic!("no text") };
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["success"], false);
        assert_eq!(body["error_code"], "TOKEN_EXPIRED");
        assert_eq!(body["request_id"], "r1");
        let unavailable = refuse(ApiError::Unavailable("x".into()), "r1");
        assert_eq!(unavailable.status_code, 503);
        assert_eq!(unavailable.headers[RETRY_AFTER], "1");
    }
}
