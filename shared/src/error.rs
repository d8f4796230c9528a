//! Errors and the only place that turns them into answers.
//!
//! What the caller is told and what the operator is told are two fields; the second is logged once
//! and never leaves the function.

use std::borrow::Cow;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, RETRY_AFTER},
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{StoreError, cause::request_id, code::ErrorCode, fields::Problem, openapi, rate::RateState};

/// Why a request was not served.
#[derive(Debug)]
pub enum ApiError {
    /// The body cannot be read as a JSON object.
    MalformedJson(String),
    /// Fields are wrong; all of them.
    Invalid(Vec<Problem>),
    /// A pass before its window; with the pass, where it was looked up.
    NotYetValid(Value),
    /// A pass after its window; with the pass, where it was looked up.
    Expired(Value),
    /// No token.
    TokenMissing,
    /// A token that is not accepted.
    TokenInvalid,
    /// A token past its time.
    TokenExpired,
    /// A guard's code, number or PIN that is another one.
    PinWrong,
    /// The role or scope is not enough.
    Forbidden(&'static str),
    /// A phone that stands at no gate; with the sentence that says what to do.
    DeviceNotRegistered(&'static str),
    /// Unknown to this caller; with the sentence that names the thing.
    NotFound(&'static str),
    /// Known path, unknown method.
    MethodNotAllowed,
    /// A state change that came too late; with the state that won.
    WrongState {
        /// Whether the reason is the deadline.
        deadline_passed: bool,
        /// The state that won.
        status: String,
    },
    /// A state that the sentence explains; with what stands under `data`, its `status` among it.
    Refused {
        /// The code.
        code: ErrorCode,
        /// The sentence.
        why: Cow<'static, str>,
        /// The thing as it stands.
        data: Value,
    },
    /// Not known to live there; with the state of their verification.
    VerificationRequired(Verification),
    /// A message without an approved template.
    TemplateNotApproved,
    /// Over 100 kB.
    BodyTooLarge,
    /// Not declared as JSON.
    UnsupportedMediaType,
    /// JSON that is compressed, or not in UTF-8.
    UnsupportedEncoding,
    /// A key with another payload.
    IdempotencyKeyReused,
    /// Too many requests; with the limit and the time to wait.
    RateLimited(RateState),
    /// More of something than there may be in a day, or a quarter of an hour.
    OverBound {
        /// The sentence that says of what.
        why: String,
        /// The bound, and the time to wait.
        rate: RateState,
    },
    /// A defect; the cause is for the log.
    Internal(String),
    /// A store is down; the cause is for the log.
    Unavailable(String),
}

/// How far it is confirmed that someone lives in a flat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// A request is to be decided; it has this id.
    Pending(Option<Uuid>),
    /// The last request was rejected.
    Rejected,
    /// They lived there once.
    Ended,
}

impl Verification {
    fn status(self) -> &'static str {
        match self {
            Self::Pending(_) => "pending",
            Self::Rejected => "rejected",
            Self::Ended => "ended",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::Pending(_) => "An admin of your society has to confirm first that you live there.",
            Self::Rejected => "Your request for this flat was rejected. If you live there, please ask again.",
            Self::Ended => "You no longer live in this flat. If you do, please ask again.",
        }
    }

    fn request_id(self) -> Option<Uuid> {
        if let Self::Pending(request_id) = self { request_id } else { None }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::Defect(cause) => Self::Internal(cause),
        }
    }
}

