//! A resident invites someone ahead: a pass with a code and a QR id, valid in its window only.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    SentTime, Timestamp,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, Problem, ProblemCode, Whole},
    openapi::{Forbidden, NotFound},
    policy,
    text::{PersonName, Phone, ShortText},
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{pass_code::AccessCode, visitor::VisitorAnswer};

/// Codes offered to the database, which takes the first that no live pass of the society has.
const CANDIDATES: usize = 4;

#[derive(ToSchema, FromFields)]
#[check(ends_later(expected_start, expected_end))]
pub(crate) struct NewPass {
    visitor_name: PersonName,
    phone: Phone,
    flat_id: Uuid,
    /// `guest` where it is not said.
    purpose: Option<ShortText>,
    /// One where it is not said.
    #[schema(required = false, nullable, value_type = i32, minimum = 1, maximum = 50)]
    #[field(default = Whole(1))]
    number_of_people: Whole<1, 50>,
    /// How often the pass lets in while its window is open; once where it is not said.
    #[schema(required = false, nullable, value_type = i32, minimum = 1, maximum = 100)]
    #[field(default = Whole(1))]
    max_entries: Whole<1, 100>,
    /// The app's own QR id; made by the server where it is not said.
    qr_code: Option<Uuid>,
    /// Now where it is not said, and within the days of the society's policy, 90 where it has none.
    expected_start: Option<SentTime>,
    /// In the future, and no later than the society's policy allows; by default a day later.
    expected_end: Option<SentTime>,
}

fn ends_later(start: &Option<SentTime>, end: &Option<SentTime>) -> Result<(), Problem> {
    let Some(end) = end else { return Ok(()) };
    let now = Timestamp::now();
    let is_over = end.instant().is_some_and(|end| end <= now.0);
    if is_over || end.is_after(&start.unwrap_or(SentTime::Instant(now))) == Some(false) {
        let problem = "must be after expected_start and in the future";
        let problem = Problem::new(ProblemCode::OutOfRange, problem).of("expected_end");
        return Err(problem.saying("A pass must end after it starts, and in the future."));
    }
    Ok(())
}

/// Makes a guest pass with an access code and a QR id.
///
/// **Permissions:** current resident of the flat.
#[utoipa::path(post, path = "/v1/visitors/guest-pass", request_body = NewPass,
    responses((status = 201, body = Answer<VisitorAnswer>), Forbidden, NotFound))]
pub(crate) async fn create_guest_pass(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewPass>,
) -> Result<Response, ApiError> {
    // Two of them are two people, so a repetition has to be known for one.
    let key = key.or_made();
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "Only the residents of a flat make passes for it.",
        unknown: "There is no such flat.",
    };
    let codes: Option<Vec<AccessCode>> = (0..CANDIDATES).map(|_| AccessCode::random()).collect();
    let codes = codes.ok_or_else(|| ApiError::Unavailable("the system gives no randomness".into()))?;
    let codes: Vec<&str> = codes.iter().map(AccessCode::as_str).collect();
    let qr_code = input.qr_code.unwrap_or_else(Uuid::new_v4).to_string();
    let written = writer
        .write::<VisitorAnswer>(
            writing,
            change!(
                "guest_pass.sql",
                id = Uuid::now_v7(),
                flat = input.flat_id,
                name = input.visitor_name,
                phone = input.phone,
                purpose = input.purpose,
                people = input.number_of_people.0,
                qr_code,
                codes,
                start_at = input.expected_start.and_then(|start| start.instant()),
                start_clock = input.expected_start.and_then(|start| start.clock()),
                end_at = input.expected_end.and_then(|end| end.instant()),
                end_clock = input.expected_end.and_then(|end| end.clock()),
                max_days = policy::GUEST_PASS_MAX_DAYS.default,
                default_hours = policy::GUEST_PASS_DEFAULT_HOURS.default,
                max_entries = input.max_entries.0,
                max_days_ahead = policy::GUEST_PASS_MAX_DAYS_AHEAD.default,
                trace = meta.trace_id
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}
