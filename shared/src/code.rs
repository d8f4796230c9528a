//! What goes wrong, by the codes that programs read.

use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong, for a program. Written in upper snake case in `error_code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// 400: the body is not JSON, or not an object.
    MalformedJson,
    /// 400: one or more fields are wrong; `details` lists all of them.
    ValidationFailed,
    /// 400: a text holds an Aadhaar number, which is never stored.
    AadhaarNotAccepted,
    /// 400: a pass whose window has not begun; `data` is the pass, where it was looked up.
    NotYetValid,
    /// 400: a pass whose window is over; `data` is the pass, where it was looked up.
    Expired,
    /// 401: no token was sent.
    TokenMissing,
    /// 401: the token is not one of this project's, or was tampered with.
    TokenInvalid,
    /// 401: the token was valid once.
    TokenExpired,
    /// 401: the guard's code or number, or their PIN, is another one.
    PinWrong,
    /// 403: the caller's role or scope does not allow this.
    Forbidden,
    /// 403: the phone stands at no gate, or its code is not valid (any more).
    DeviceNotRegistered,
    /// 404: unknown, or belonging to a society the caller has no part in.
    NotFound,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 409: the thing is in another state, which `data.status` names.
    WrongState,
    /// 409: the time to answer is over.
    DeadlinePassed,
    /// 409: the yes for a visitor is older than the society lets it count.
    AcceptanceExpired,
    /// 409: the time at which a visitor was expected is over.
    VisitExpired,
    /// 409: guards cleared the visitor from their lists.
    VisitorCleared,
    /// 409: the pass was taken back; `data` is the pass, where it was looked up.
    PassWithdrawn,
    /// 409: a guard said no to the pass; `data` is the pass, where it was looked up.
    PassTurnedAway,
    /// 409: who made the pass no longer lives in the flat; `data` is the pass, where it was looked up.
    InviterMovedOut,
    /// 409: the caller is not known to live there; `data.status` says where their wish stands, `data.request_id` names
    /// the request to be decided.
    VerificationRequired,
    /// 409: the PIN was given by an admin and has to be replaced; `data.status` is `must_change_pin`.
    PinChangeRequired,
    /// 409: the message has no template that the carrier has approved.
    TemplateNotApproved,
    /// 413: the body is larger than 100 kB.
    BodyTooLarge,
    /// 415: the body is not declared as JSON, or is compressed or not in UTF-8.
    UnsupportedMediaType,
    /// 422: the idempotency key was used before with another payload.
    IdempotencyKeyReused,
    /// 429: too many requests, or more of something than there may be in a day.
    RateLimited,
    /// 500: a defect of this project.
    Internal,
    /// 503: a store did not answer; the request can be repeated.
    Unavailable,
}

impl ErrorCode {
    /// The code as it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MalformedJson => "MALFORMED_JSON",
            Self::ValidationFailed => "VALIDATION_FAILED",
            Self::AadhaarNotAccepted => "AADHAAR_NOT_ACCEPTED",
            Self::NotYetValid => "NOT_YET_VALID",
            Self::Expired => "EXPIRED",
            Self::TokenMissing => "TOKEN_MISSING",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::PinWrong => "PIN_WRONG",
            Self::Forbidden => "FORBIDDEN",
            Self::DeviceNotRegistered => "DEVICE_NOT_REGISTERED",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::WrongState => "WRONG_STATE",
            Self::DeadlinePassed => "DEADLINE_PASSED",
            Self::AcceptanceExpired => "ACCEPTANCE_EXPIRED",
            Self::VisitExpired => "VISIT_EXPIRED",
            Self::VisitorCleared => "VISITOR_CLEARED",
            Self::PassWithdrawn => "PASS_WITHDRAWN",
            Self::PassTurnedAway => "PASS_TURNED_AWAY",
            Self::InviterMovedOut => "INVITER_MOVED_OUT",
            Self::VerificationRequired => "VERIFICATION_REQUIRED",
            Self::PinChangeRequired => "PIN_CHANGE_REQUIRED",
            Self::TemplateNotApproved => "TEMPLATE_NOT_APPROVED",
            Self::BodyTooLarge => "BODY_TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
        }
    }
}