impl ApiError {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MalformedJson(_) | Self::Invalid(_) | Self::NotYetValid(_) | Self::Expired(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::TokenMissing | Self::TokenInvalid | Self::TokenExpired | Self::PinWrong => {
                StatusCode::UNAUTHORIZED
            }
            Self::Forbidden(_) | Self::DeviceNotRegistered(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongState { .. }
            | Self::Refused { .. }
            | Self::VerificationRequired(_)
            | Self::TemplateNotApproved => StatusCode::CONFLICT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType | Self::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited(_) | Self::OverBound { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The code for a program.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::MalformedJson(_) => ErrorCode::MalformedJson,
            Self::Invalid(problems) => {
                problems.iter().find_map(Problem::error_code).unwrap_or(ErrorCode::ValidationFailed)
            }
            Self::NotYetValid(_) => ErrorCode::NotYetValid,
            Self::Expired(_) => ErrorCode::Expired,
            Self::TokenMissing => ErrorCode::TokenMissing,
            Self::TokenInvalid => ErrorCode::TokenInvalid,
            Self::TokenExpired => ErrorCode::TokenExpired,
            Self::PinWrong => ErrorCode::PinWrong,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::DeviceNotRegistered(_) => ErrorCode::DeviceNotRegistered,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::MethodNotAllowed => ErrorCode::MethodNotAllowed,
            Self::WrongState { deadline_passed: true, .. } => ErrorCode::DeadlinePassed,
            Self::WrongState { deadline_passed: false, .. } => ErrorCode::WrongState,
            Self::Refused { code, .. } => *code,
            Self::VerificationRequired(_) => ErrorCode::VerificationRequired,
            Self::TemplateNotApproved => ErrorCode::TemplateNotApproved,
            Self::BodyTooLarge => ErrorCode::BodyTooLarge,
            Self::UnsupportedMediaType | Self::UnsupportedEncoding => ErrorCode::UnsupportedMediaType,
            Self::IdempotencyKeyReused => ErrorCode::IdempotencyKeyReused,
            Self::RateLimited(_) | Self::OverBound { .. } => ErrorCode::RateLimited,
            Self::Internal(_) => ErrorCode::Internal,
            Self::Unavailable(_) => ErrorCode::Unavailable,
        }
    }

    /// The sentence for a person.
    pub fn message(&self) -> String {
        match self {
            Self::MalformedJson(why) => format!("The request body could not be read: {why}."),
            Self::Invalid(problems) => first_of(problems),
            Self::NotYetValid(_) => "This pass is not valid yet.".into(),
            Self::Expired(_) => "This pass has expired.".into(),
            Self::TokenMissing => "Please sign in: the request has no bearer token.".into(),
            Self::TokenInvalid => "Please sign in again: the token is not valid.".into(),
            Self::TokenExpired => "Please sign in again: the token has expired.".into(),
            Self::PinWrong => "The code or the PIN is wrong.".into(),
            Self::Forbidden(why) | Self::DeviceNotRegistered(why) | Self::NotFound(why) => (*why).into(),
            Self::MethodNotAllowed => "This path does not have that method.".into(),
            Self::WrongState { deadline_passed: true, .. } => "The time to answer is over.".into(),
            Self::WrongState { deadline_passed: false, status } => {
                format!("This cannot be done any more: {}.", state_in_words(status))
            }
            Self::Refused { why, .. } => why.clone().into_owned(),
            Self::VerificationRequired(verification) => verification.message().into(),
            Self::TemplateNotApproved => {
                "This message cannot be sent yet: its text has not been approved for this channel.".into()
            }
            Self::BodyTooLarge => "The request body is larger than 100 kB.".into(),
            Self::UnsupportedMediaType => "Please send JSON, with Content-Type: application/json.".into(),
            Self::UnsupportedEncoding => "Please send the JSON uncompressed and in UTF-8.".into(),
            Self::IdempotencyKeyReused => {
                "This idempotency key was used before for a different request.".into()
            }
            Self::RateLimited(rate) => {
                format!("Too many requests. Please try again in {} seconds.", rate.reset_seconds)
            }
            Self::OverBound { why, rate } => {
                format!("{why} Please try again in {}.", hours(rate.reset_seconds))
            }
            Self::Internal(_) => "Something went wrong on our side.".into(),
            Self::Unavailable(_) => "The service is briefly unavailable. Please try again.".into(),
        }
    }

    /// What stands under `data`, for an error that has it.
    fn data(&self) -> Option<Value> {
        if let Self::WrongState { status, .. } = self {
            return Some(json!({ "status": status }));
        }
        if let Self::TemplateNotApproved = self {
            return Some(json!({ "status": "not_approved" }));
        }
        if let Self::NotYetValid(data) | Self::Expired(data) | Self::Refused { data, .. } = self {
            return Some(data.clone());
        }
        if let Self::VerificationRequired(verification) = self {
            return Some(json!({ "status": verification.status(), "request_id": verification.request_id() }));
        }
        None
    }

    /// Logs the operator's half of a 5xx.
    fn log(&self) {
        if let Self::Internal(cause) | Self::Unavailable(cause) = self {
            tracing::error!(request_id = %request_id(), code = self.code().as_str(), %cause, "request failed");
        }
    }
}

/// What the first of the problems is, and how many more there are.
fn first_of(problems: &[Problem]) -> String {
    let first = problems.first().map(Problem::sentence).unwrap_or_default();
    match problems.len() {
        0 | 1 => first,
        2 => format!("{first} One more thing is wrong."),
        all => format!("{first} {} more things are wrong.", all - 1),
    }
}

/// A time to wait, as a person says it.
fn hours(seconds: u64) -> String {
    match seconds.div_ceil(60) {
        0 | 1 => return "a minute".to_owned(),
        minutes @ 2..=50 => return format!("{minutes} minutes"),
        _ => {}
    }
    match seconds.div_ceil(3600) {
        0 | 1 => "an hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}

/// A state of a visitor, a request or an emergency, as a person says it.
fn state_in_words(status: &str) -> &str {
    match status {
        "pending" => "it still waits for an answer",
        "accepted" => "the visitor may come in already",
        "denied" => "the visitor was refused",
        "checked_in" => "the visitor is inside already",
        "checked_out" => "the visitor has left already",
        "approved" => "the request was approved already",
        "rejected" => "the request was rejected already",
        "resident" => "you live there already",
        "ended" => "you no longer live there",
        "revoked" => "the role was revoked already",
        "addressed" => "a guard attends to it already",
        "resolved" => "it is over already",
        _ => "somebody was faster",
    }
}

/// The body of every refusal.
#[derive(Serialize, ToSchema)]
pub struct Refusal {
    #[schema(schema_with = openapi::always_false)]
    success: bool,
    /// A sentence for a person.
    error: String,
    /// What went wrong, for a program.
    error_code: ErrorCode,
    /// The gateway's id of the request, by which its log is found.
    request_id: String,
    /// With `VALIDATION_FAILED` and `AADHAAR_NOT_ACCEPTED`: every field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    details: Option<Vec<Problem>>,
    /// What is the case instead, for the codes that say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    data: Option<Value>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let details = if let Self::Invalid(problems) = &self { Some(problems.clone()) } else { None };
        let body = Refusal {
            success: false,
            error: self.message(),
            error_code: self.code(),
            request_id: request_id(),
            details,
            data: self.data(),
        };
        let mut response = (self.status(), Json(body)).into_response();
        if let Self::RateLimited(rate) | Self::OverBound { rate, .. } = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(rate.reset_seconds));
            response.extensions_mut().insert(rate);
        }
        if let Self::UnsupportedEncoding = self {
            // What would be taken (RFC 9110, section 12.5.3).
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Self::Unavailable(_) = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(1));
        }
        response
    }
}
